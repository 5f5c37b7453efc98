#pragma once
// Labels from scores on another grid, voxel by voxel in double precision: what the kernels are held
// against.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <random>
#include <string_view>
#include <vector>

#include "kernels/half_math.hpp"
#include "kernels/labels_back.hpp"

namespace osler::kernels::reference {

inline Affine scaled(const Vec3& scale, const Vec3& shift) {
  return Affine::from_columns({scale[0], 0, 0}, {0, scale[1], 0}, {0, 0, scale[2]}, shift);
}

/// Scores on a network's grid, held as any of the three types.
struct Scores {
  int classes;
  Size3 size;
  std::vector<float> values;  ///< class after class

  std::int64_t voxels() const { return voxel_count(size); }
  float at(int c, std::int64_t x, std::int64_t y, std::int64_t z) const {
    return values[static_cast<std::size_t>(((c * size[2] + z) * size[1] + y) * size[0] + x)];
  }
  ScoresView view() const { return {values.data(), FloatType::f32, classes, size, 0, size[2]}; }
};

/// Cut to what bfloat16 and, for numbers of this size, binary16 hold exactly: 8 bits of mantissa.
inline float cut(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return float_of(bits & 0xFFFF0000U);
}

/// Blobs with noise, as a network gives them: most cells agree, some do not.
inline Scores blobs(int classes, const Size3& size, unsigned seed = 1) {
  Scores s{classes, size, {}};
  std::mt19937 random(seed);
  std::vector<int> blob(64);
  for (int& b : blob) b = static_cast<int>(random() % static_cast<unsigned>(classes));
  for (int c = 0; c < classes; ++c) {
    for (std::int64_t z = 0; z < size[2]; ++z) {
      for (std::int64_t y = 0; y < size[1]; ++y) {
        for (std::int64_t x = 0; x < size[0]; ++x) {
          const auto which = static_cast<std::size_t>((x / 4 + 4 * (y / 4) + 16 * (z / 4)) % 64);
          const double noise = static_cast<double>(random()) / 4294967296.0 - .5;
          s.values.push_back(cut(static_cast<float>((blob[which] == c ? 2.0 : -1.0) + noise)));
        }
      }
    }
  }
  return s;
}

inline std::vector<std::uint8_t> counting(int classes) {
  std::vector<std::uint8_t> labels;
  for (int c = 0; c < classes; ++c) labels.push_back(static_cast<std::uint8_t>(3 * c));
  return labels;
}

/// One axis: neighbours and the weight of the higher, by the words of the contract.
struct Axis {
  std::int64_t low, high;
  double weight;
  bool inside;
};
inline Axis axis_of(double place, std::int64_t n, Interpolation how) {
  const double last = static_cast<double>(n) - 1;
  const bool inside = place >= -.5 && place <= last + .5;
  const double held = std::min(std::max(place, 0.0), last);
  if (how == Interpolation::nearest) {
    const auto closer = static_cast<std::int64_t>(std::min(std::floor(held + .5), last));
    return {closer, closer, 0, inside};
  }
  const auto low = static_cast<std::int64_t>(std::floor(held));
  return {low, std::min(low + 1, n - 1), held - std::floor(held), inside};
}

/// Every class at one place, in double precision.
inline std::vector<double> interpolated(const Scores& s, const Axis& x, const Axis& y,
                                        const Axis& z) {
  std::vector<double> all;
  for (int c = 0; c < s.classes; ++c) {
    double sum = 0;
    for (int corner = 0; corner < 8; ++corner) {
      const bool hx = corner & 1, hy = corner & 2, hz = corner & 4;
      const double w = (hx ? x.weight : 1 - x.weight) * (hy ? y.weight : 1 - y.weight) *
                       (hz ? z.weight : 1 - z.weight);
      if (w > 0) sum += w * s.at(c, hx ? x.high : x.low, hy ? y.high : y.low, hz ? z.high : z.low);
    }
    all.push_back(sum);
  }
  return all;
}

/// The nearest number of 11 bits; NaN where single precision may find another one nearer.
/// (Numbers below the normal ones of binary16 are not looked at closely.)
inline double as_half(double value) {
  if (std::abs(value) < 0x1p-14) return std::nearbyint(value * 0x1p24) * 0x1p-24;
  const double step = std::exp2(std::floor(std::log2(std::abs(value))) - 10);
  const double steps = value / step, rest = std::abs(steps - std::floor(steps) - .5);
  if (rest < 1e-3) return std::numeric_limits<double>::quiet_NaN();
  return std::nearbyint(steps) * step;
}

/// Voxels whose label differs though the decision was clear by more than rounding.
inline std::int64_t wrong_labels(const Scores& s, const LabelsBackTask& task,
                                 const std::vector<std::uint8_t>& labels) {
  std::int64_t wrong = 0;
  std::size_t i = 0;
  for (std::int64_t k = 0; k < task.out_size[2]; ++k) {
    for (std::int64_t r = 0; r < task.out_size[1]; ++r) {
      for (std::int64_t c = 0; c < task.out_size[0]; ++c, ++i) {
        const double at = task.slice_at.empty() ? static_cast<double>(k)
                                                : task.slice_at[static_cast<std::size_t>(k)];
        const Vec3 p = task.out_to_in({static_cast<double>(c), static_cast<double>(r), at});
        Axis a[3];
        for (std::size_t d = 0; d < 3; ++d) a[d] = axis_of(p[d], s.size[d], task.interpolation[d]);
        if (!a[0].inside || !a[1].inside || !a[2].inside) {
          wrong += labels[i] != task.outside;
          continue;
        }
        std::vector<double> scores = interpolated(s, a[0], a[1], a[2]);
        if (task.rounded_to_halves) {
          std::ranges::transform(scores, scores.begin(), as_half);
          if (std::ranges::any_of(scores, [](double v) { return std::isnan(v); })) continue;
          const auto best = std::ranges::max_element(scores) - scores.begin();  // the first of them
          wrong += labels[i] != task.label_of[static_cast<std::size_t>(best)];
          continue;
        }
        std::uint8_t expected = task.decision == Decision::regions ? 0 : task.label_of[0];
        double best = -1e300, margin = 1e300;
        for (std::size_t n = 0; n < scores.size(); ++n) {
          if (task.decision == Decision::regions) {
            margin = std::min(margin, std::abs(scores[n] - task.threshold));
            if (scores[n] > task.threshold) expected = task.label_of[n];
          } else {
            margin = std::min(std::abs(scores[n] - best), n == 0 ? 1e300 : margin);
            if (scores[n] > best) {
              best = scores[n];
              expected = task.label_of[n];
            }
          }
        }
        wrong += labels[i] != expected && margin > 3 * kLabelsBackTie;
      }
    }
  }
  return wrong;
}

struct Way {
  const char* name;
  Affine out_to_in;
  Size3 out_size;
};

inline Affine turned() {
  const double c = .5 * std::cos(.4), s = .5 * std::sin(.4);
  return Affine::from_columns({c, s, 0}, {-s, c, .1}, {.05, 0, .7}, {3, -2, -.4});
}

inline const std::vector<Way>& ways() {
  static const std::vector<Way> all{
      {"finer", scaled({.45, .5, .6}, {-.275, -.25, -.2}), {29, 27, 21}},
      {"coarser", scaled({2.3, 1.7, 3}, {.65, .35, 1}), {6, 8, 4}},
      {"flipped", scaled({-.45, .5, -.6}, {12.2, -.25, 11}), {29, 27, 21}},
      {"same", scaled({1, 1, 1}, {0, 0, 0}), {13, 13, 12}},
      {"beyond", scaled({1.1, 1.2, .9}, {-5, -4, -3}), {23, 19, 23}},
      {"permuted",
       Affine::from_columns({0, .5, 0}, {0, 0, .5}, {.5, 0, 0}, {0, 0, 0}),
       {25, 23, 25}},
      {"turned", turned(), {23, 29, 17}}};
  return all;
}

}  // namespace osler::kernels::reference
