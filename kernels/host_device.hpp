#pragma once
// The one macro: a formula that is compiled for host and device.

#ifdef __CUDACC__
#define OSLER_HOST_DEVICE __host__ __device__
#else
#define OSLER_HOST_DEVICE
#endif
