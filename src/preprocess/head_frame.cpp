#include "preprocess/head_frame.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace osler {
namespace {

/// Which index axis runs along each head axis, and in which sense.
struct AxisChoice {
  std::array<int, 3> axis{0, 1, 2};
  std::array<double, 3> sign{1, 1, 1};
};

/// Of the 24 ways to lay a right-handed frame along the volume's axes, the one nearest to LPS.
AxisChoice nearest_axes(const std::array<Vec3, 3>& directions) {
  AxisChoice best;
  double best_trace = -4;
  std::array<int, 3> p{0, 1, 2};
  do {
    const bool even =
        (p[0] == 0 && p[1] == 1) || (p[0] == 1 && p[1] == 2) || (p[0] == 2 && p[1] == 0);
    for (int bits = 0; bits < 8; ++bits) {
      const std::array<double, 3> sign{bits & 1 ? -1.0 : 1.0, bits & 2 ? -1.0 : 1.0,
                                       bits & 4 ? -1.0 : 1.0};
      if (sign[0] * sign[1] * sign[2] != (even ? 1.0 : -1.0)) continue;
      double trace = 0;
      for (std::size_t a = 0; a < 3; ++a) {
        trace += sign[a] * directions[static_cast<std::size_t>(p[a])][a];
      }
      if (trace > best_trace) {
        best_trace = trace;
        best = {p, sign};
      }
    }
  } while (std::next_permutation(p.begin(), p.end()));
  return best;
}

}  // namespace

HeadFrame head_frame(const Grid& grid) {
  const Affine& a = grid.index_to_lps;
  const Vec3 x = a.column(0), y = a.column(1);
  if (!(std::abs(a.determinant()) > 0)) {
    throw Error(ErrorCode::bad_argument, "head_frame: degenerate grid");
  }
  const Vec3 u = (1 / norm(x)) * x;
  Vec3 v = y - dot(y, u) * u;
  v = (1 / norm(v)) * v;
  const Vec3 w = cross(u, v);
  const std::array<Vec3, 3> directions{u, v, w};
  const AxisChoice choice = nearest_axes(directions);

  std::array<Vec3, 3> axes{};
  for (std::size_t i = 0; i < 3; ++i) {
    axes[i] = choice.sign[i] * directions[static_cast<std::size_t>(choice.axis[i])];
  }
  const Vec3 middle{(static_cast<double>(grid.size[0]) - 1) / 2,
                    (static_cast<double>(grid.size[1]) - 1) / 2,
                    (static_cast<double>(grid.size[2]) - 1) / 2};
  HeadFrame frame;
  frame.head_to_lps = Affine::from_columns(axes[0], axes[1], axes[2], a(middle));
  frame.index_to_head = inverse(frame.head_to_lps) * a;
  // What is zero but for rounding is made zero, so that a header's digits do not reach the search.
  for (std::size_t i = 0; i < 12; ++i) {
    if (i % 4 != 3 && std::abs(frame.index_to_head.m[i]) < 1e-5) frame.index_to_head.m[i] = 0;
  }
  return frame;
}

Affine nearest_rotation(const Affine& map) {
  Affine r = Affine::from_columns(map.column(0), map.column(1), map.column(2), {0, 0, 0});
  // Newton's iteration for the polar factor; converges quadratically from any invertible map.
  for (int i = 0; i < 50; ++i) {
    const Affine s = inverse(r);
    Affine next;
    double change = 0;
    for (std::size_t row = 0; row < 3; ++row) {
      for (std::size_t column = 0; column < 3; ++column) {
        const double value = 0.5 * (r.m[row * 4 + column] + s.m[column * 4 + row]);
        change = std::max(change, std::abs(value - r.m[row * 4 + column]));
        next.m[row * 4 + column] = value;
      }
    }
    r = next;
    if (change < 1e-14) break;
  }
  return r;
}

namespace {

/// One scan told in DICOM's decimals and in NIfTI's single precision differs below this; the search
/// makes tenths of a millimetre of it. Half of it over 200 voxels is a thousandth of one.
constexpr double kHeaderDigitsMm = 1e-5;

/// The map of the volume's voxels with its columns rounded, the volume's middle still at 0.
Affine without_header_digits(const Affine& index_to_head, const Size3& size) {
  Affine rounded = index_to_head;
  for (std::size_t row = 0; row < 3; ++row) {
    double middle = 0;
    for (std::size_t column = 0; column < 3; ++column) {
      double& m = rounded.m[row * 4 + column];
      m = std::round(m / kHeaderDigitsMm) * kHeaderDigitsMm;
      middle += m * (static_cast<double>(size[column]) - 1) / 2;
    }
    rounded.m[row * 4 + 3] = -middle;
  }
  return rounded;
}

}  // namespace

CoarseHead coarse_head(const kernels::SourcePlace& source, const Grid& grid, const HeadFrame& frame,
                       double spacing_mm) {
  kernels::ResampleTask task;
  task.interpolation = kernels::Interpolation::nearest;
  std::array<Vec3, 3> columns{};
  Vec3 origin{0, 0, 0};
  for (std::size_t head = 0; head < 3; ++head) {
    std::size_t index = 0;
    for (std::size_t i = 1; i < 3; ++i) {
      const auto along = [&](std::size_t c) {
        return std::abs(frame.index_to_head.m[head * 4 + c]) /
               norm(frame.index_to_head.column(static_cast<int>(c)));
      };
      if (along(i) > along(index)) index = i;
    }
    const double spacing = norm(frame.index_to_head.column(static_cast<int>(index)));
    const std::int64_t n = grid.size[index];
    const std::int64_t block = std::clamp<std::int64_t>(std::llround(spacing_mm / spacing), 1,
                                                        std::max<std::int64_t>(n, 1));
    const std::int64_t blocks = n / block;
    const auto start = static_cast<double>((n - blocks * block) / 2);
    const bool forward = frame.index_to_head.m[head * 4 + index] > 0;
    const double first = start + static_cast<double>(block - 1) / 2;
    columns[head][index] = static_cast<double>(forward ? block : -block);
    origin[index] = forward ? first : static_cast<double>(n - 1) - first;
    task.out_size[head] = blocks;
    task.samples[head] = static_cast<int>(block);
  }
  task.out_to_in = Affine::from_columns(columns[0], columns[1], columns[2], origin);

  CoarseHead coarse;
  coarse.size = task.out_size;
  coarse.index_to_head = without_header_digits(frame.index_to_head, grid.size) * task.out_to_in;
  coarse.voxels.resize(static_cast<std::size_t>(voxel_count(task.out_size)));
  kernels::resample(source, task, coarse.voxels);
  return coarse;
}

}  // namespace osler
