#include "kernels/distance.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "kernels/distance_math.hpp"

namespace osler::kernels {
namespace {

constexpr float kFar = std::numeric_limits<float>::infinity();
constexpr std::int64_t kTile = 16;  ///< columns at a time: 16 floats are a line of the cache

void check(std::size_t mask, const Size3& size, const Vec3& spacing_mm, std::size_t out) {
  const bool negative = std::any_of(size.begin(), size.end(), [](auto n) { return n < 0; });
  if (negative || static_cast<std::size_t>(voxel_count(size)) != mask || mask != out) {
    throw Error(ErrorCode::bad_argument, "distance transform: mask or output of another size");
  }
  for (const double mm : spacing_mm) {
    if (!(mm > 0) || !std::isfinite(mm)) {
      throw Error(ErrorCode::bad_argument, "distance transform: a spacing that is no length");
    }
  }
}

/// Steps to the nearest inside voxel of the row.
void along_x(const std::uint8_t* mask, std::int64_t n, float* out) {
  float steps = kFar;
  for (std::int64_t x = 0; x < n; ++x) out[x] = steps = mask[x] != 0 ? 0 : steps + 1;
  steps = kFar;
  for (std::int64_t x = n - 1; x >= 0; --x) {
    steps = std::min(out[x], steps + 1);
    out[x] = steps;
  }
}

/// Parabolas over one line, and the lowest of them at each place. One for each thread.
class LowerEnvelope {
 public:
  LowerEnvelope(std::int64_t n, double spacing_mm)
      : n_(n), spacing_mm_(spacing_mm), at_(count(n)), from_(count(n)), height_(count(n)) {}

  /// Replaces heights by squared distances. @param line  n values, mm2
  void apply(double* line) {
    if (!build(line)) return;
    std::size_t k = 0;
    for (std::int64_t q = 0; q < n_; ++q) {
      const auto place = static_cast<double>(q);
      while (k + 1 < used_ && from_[k + 1] < place) ++k;
      line[q] = squared_mm2(height_[k], place - at_[k], spacing_mm_);
    }
  }

 private:
  static std::size_t count(std::int64_t n) { return static_cast<std::size_t>(n); }

  /// @return false if no place has a finite height, or all are 0: the line stays as it is
  bool build(const double* line) {
    used_ = 0;
    bool any_above = false;
    const double scale = 1 / (2 * spacing_mm_ * spacing_mm_);
    for (std::int64_t q = 0; q < n_; ++q) {
      any_above |= line[q] != 0;
      if (line[q] == kFar) continue;
      const auto place = static_cast<double>(q);
      double meet = -std::numeric_limits<double>::infinity();
      while (used_ > 0) {
        const std::size_t k = used_ - 1;
        // Where two parabolas are of one height.
        meet = (line[q] - height_[k]) * scale / (place - at_[k]) + (place + at_[k]) / 2;
        if (meet > from_[k]) break;
        --used_;
      }
      if (used_ == 0) meet = -std::numeric_limits<double>::infinity();
      at_[used_] = place;
      from_[used_] = meet;
      height_[used_++] = line[q];
    }
    return used_ > 0 && any_above;
  }

  std::int64_t n_;
  double spacing_mm_;
  std::size_t used_ = 0;
  std::vector<double> at_;    ///< where each parabola has its lowest point
  std::vector<double> from_;  ///< where it begins to be the lowest
  std::vector<double> height_;
};

/// Lines along y or z through the volume, some neighbours in x at a time.
struct Lines {
  std::int64_t length;  ///< voxels along the axis
  std::int64_t step;    ///< floats from one to the next
  std::int64_t layers;  ///< along the other axis
  std::int64_t layer_step;
  double spacing_mm;
};

/// @param into   float in the volume -> mm2
/// @param outof  mm2 -> float in the volume
template <typename Into, typename OutOf>
void transform_lines(float* volume, std::int64_t nx, const Lines& lines, Into into, OutOf outof) {
  const std::int64_t tiles = (nx + kTile - 1) / kTile;
#pragma omp parallel if (nx * lines.length * lines.layers >= kDistanceWorthThreads)
  {
    LowerEnvelope envelope(lines.length, lines.spacing_mm);
    std::vector<double> columns(static_cast<std::size_t>(lines.length * kTile));
#pragma omp for schedule(dynamic, 8)
    for (std::int64_t n = 0; n < tiles * lines.layers; ++n) {
      const std::int64_t x = n % tiles * kTile;
      const std::int64_t width = std::min(kTile, nx - x);
      float* tile = volume + n / tiles * lines.layer_step + x;
      for (std::int64_t q = 0; q < lines.length; ++q) {
        for (std::int64_t i = 0; i < width; ++i) {
          columns[static_cast<std::size_t>(i * lines.length + q)] = into(tile[q * lines.step + i]);
        }
      }
      for (std::int64_t i = 0; i < width; ++i) envelope.apply(columns.data() + i * lines.length);
      for (std::int64_t q = 0; q < lines.length; ++q) {
        for (std::int64_t i = 0; i < width; ++i) {
          tile[q * lines.step + i] = outof(columns[static_cast<std::size_t>(i * lines.length + q)]);
        }
      }
    }
  }
}

}  // namespace

void distance_transform_cpu(std::span<const std::uint8_t> mask, const Size3& size,
                            const Vec3& spacing_mm, std::span<float> out_mm) {
  check(mask.size(), size, spacing_mm, out_mm.size());
  if (mask.empty()) return;
  const std::int64_t nx = size[0], ny = size[1], nz = size[2];
#pragma omp parallel for schedule(static) if (nx * ny * nz >= kDistanceWorthThreads)
  for (std::int64_t r = 0; r < ny * nz; ++r) {
    along_x(mask.data() + r * nx, nx, out_mm.data() + r * nx);
  }
  transform_lines(
      out_mm.data(), nx, {ny, nx, nz, nx * ny, spacing_mm[1]},
      [&](float steps) { return squared_mm2(0, steps, spacing_mm[0]); },
      [](double mm2) { return static_cast<float>(mm2); });
  transform_lines(
      out_mm.data(), nx, {nz, nx * ny, ny, nx, spacing_mm[2]},
      [](float mm2) { return static_cast<double>(mm2); },
      [](double mm2) { return static_cast<float>(std::sqrt(mm2)); });
}

std::size_t distance_scratch_bytes(const Size3& size) {
  return static_cast<std::size_t>(voxel_count(size)) * sizeof(float);
}

void distance_transform(const Device& device, std::span<const std::uint8_t> mask, const Size3& size,
                        const Vec3& spacing_mm, std::span<float> out_mm) {
  if (device.backend == Backend::cpu) {
    return distance_transform_cpu(mask, size, spacing_mm, out_mm);
  }
  check(mask.size(), size, spacing_mm, out_mm.size());
  const Stream stream(device);
  const DeviceBuffer voxels(mask.size(), stream), result(out_mm.size_bytes(), stream);
  const DeviceBuffer scratch(distance_scratch_bytes(size), stream);
  copy_to_device(std::as_bytes(mask), voxels, stream);
  distance_transform_cuda(static_cast<const std::uint8_t*>(voxels.data()), size, spacing_mm,
                          static_cast<float*>(result.data()), scratch.data(), stream);
  copy_to_host(result, std::as_writable_bytes(out_mm), stream);
  stream.synchronize();
}

}  // namespace osler::kernels
