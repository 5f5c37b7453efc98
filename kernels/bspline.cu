#include <cuda_runtime.h>

#include <limits>
#include <string>

#include "core/error.hpp"
#include "core/scalar.hpp"
#include "kernels/bspline.hpp"
#include "kernels/bspline_math.hpp"
#include "kernels/source_math.hpp"

namespace osler::kernels {
namespace {

constexpr int kTile = 32;  // rows of a block, and columns that are turned in shared memory at once
constexpr unsigned kThreads = 128;

void check_launch(const char* what) {
  const cudaError_t launched = cudaGetLastError();
  if (launched != cudaSuccess) {
    throw Error(ErrorCode::device, std::string(what) + " launch: " + cudaGetErrorString(launched));
  }
}

/// Stored voxels to real values, NaN where padding counts as nothing.
template <typename T>
__global__ void real_values(const T* stored, const float* slope, const float* intercept,
                            PaddingRange<T> padding, float absent, std::int64_t in_slice,
                            std::int64_t count, float* out) {
  const std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (n >= count) return;
  const std::int64_t z = n / in_slice;
  out[n] = padding.holds(stored[n]) ? absent : rescaled(stored[n], slope[z], intercept[z]);
}

/// Fills the NaN of rows; one thread a row. Launched only where there may be some.
__global__ void fill_rows(float* p, std::int64_t nx, std::int64_t rows) {
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row < rows) fill_line(p + row * nx, nx, 1);
}

/// A tile of 32 rows by 32 columns between global memory, read and written along rows, and shared
/// memory. One warp.
__device__ void load_tile(const float* p, std::int64_t nx, int rows, std::int64_t x0, int columns,
                          float (*tile)[kTile + 1]) {
  const int lane = static_cast<int>(threadIdx.x);
  for (int r = 0; r < rows; ++r) {
    if (lane < columns) tile[r][lane] = p[r * nx + x0 + lane];
  }
  __syncwarp();
}
__device__ void store_tile(float* p, std::int64_t nx, int rows, std::int64_t x0, int columns,
                           float (*tile)[kTile + 1]) {
  const int lane = static_cast<int>(threadIdx.x);
  __syncwarp();
  for (int r = 0; r < rows; ++r) {
    if (lane < columns) p[r * nx + x0 + lane] = tile[r][lane];
  }
  __syncwarp();
}

/// spline_lines along x: a warp takes 32 rows, a thread one of them; tiles are turned in shared
/// memory so that global memory is read and written along rows. @pre nx >= 2, blockDim.x == kTile
__global__ void filter_x(float* volume, std::int64_t nx, std::int64_t all_rows, SplineStart start) {
  __shared__ float tile[kTile][kTile + 1];
  const std::int64_t row0 = static_cast<std::int64_t>(blockIdx.x) * kTile;
  const int rows = static_cast<int>(all_rows - row0 < kTile ? all_rows - row0 : kTile);
  const int lane = static_cast<int>(threadIdx.x);
  float* p = volume + row0 * nx;
  float* line = tile[lane];
  float before = 0, last_but_one = 0;
  for (std::int64_t x0 = 0; x0 < nx; x0 += kTile) {
    const int columns = static_cast<int>(nx - x0 < kTile ? nx - x0 : kTile);
    load_tile(p, nx, rows, x0, columns, tile);
    if (lane < rows) {
      int first = 0;
      if (x0 == 0) {
        before = start.weight[0] * line[0];
        for (int k = 1; k < start.terms; ++k) before += start.weight[k] * line[k];
        line[0] = before;
        first = 1;
      }
      for (int x = first; x < columns; ++x) {
        last_but_one = before;
        before = kGain * line[x] + kPole * before;
        line[x] = before;
      }
    }
    store_tile(p, nx, rows, x0, columns, tile);
  }
  float after = 0;
  const std::int64_t tiles = (nx + kTile - 1) / kTile;
  for (std::int64_t t = tiles - 1; t >= 0; --t) {
    const std::int64_t x0 = t * kTile;
    const int columns = static_cast<int>(nx - x0 < kTile ? nx - x0 : kTile);
    load_tile(p, nx, rows, x0, columns, tile);
    if (lane < rows) {
      int last = columns - 1;
      if (t == tiles - 1) {
        after = kTurn * (before + kPole * last_but_one);
        line[last--] = after;
      }
      for (int x = last; x >= 0; --x) {
        after = kPole * (after - line[x]);
        line[x] = after;
      }
    }
    store_tile(p, nx, rows, x0, columns, tile);
  }
}

/// fill_line and spline_lines along y (step nx) or z (step nx ny): one thread a line, neighbours in
/// x beside each other. Line n begins at (n / inner) * outer_step + n % inner.
__global__ void filter_lines(float* p, std::int64_t n, std::int64_t step, std::int64_t inner,
                             std::int64_t outer_step, std::int64_t lines, bool fill,
                             SplineStart start) {
  const std::int64_t line = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (line >= lines) return;
  float* first = p + (line / inner) * outer_step + line % inner;
  if (fill) fill_line(first, n, step);
  spline_lines(first, n, step, 1, start);
}

unsigned blocks_for(std::int64_t count, unsigned threads) {
  return static_cast<unsigned>((count + threads - 1) / threads);
}

}  // namespace

void bspline_coefficients_cuda(const SourceView& source, float* out, const Stream& stream) {
  const std::int64_t nx = source.size[0], ny = source.size[1], nz = source.size[2];
  const std::int64_t count = voxel_count(source.size);
  if (count == 0) return;
  const auto queue = static_cast<cudaStream_t>(stream.native());
  const bool masked = source.has_padding && !source.padding_counts;
  const bool fill = masked || source.type == ScalarType::f32;
  const float absent = masked ? std::numeric_limits<float>::quiet_NaN() : source.padding_value;
  with_scalar(source.type, [&](auto scalar) {
    using T = decltype(scalar);
    real_values<T><<<blocks_for(count, kThreads), kThreads, 0, queue>>>(
        static_cast<const T*>(source.voxels), source.slope, source.intercept,
        padding_range<T>(source), absent, nx * ny, count, out);
  });
  check_launch("bspline real_values");
  if (fill) {
    fill_rows<<<blocks_for(ny * nz, kThreads), kThreads, 0, queue>>>(out, nx, ny * nz);
    check_launch("bspline fill_rows");
  }
  if (nx > 1) {
    filter_x<<<blocks_for(ny * nz, kTile), kTile, 0, queue>>>(out, nx, ny * nz, spline_start(nx));
    check_launch("bspline filter_x");
  }
  filter_lines<<<blocks_for(nx * nz, kThreads), kThreads, 0, queue>>>(
      out, ny, nx, nx, nx * ny, nx * nz, fill, spline_start(ny));
  check_launch("bspline filter y");
  filter_lines<<<blocks_for(nx * ny, kThreads), kThreads, 0, queue>>>(
      out, nz, nx * ny, nx * ny, 0, nx * ny, fill, spline_start(nz));
  check_launch("bspline filter z");
}

}  // namespace osler::kernels
