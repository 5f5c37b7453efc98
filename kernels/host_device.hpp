#pragma once
// The two macros: where a function is compiled for.

// A formula, for host and device.
#ifdef __CUDACC__
#define OSLER_HOST_DEVICE __host__ __device__
#else
#define OSLER_HOST_DEVICE
#endif

// A step of a kernel: for the device, or for the host where that takes its place
// (kernels/queue.cuh).
#ifdef __CUDACC__
#define OSLER_DEVICE __device__
#else
#define OSLER_DEVICE
#endif
