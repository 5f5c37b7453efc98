#pragma once
// The volumes that gpu_kernels.cpp works on: as large as a chest CT, made of a formula.

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/affine.hpp"

namespace osler::benchmarks {

/// Calls work(x, y, z, index) for each voxel, on all threads.
template <typename F>
void for_each_voxel(const Size3& size, F work) {
#pragma omp parallel for schedule(static)
  for (std::int64_t z = 0; z < size[2]; ++z) {
    for (std::int64_t y = 0; y < size[1]; ++y) {
      const std::int64_t row = (z * size[1] + y) * size[0];
      for (std::int64_t x = 0; x < size[0]; ++x) work(x, y, z, static_cast<std::size_t>(row + x));
    }
  }
}

/// -1 to 1, the same for one index on every machine (the finaliser of SplitMix64).
inline double noise(std::uint64_t index) {
  std::uint64_t bits = (index + 1) * 0x9E3779B97F4A7C15ULL;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBULL;
  return static_cast<double>((bits ^ (bits >> 31)) >> 11) * 0x1p-52 - 1;
}

/// Smooth, about -1 to 1, some dozen hills along each axis, another one for each `kind`.
inline double hills(double x, double y, double z, int kind) {
  return (std::sin(.11 * x + kind) + std::sin(.09 * y + 2 * kind) + std::sin(.17 * z + 3 * kind)) /
         3;
}

/// CT numbers, stored as they are: hills from -900 to 900 with noise of 60.
inline std::vector<std::int16_t> ct_numbers(const Size3& size) {
  std::vector<std::int16_t> voxels(static_cast<std::size_t>(voxel_count(size)));
  for_each_voxel(size, [&](auto x, auto y, auto z, std::size_t i) {
    const double hu =
        900 * hills(static_cast<double>(x), static_cast<double>(y), static_cast<double>(z), 0) +
        60 * noise(i);
    voxels[i] = static_cast<std::int16_t>(hu);
  });
  return voxels;
}

/// 1 where the CT number is above `hu`: about a sixth of the voxels for 450, with frayed edges.
inline std::vector<std::uint8_t> mask_above(const std::vector<std::int16_t>& ct, int hu) {
  std::vector<std::uint8_t> mask(ct.size());
  for (std::size_t i = 0; i < ct.size(); ++i) mask[i] = ct[i] > hu ? 1 : 0;
  return mask;
}

/// Logits of each class, class after class.
inline std::vector<float> logits(const Size3& size, int classes) {
  const auto count = static_cast<std::size_t>(voxel_count(size));
  std::vector<float> scores(count * static_cast<std::size_t>(classes));
  for (int c = 0; c < classes; ++c) {
    float* const own = scores.data() + static_cast<std::size_t>(c) * count;
    for_each_voxel(size, [&](auto x, auto y, auto z, std::size_t i) {
      own[i] = static_cast<float>(
          8 * hills(static_cast<double>(x), static_cast<double>(y), static_cast<double>(z), c));
    });
  }
  return scores;
}

}  // namespace osler::benchmarks
