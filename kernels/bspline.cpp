#include "kernels/bspline.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

#include "core/scalar.hpp"
#include "kernels/read_row.hpp"
#include "kernels/rows.hpp"

namespace osler::kernels {
namespace {

constexpr std::int64_t kRowsAtOnce = 16;      // one vector of the widest kind; a tile stays in L1
constexpr std::int64_t kColumnsAtOnce = 128;  // 512 lines of 512 bytes: a quarter of a usual L2

/// Rows y0 <= y < y1 of one slice: filled and filtered along x. They are turned, so that the
/// recursion runs over vectors of rows.
template <typename T>
void filter_rows(const Voxels<T>& s, std::int64_t z, std::int64_t y0, std::int64_t y1,
                 const SplineStart& start, float* slice, std::vector<float>& tile) {
  const std::int64_t n = s.nx, lanes = y1 - y0;
  for (std::int64_t y = y0; y < y1; ++y) {
    float* row = slice + y * n;
    read_row(s, 0, n, y, z, std::numeric_limits<float>::quiet_NaN(), row, nullptr);
    if (s.masked || std::is_floating_point_v<T>) fill_line(row, n, 1);
    for (std::int64_t x = 0; x < n; ++x) {
      tile[static_cast<std::size_t>(x * kRowsAtOnce + y - y0)] = row[x];
    }
  }
  rows::spline(tile.data(), n, kRowsAtOnce, lanes, start);
  for (std::int64_t y = y0; y < y1; ++y) {
    float* row = slice + y * n;
    for (std::int64_t x = 0; x < n; ++x) {
      row[x] = tile[static_cast<std::size_t>(x * kRowsAtOnce + y - y0)];
    }
  }
}

/// Blocks of `length` floats, `stride` apart, that begin with NaN are nothing but NaN: each takes
/// the nearest one that is not.
void fill_blocks(float* first, std::int64_t n, std::int64_t stride, std::int64_t length) {
  const auto empty = [&](std::int64_t i) { return std::isnan(first[i * stride]); };
  std::int64_t before = -1;
  for (std::int64_t i = 0; i < n; ++i) {
    if (!empty(i)) {
      before = i;
      continue;
    }
    std::int64_t after = i;
    while (after < n && empty(after)) ++after;
    for (; i < after; ++i) {
      const float* from = first + fill_from(i, before, after, n) * stride;
      if (from != first + i * stride) std::copy_n(from, length, first + i * stride);
    }
    before = after;
  }
}

void filter_columns(float* first, std::int64_t n, std::int64_t stride, std::int64_t columns,
                    const SplineStart& start) {
  for (std::int64_t x = 0; x < columns; x += kColumnsAtOnce) {
    rows::spline(first + x, n, stride, std::min(kColumnsAtOnce, columns - x), start);
  }
}

}  // namespace

void bspline_coefficients_cpu(const SourceView& source, std::span<float> out) {
  const std::int64_t nx = source.size[0], ny = source.size[1], nz = source.size[2];
  assert(static_cast<std::size_t>(voxel_count(source.size)) == out.size());
  const SplineStart along_x = spline_start(nx), along_y = spline_start(ny),
                    along_z = spline_start(nz);
  with_scalar(source.type, [&](auto scalar) {
    using T = decltype(scalar);
    const Voxels<T> voxels = voxels_of<T>(source);
    const bool may_lack = voxels.masked || std::is_floating_point_v<T>;
#pragma omp parallel
    {
      std::vector<float> tile(static_cast<std::size_t>(nx * kRowsAtOnce));
#pragma omp for schedule(dynamic)
      for (std::int64_t z = 0; z < nz; ++z) {
        float* slice = out.data() + z * nx * ny;
        for (std::int64_t y = 0; y < ny; y += kRowsAtOnce) {
          filter_rows(voxels, z, y, std::min(y + kRowsAtOnce, ny), along_x, slice, tile);
        }
        if (may_lack) fill_blocks(slice, ny, nx, nx);
        filter_columns(slice, ny, nx, nx, along_y);
      }
    }
    if (may_lack) fill_blocks(out.data(), nz, nx * ny, nx * ny);
#pragma omp parallel for schedule(static)
    for (std::int64_t y = 0; y < ny; ++y) {
      filter_columns(out.data() + y * nx, nz, nx * ny, nx, along_z);
    }
  });
}

}  // namespace osler::kernels
