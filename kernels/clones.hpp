#pragma once
// One formula for all processors: a function is compiled for several instruction sets and the
// program takes the best that the machine has. Contraction to fused multiply-add is off for the
// whole room (CMakeLists.txt), so that they give the same bits.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
#define OSLER_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define OSLER_CLONES
#endif
