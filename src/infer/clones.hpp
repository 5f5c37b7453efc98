#pragma once
// LibTorch is built for the oldest processor and so are we; loops so marked are chosen at load.

#define OSLER_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
