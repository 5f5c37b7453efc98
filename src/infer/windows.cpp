#include "infer/windows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.hpp"
#include "kernels/half_math.hpp"

namespace osler {
namespace {

constexpr float kLeastMonaiWeight = 1e-3F;
constexpr double kGreatestNnunetWeight = 10;
constexpr std::int64_t kMostWindows = 1 << 20;
constexpr std::int64_t kWorthThreads = 1 << 15;  // voxels

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::bad_argument, "sliding window: " + what);
}

/// Along one axis, of an image that is at least as long as the patch.
std::vector<std::int64_t> begins_of(std::int64_t image, std::int64_t patch, double share,
                                    WindowRule rule) {
  std::vector<std::int64_t> begins;
  const std::int64_t room = image - patch;
  if (rule == WindowRule::monai) {
    const auto wanted = static_cast<std::int64_t>(static_cast<double>(patch) * share);
    const std::int64_t step = image == patch ? patch : std::max<std::int64_t>(wanted, 1);
    for (std::int64_t begin = 0;; begin += step) {
      begins.push_back(std::min(begin, room));
      if (begin >= room) return begins;
    }
  }
  const double most = static_cast<double>(patch) * share;
  const auto steps = static_cast<std::int64_t>(std::ceil(static_cast<double>(room) / most));
  if (steps == 0) return {0};
  const double step = static_cast<double>(room) / static_cast<double>(steps);
  for (std::int64_t i = 0; i <= steps; ++i) {
    begins.push_back(static_cast<std::int64_t>(std::nearbyint(step * static_cast<double>(i))));
  }
  return begins;
}

/// exp(-d^2 / (2 sigma^2)) along one axis, d from `middle`.
template <typename T>
std::vector<T> gaussian(std::int64_t n, T middle, T sigma) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = static_cast<T>(i) - middle;
    values.push_back(std::exp(d * d / (-2 * sigma * sigma)));
  }
  return values;
}

template <typename T, typename Finish>
std::vector<float> products(const std::array<std::vector<T>, 3>& along, Finish finish) {
  std::vector<float> weights;
  weights.reserve(along[0].size() * along[1].size() * along[2].size());
  for (const T z : along[2]) {
    for (const T y : along[1]) {
      for (const T x : along[0]) weights.push_back(finish(z * y * x));
    }
  }
  return weights;
}

std::vector<float> monai_weights(const Size3& patch, double sigma_scale) {
  std::array<std::vector<float>, 3> along;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto n = static_cast<double>(patch[i]);
    along[i] =
        gaussian(patch[i], static_cast<float>((n - 1) / 2), static_cast<float>(n * sigma_scale));
  }
  return products(along, [](float w) { return std::max(w, kLeastMonaiWeight); });
}

std::vector<float> nnunet_weights(const Size3& patch, double sigma_scale) {
  std::array<std::vector<double>, 3> along;
  for (std::size_t i = 0; i < 3; ++i) {
    along[i] = gaussian(patch[i], static_cast<double>(patch[i] / 2),
                        static_cast<double>(patch[i]) * sigma_scale);
  }
  auto weights = products(along, [](double w) {
    const auto value = static_cast<float>(kGreatestNnunetWeight * w);
    return kernels::to_float(kernels::Half{kernels::to_f16(value)});
  });
  float least = std::numeric_limits<float>::max();
  for (const float w : weights) least = w > 0 ? std::min(w, least) : least;
  for (float& w : weights) w = w > 0 ? w : least;
  return weights;
}

std::vector<std::array<bool, 3>> combinations(const std::array<bool, 3>& mirrored) {
  std::vector<std::array<bool, 3>> flips{{}};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (!mirrored[axis]) continue;
    const std::size_t n = flips.size();
    for (std::size_t i = 0; i < n; ++i) {
      flips.push_back(flips[i]);
      flips.back()[axis] = true;
    }
  }
  return flips;
}

}  // namespace

std::int64_t Windows::runs() const {
  return static_cast<std::int64_t>(begins[0].size() * begins[1].size() * begins[2].size() *
                                   flips.size());
}

Windows place_windows(const Size3& image, const WindowSettings& settings) {
  Windows windows{image, settings.patch, {}, {}, combinations(settings.mirrored)};
  double count = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t n = image[i], patch = settings.patch[i];
    const double share = settings.step[i];
    if (n < 1 || patch < 1) fail("an empty image or patch");
    if (!(share > 0 && share <= 1)) fail("a step that is not 0 < step <= 1");
    const double step = std::max(1.0, static_cast<double>(patch) * share);
    count *= static_cast<double>(n) / step + 2;
    if (count > kMostWindows) {
      fail("more than " + std::to_string(kMostWindows) + " windows: the step is too small");
    }
    const std::int64_t longer = std::max(n, patch);
    windows.begins[i] = begins_of(longer, patch, share, settings.rule);
    for (std::int64_t& begin : windows.begins[i]) begin -= (longer - n) / 2;
  }
  if (!settings.gaussian) {
    windows.weights.assign(static_cast<std::size_t>(voxel_count(settings.patch)), 1.0F);
    return windows;
  }
  if (!(settings.sigma_scale > 0)) fail("a Gaussian without width");
  windows.weights = settings.rule == WindowRule::monai
                        ? monai_weights(settings.patch, settings.sigma_scale)
                        : nnunet_weights(settings.patch, settings.sigma_scale);
  return windows;
}

namespace {

/// Adds the weights of all windows, in the order in which they run, to planes that are 0.
template <typename Add>
void add_weights(const Windows& windows, std::int64_t z_begin, std::int64_t z_end,
                 std::span<float> planes, Add&& add) {
  const Size3 &image = windows.image, &patch = windows.patch;
  const std::int64_t plane = image[0] * image[1];
#pragma omp parallel for schedule(dynamic, 1) if ((z_end - z_begin) * plane >= kWorthThreads)
  for (std::int64_t z = z_begin; z < z_end; ++z) {
    float* sums = planes.data() + (z - z_begin) * plane;
    std::fill_n(sums, plane, 0.0F);
    for (const std::int64_t bz : windows.begins[2]) {
      if (z < bz || z >= bz + patch[2]) continue;
      for (const std::int64_t by : windows.begins[1]) {
        const std::int64_t y_end = std::min(by + patch[1], image[1]);
        for (std::int64_t y = std::max<std::int64_t>(by, 0); y < y_end; ++y) {
          const float* row = windows.weights.data() + ((z - bz) * patch[1] + y - by) * patch[0];
          for (const std::int64_t bx : windows.begins[0]) {
            const std::int64_t x_end = std::min(bx + patch[0], image[0]);
            for (std::int64_t x = std::max<std::int64_t>(bx, 0); x < x_end; ++x) {
              float& sum = sums[y * image[0] + x];
              sum = add(sum, row[x - bx]);
            }
          }
        }
      }
    }
  }
}

}  // namespace

void weight_shares(const Windows& windows, std::int64_t z_begin, std::int64_t z_end,
                   std::span<float> share) {
  add_weights(windows, z_begin, z_end, share, [](float sum, float w) { return sum + w; });
  for (float& sum : share) sum = 1 / sum;
}

void weight_sums_in_halves(const Windows& windows, std::int64_t z_begin, std::int64_t z_end,
                           std::span<float> sums) {
  add_weights(windows, z_begin, z_end, sums, [](float sum, float w) {
    return kernels::to_float(kernels::Half{kernels::to_f16(sum + w)});
  });
}

}  // namespace osler
