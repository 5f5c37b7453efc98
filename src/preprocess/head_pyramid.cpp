#include "preprocess/head_pyramid.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>

namespace osler {
namespace {

constexpr double kUpper_mm = 180;

Size3 factor_to(const Affine& index_to_mm, double spacing_mm) {
  Size3 factor;
  for (int c = 0; c < 3; ++c) {
    factor[c] = std::max<std::int64_t>(1, std::llround(spacing_mm / norm(index_to_mm.column(c))));
  }
  return factor;
}

void clamp_to_percentiles(std::vector<float>& voxels) {
  std::vector<float> sorted;
  sorted.reserve(voxels.size());
  std::copy_if(voxels.begin(), voxels.end(), std::back_inserter(sorted),
               [](float v) { return std::isfinite(v); });
  if (sorted.empty()) sorted.push_back(0);
  const auto percentile = [&](double share) {
    const auto at = sorted.begin() + std::llround(share * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  };
  const float low = percentile(0.005), high = percentile(0.995);
  for (float& v : voxels) v = std::isfinite(v) ? std::clamp(v, low, high) : low;
}

/// Otsu's threshold over 256 bins; the lowest value if all are equal.
float otsu(std::span<const float> voxels) {
  const auto [low, high] = std::minmax_element(voxels.begin(), voxels.end());
  const double width = (static_cast<double>(*high) - *low) / 256.0;
  if (!(width > 0)) return *low;
  std::array<double, 256> histogram{};
  for (const float v : voxels) {
    ++histogram[static_cast<std::size_t>(std::min(255.0, (static_cast<double>(v) - *low) / width))];
  }
  double total = 0;
  for (std::size_t i = 0; i < 256; ++i) total += static_cast<double>(i) * histogram[i];
  double below = 0, sum_below = 0, best = -1;
  std::size_t cut = 0;
  for (std::size_t i = 0; i + 1 < 256; ++i) {
    below += histogram[i];
    sum_below += static_cast<double>(i) * histogram[i];
    const double above = static_cast<double>(voxels.size()) - below;
    if (below <= 0 || above <= 0) continue;
    const double apart = sum_below / below - (total - sum_below) / above;
    const double between = below * above * apart * apart;
    if (between > best) {
      best = between;
      cut = i + 1;
    }
  }
  return static_cast<float>(*low + static_cast<double>(cut) * width);
}

template <typename Visit>
void for_each_voxel(const RegistrationImage& image, const Visit& visit) {
  std::size_t i = 0;
  for (std::int64_t z = 0; z < image.size[2]; ++z) {
    for (std::int64_t y = 0; y < image.size[1]; ++y) {
      for (std::int64_t x = 0; x < image.size[0]; ++x, ++i) {
        const Vec3 index{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
        visit(image.index_to_frame(index), image.voxels[i]);
      }
    }
  }
}

/// @param image  its frame in millimetres
Vec3 head_centre(const RegistrationImage& image) {
  const float threshold = otsu(image.voxels);
  std::vector<double> heights;
  for_each_voxel(image, [&](const Vec3& p, float v) {
    if (v >= threshold) heights.push_back(p[2]);
  });
  // The 99.9th percentile: one bright voxel in the air is not the top of the head.
  const auto top = heights.begin() + std::llround(0.999 * static_cast<double>(heights.size() - 1));
  std::nth_element(heights.begin(), top, heights.end());
  Vec3 sum{};
  double count = 0;
  for_each_voxel(image, [&](const Vec3& p, float v) {
    if (v < threshold || p[2] < *top - kUpper_mm) return;
    sum = sum + p;
    ++count;
  });
  return (1 / count) * sum;
}

}  // namespace

HeadPyramid make_pyramid(const RegistrationImage& image) {
  HeadPyramid out;
  out.fine = block_means(image, factor_to(image.index_to_frame, 2));
  clamp_to_percentiles(out.fine.voxels);
  out.middle = block_means(out.fine, factor_to(out.fine.index_to_frame, 4));
  out.coarse = block_means(out.fine, factor_to(out.fine.index_to_frame, 8));
  out.frame_to_mm = Affine::from_columns({kUnitFrame_mm, 0, 0}, {0, kUnitFrame_mm, 0},
                                         {0, 0, kUnitFrame_mm}, head_centre(out.middle));
  const Affine to_frame = inverse(out.frame_to_mm);
  for (RegistrationImage* level : {&out.fine, &out.middle, &out.coarse}) {
    level->index_to_frame = to_frame * level->index_to_frame;
  }
  return out;
}

std::vector<Vec3> mask_points(const HeadTemplate& head, std::uint8_t mask,
                              const HeadPyramid& pyramid, const RegistrationImage& level,
                              double share, std::uint32_t seed) {
  RegistrationImage inside{head.size, inverse(pyramid.frame_to_mm) * head.index_to_lps, {}};
  inside.voxels.resize(head.masks.size());
  std::transform(head.masks.begin(), head.masks.end(), inside.voxels.begin(),
                 [mask](std::uint8_t m) { return (m & mask) != 0 ? 1.0F : 0.0F; });
  const double spacing_mm = kUnitFrame_mm * norm(level.index_to_frame.column(0));
  inside = block_means(inside, factor_to(head.index_to_lps, spacing_mm));
  Draw draw(seed);
  std::vector<Vec3> points;
  for_each_voxel(inside, [&](const Vec3& p, float v) {
    if (v >= 0.5F && (share >= 1 || draw(0, 1) < share)) points.push_back(p);
  });
  return points;
}

}  // namespace osler
