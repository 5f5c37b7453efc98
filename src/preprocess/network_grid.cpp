#include "preprocess/network_grid.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "kernels/statistics.hpp"

namespace osler {
namespace {

/// A network's axis: which of the source's it is, and whether it runs against it.
struct AxisUse {
  std::size_t axis = 0;
  bool turned = false;
};

Vec3 direction_of(char letter) {
  switch (letter) {
    case 'L':
      return {1, 0, 0};
    case 'R':
      return {-1, 0, 0};
    case 'P':
      return {0, 1, 0};
    case 'A':
      return {0, -1, 0};
    case 'S':
      return {0, 0, 1};
    default:
      return {0, 0, -1};
  }
}

/// The order of the source's axes that lies nearest to the directions wanted.
std::array<AxisUse, 3> uses_of(const Grid& source, const std::string& axes) {
  std::array<AxisUse, 3> best{{{0, false}, {1, false}, {2, false}}};
  if (axes.empty()) return best;
  const Vec3 spacing = source.spacing_mm();
  const auto cosine = [&](std::size_t wanted, std::size_t axis) {
    const Vec3 column = source.index_to_lps.column(static_cast<int>(axis));
    return dot(direction_of(axes[wanted]), column) / spacing[axis];
  };
  std::array<std::size_t, 3> order{0, 1, 2};
  double most = -1;
  do {
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) sum += std::abs(cosine(i, order[i]));
    if (sum <= most) continue;
    most = sum;
    for (std::size_t i = 0; i < 3; ++i) best[i] = {order[i], cosine(i, order[i]) < 0};
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

}  // namespace

NetworkGrid place_network_grid(const Grid& source, const ResampleStep& step, std::int64_t limit) {
  NetworkGrid grid;
  const std::array<AxisUse, 3> uses = uses_of(source, step.axes);
  const Vec3 spacing = source.spacing_mm();
  std::array<Vec3, 3> columns{};
  Vec3 origin{0, 0, 0};
  double voxels = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t axis = uses[i].axis;
    const auto n = static_cast<double>(source.size[axis]);
    const double wanted = step.spacing_mm[i] > 0 ? step.spacing_mm[i] : spacing[axis];
    const bool edges = step.alignment == ResampleStep::Alignment::edges;
    // Half-way to even, as Python and NumPy round.
    const double size = edges ? std::max(1.0, std::nearbyint(spacing[axis] / wanted * n))
                              : std::nearbyint((n - 1) * spacing[axis] / wanted) + 1;
    const double scale = edges ? n / size : wanted / spacing[axis];
    const double first = edges ? (scale - 1) / 2 : 0;
    voxels *= size;
    if (voxels > static_cast<double>(limit)) {
      throw Error(ErrorCode::bad_input, "the network's grid would have too many voxels",
                  "at most " + std::to_string(limit), "is the spacing in the header right?");
    }
    grid.size[i] = static_cast<std::int64_t>(size);
    columns[i][axis] = uses[i].turned ? -scale : scale;
    origin[axis] = uses[i].turned ? n - 1 - first : first;
  }
  grid.to_source = Affine::from_columns(columns[0], columns[1], columns[2], origin);
  return grid;
}

kernels::ResampleTask resample_task(const NetworkGrid& grid, const ResampleStep& step,
                                    const kernels::Normalisation& normalisation) {
  using Interpolation = ResampleStep::Interpolation;
  kernels::ResampleTask task;
  task.out_size = grid.size;
  task.out_to_in = grid.to_source;
  task.interpolation =
      step.interpolation == Interpolation::nearest
          ? kernels::Interpolation::nearest
          : (step.interpolation == Interpolation::linear ? kernels::Interpolation::linear
                                                         : kernels::Interpolation::cubic);
  task.normalisation = normalisation;
  return task;
}

kernels::Normalisation normalisation_of(const Device& device, const kernels::SourceView& source,
                                        const NormaliseStep& step) {
  kernels::Normalisation by;
  by.low = static_cast<float>(step.low);
  by.high = static_cast<float>(step.high);
  double shift = step.shift, scale = step.scale;
  if (step.statistics != NormaliseStep::Statistics::none) {
    kernels::StatisticsTask task;
    task.nonzero = step.statistics == NormaliseStep::Statistics::nonzero;
    const kernels::Statistics found = kernels::statistics(device, source, task);
    if (!(found.sd > 0)) {
      throw Error(ErrorCode::bad_input, "the image has no contrast", "voxels that differ");
    }
    shift = found.mean;
    scale = found.sd;
  }
  by.shift = static_cast<float>(shift);
  by.scale = static_cast<float>(1 / scale);
  return by;
}

}  // namespace osler
