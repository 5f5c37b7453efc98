#pragma once
// Blended scores as they come, and a plain sum over all windows in double precision.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "infer/sliding_window.hpp"
#include "kernels/half_math.hpp"
#include "torchscript.hpp"

namespace osler::testing {

inline constexpr char kPlaceDependent[] =
    "    return torch.cat([x, torch.cumsum(x, 4), torch.cumsum(x, 2)], 1)\n";
inline constexpr int kClasses = 3;

inline std::vector<float> random_image(const Size3& size) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> values(-1, 1);
  std::vector<float> image(static_cast<std::size_t>(voxel_count(size)));
  for (float& v : image) v = values(random);
  return image;
}

/// Every plane once, as the slabs gave it.
struct Collected {
  std::vector<double> scores;
  std::int64_t most_planes = 0;
  std::vector<std::int64_t> cells;

  explicit Collected(const Size3& size)
      : scores(static_cast<std::size_t>(kClasses * voxel_count(size)), NAN) {}

  void take(const ScoreSlab& slab) {
    ASSERT_EQ(slab.memory, Backend::cpu);
    const kernels::ScoresView& s = slab.scores;
    ASSERT_EQ(s.classes, kClasses);
    const std::int64_t plane = s.size[0] * s.size[1];
    cells.push_back(slab.cell_begin);
    most_planes = std::max(most_planes, s.planes);
    const std::int64_t end = std::min(slab.cell_end, s.size[2] - 1) + 1;
    ASSERT_GE(slab.cell_begin, s.first_plane);
    ASSERT_LE(end, s.first_plane + s.planes);
    for (int c = 0; c < kClasses; ++c) {
      for (std::int64_t z = slab.cell_begin; z < end; ++z) {
        for (std::int64_t i = 0; i < plane; ++i) {
          const auto at = static_cast<std::size_t>((c * s.planes + z - s.first_plane) * plane + i);
          const float value =
              s.type == kernels::FloatType::f32
                  ? static_cast<const float*>(s.scores)[at]
                  : kernels::to_float(static_cast<const kernels::Half*>(s.scores)[at]);
          double& held = scores[static_cast<std::size_t>((c * s.size[2] + z) * plane + i)];
          ASSERT_TRUE(std::isnan(held) || held == static_cast<double>(value)) << "a plane changed";
          held = static_cast<double>(value);
        }
      }
    }
  }
};

/// The contract, voxel by voxel.
inline std::vector<double> expected_scores(const std::vector<float>& image, const Size3& n,
                                           const WindowSettings& settings) {
  const Windows w = place_windows(n, settings);
  const Size3& p = w.patch;
  const auto voxels = static_cast<std::size_t>(voxel_count(n));
  std::vector<double> sums(kClasses * voxels, 0), weights(voxels, 0);
  const auto at = [](std::int64_t x, std::int64_t y, std::int64_t z, const Size3& size) {
    return static_cast<std::size_t>((z * size[1] + y) * size[0] + x);
  };
  for (const auto bz : w.begins[2]) {
    for (const auto by : w.begins[1]) {
      for (const auto bx : w.begins[0]) {
        for (const auto& flip : w.flips) {
          std::vector<double> in(static_cast<std::size_t>(voxel_count(p)), 0), row(in), column(in);
          const auto place = [&](std::int64_t x, std::int64_t y, std::int64_t z) {
            return Size3{bx + (flip[0] ? p[0] - 1 - x : x), by + (flip[1] ? p[1] - 1 - y : y),
                         bz + (flip[2] ? p[2] - 1 - z : z)};
          };
          const auto inside = [&](const Size3& i) {
            return i[0] >= 0 && i[1] >= 0 && i[2] >= 0 && i[0] < n[0] && i[1] < n[1] && i[2] < n[2];
          };
          for (std::int64_t z = 0; z < p[2]; ++z) {
            for (std::int64_t y = 0; y < p[1]; ++y) {
              for (std::int64_t x = 0; x < p[0]; ++x) {
                const Size3 i = place(x, y, z);
                const std::size_t here = at(x, y, z, p);
                in[here] = inside(i) ? static_cast<double>(image[at(i[0], i[1], i[2], n)])
                                     : static_cast<double>(settings.value);
                row[here] = in[here] + (x > 0 ? row[at(x - 1, y, z, p)] : 0);
                column[here] = in[here] + (z > 0 ? column[at(x, y, z - 1, p)] : 0);
                if (!inside(i)) continue;
                const std::size_t out = at(i[0], i[1], i[2], n);
                const double weight =
                    static_cast<double>(w.weights[at(i[0] - bx, i[1] - by, i[2] - bz, p)]);
                weights[out] += weight;
                sums[out] += weight * in[here];
                sums[voxels + out] += weight * row[here];
                sums[2 * voxels + out] += weight * column[here];
              }
            }
          }
        }
      }
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] /= weights[i % voxels];
  return sums;
}

inline double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::isnan(a[i]) ? INFINITY : std::max(largest, std::abs(a[i] - b[i]));
  }
  return largest;
}

inline Collected blended(const std::vector<float>& image, const Size3& size,
                         const SlidingWindowOptions& options) {
  Session session(torchscript(kPlaceDependent), Device{});
  Collected found(size);
  run_sliding_window({&session, 1}, {image.data(), 1, size}, options, nullptr, {},
                     [&](const ScoreSlab& slab) { found.take(slab); });
  return found;
}

// Sums of up to 8 numbers below 16 in single precision.
inline constexpr double kTolerance = 1e-5;

}  // namespace osler::testing
