#include <limits>

#include "core/scalar.hpp"
#include "kernels/bspline.hpp"
#include "kernels/bspline_math.hpp"
#include "kernels/queue.cuh"
#include "kernels/source_math.hpp"

namespace osler::kernels {
namespace {

constexpr int kTile = 32;  // rows of a group, and columns that are turned in shared memory at once
constexpr unsigned kThreadsOfLines = 128;

/// Stored voxels to real values, NaN where padding counts as nothing.
template <typename T>
struct RealValue {
  const T* stored;
  const float* slope;
  const float* intercept;
  PaddingRange<T> padding;
  float absent;
  std::int64_t in_slice;
  float* out;

  OSLER_DEVICE void operator()(std::int64_t n) const {
    const std::int64_t z = n / in_slice;
    out[n] = padding.holds(stored[n]) ? absent : rescaled(stored[n], slope[z], intercept[z]);
  }
};

/// Fills the NaN of a row. Queued only where there may be some.
struct FillRow {
  float* values;
  std::int64_t nx;

  OSLER_DEVICE void operator()(std::int64_t row) const { fill_line(values + row * nx, nx, 1); }
};

/// spline_lines along x: a warp takes 32 rows, a thread one of them; tiles are turned in shared
/// memory so that global memory is read and written along rows. @pre nx >= 2
struct FilterRows {
  static constexpr int kThreads = kTile;
  struct Shared {
    float tile[kTile][kTile + 1];
  };
  using Warp = Group<kThreads>;

  /// The columns of a tile, and the rows of this warp.
  struct Part {
    float* first;
    int rows, columns;
  };

  float* volume;
  std::int64_t nx, all_rows;
  SplineStart start;

  OSLER_DEVICE void operator()(const Warp& warp, std::int64_t n, Shared& shared) const {
    const std::int64_t row0 = n * kTile;
    const int rows = static_cast<int>(all_rows - row0 < kTile ? all_rows - row0 : kTile);
    const std::int64_t tiles = (nx + kTile - 1) / kTile;
    const auto part = [&](std::int64_t tile) {
      const std::int64_t x0 = tile * kTile;
      return Part{volume + row0 * nx + x0, rows,
                  static_cast<int>(nx - x0 < kTile ? nx - x0 : kTile)};
    };
    Warp::Own<float> before, last_but_one, after;
    for (std::int64_t t = 0; t < tiles; ++t) {
      const Part p = part(t);
      load(warp, p, shared);
      warp.each([&](int lane) {
        if (lane >= rows) return;
        forward(shared.tile[lane], p.columns, t == 0, before.of(lane), last_but_one.of(lane));
      });
      store(warp, p, shared);
    }
    for (std::int64_t t = tiles - 1; t >= 0; --t) {
      const Part p = part(t);
      load(warp, p, shared);
      warp.each([&](int lane) {
        if (lane >= rows) return;
        float* line = shared.tile[lane];
        int last = p.columns - 1;
        if (t == tiles - 1) {
          after.of(lane) = kTurn * (before.of(lane) + kPole * last_but_one.of(lane));
          line[last--] = after.of(lane);
        }
        for (int x = last; x >= 0; --x) {
          after.of(lane) = kPole * (after.of(lane) - line[x]);
          line[x] = after.of(lane);
        }
      });
      store(warp, p, shared);
    }
  }

 private:
  OSLER_DEVICE void forward(float* line, int columns, bool from_start, float& before,
                            float& last_but_one) const {
    int first = 0;
    if (from_start) {
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

  OSLER_DEVICE void load(const Warp& warp, const Part& p, Shared& shared) const {
    warp.each([&](int lane) {
      for (int r = 0; r < p.rows; ++r) {
        if (lane < p.columns) shared.tile[r][lane] = p.first[r * nx + lane];
      }
    });
  }
  OSLER_DEVICE void store(const Warp& warp, const Part& p, const Shared& shared) const {
    warp.each([&](int lane) {
      for (int r = 0; r < p.rows; ++r) {
        if (lane < p.columns) p.first[r * nx + lane] = shared.tile[r][lane];
      }
    });
  }
};

/// fill_line and spline_lines along y (step nx) or z (step nx ny): one thread a line, neighbours in
/// x beside each other. Line n begins at (n / inner) * outer_step + n % inner.
struct FilterLine {
  float* values;
  std::int64_t n, step, inner, outer_step;
  bool fill;
  SplineStart start;

  OSLER_DEVICE void operator()(std::int64_t line) const {
    float* first = values + (line / inner) * outer_step + line % inner;
    if (fill) fill_line(first, n, step);
    spline_lines(first, n, step, 1, start);
  }
};

}  // namespace

void bspline_coefficients_cuda(const SourceView& source, float* out, const Stream& stream) {
  const std::int64_t nx = source.size[0], ny = source.size[1], nz = source.size[2];
  const std::int64_t count = voxel_count(source.size);
  if (count == 0) return;
  const Queue queue("bspline", stream);
  const bool masked = source.has_padding && !source.padding_counts;
  const bool fill = masked || source.type == ScalarType::f32;
  const float absent = masked ? std::numeric_limits<float>::quiet_NaN() : source.padding_value;
  with_scalar(source.type, [&](auto scalar) {
    using T = decltype(scalar);
    queue.each("real values", count,
               RealValue<T>{static_cast<const T*>(source.voxels), source.slope, source.intercept,
                            padding_range<T>(source), absent, nx * ny, out});
  });
  if (fill) queue.each<kThreadsOfLines>("fill rows", ny * nz, FillRow{out, nx});
  if (nx > 1) {
    queue.groups("filter x", (ny * nz + kTile - 1) / kTile,
                 FilterRows{out, nx, ny * nz, spline_start(nx)});
  }
  queue.each<kThreadsOfLines>("filter y", nx * nz,
                              FilterLine{out, ny, nx, nx, nx * ny, fill, spline_start(ny)});
  queue.each<kThreadsOfLines>("filter z", nx * ny,
                              FilterLine{out, nz, nx * ny, nx * ny, 0, fill, spline_start(nz)});
}

}  // namespace osler::kernels
