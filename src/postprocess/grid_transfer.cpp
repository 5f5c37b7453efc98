#include "postprocess/grid_transfer.hpp"

#include <cmath>
#include <limits>

#include "postprocess/grid_axes.hpp"

namespace osler {
namespace {

/// One voxel's eight neighbours on the network's grid.
struct Cell {
  std::array<std::int64_t, 8> at{};
  std::array<float, 8> weight{};
  bool inside = false;
};

class Cells {
 public:
  Cells(const GridPlace& place, const Grid& grid)
      : size_(place.network),
        axes_(grid_axes(place.to_network, grid.size, grid.slice_at, place.network, place.nearest)) {
  }

  Cell operator()(const Size3& source) const {
    std::array<const Between*, 3> b{};
    Cell cell;
    cell.inside = true;
    for (std::size_t a = 0; a < 3; ++a) {
      b[a] = &axes_.at[a][static_cast<std::size_t>(source[axes_.of[a]])];
      cell.inside = cell.inside && b[a]->inside;
    }
    for (std::size_t i = 0; i < 8; ++i) {
      const bool x = (i & 1U) != 0, y = (i & 2U) != 0, z = (i & 4U) != 0;
      cell.at[i] = ((z ? b[2]->upper : b[2]->lower) * size_[1] + (y ? b[1]->upper : b[1]->lower)) *
                       size_[0] +
                   (x ? b[0]->upper : b[0]->lower);
      cell.weight[i] = (x ? b[0]->share : 1 - b[0]->share) * (y ? b[1]->share : 1 - b[1]->share) *
                       (z ? b[2]->share : 1 - b[2]->share);
    }
    return cell;
  }

 private:
  Size3 size_;
  GridAxes axes_;
};

template <typename F>
void for_voxels(const Grid& grid, F&& work) {
  const Size3& n = grid.size;
#pragma omp parallel for schedule(static)
  for (std::int64_t k = 0; k < n[2]; ++k) {
    std::size_t i = static_cast<std::size_t>(k * n[1] * n[0]);
    for (std::int64_t r = 0; r < n[1]; ++r) {
      for (std::int64_t c = 0; c < n[0]; ++c, ++i) work(Size3{c, r, k}, i);
    }
  }
}

}  // namespace

void labels_to_source(std::span<const std::uint8_t> network, const GridPlace& place,
                      const Grid& grid, std::span<std::uint8_t> labels) {
  GridPlace closest = place;
  closest.nearest = {true, true, true};
  const Cells cells(closest, grid);
  for_voxels(grid, [&](const Size3& at, std::size_t i) {
    const Cell cell = cells(at);
    if (cell.inside) labels[i] = network[static_cast<std::size_t>(cell.at[0])];
  });
}

void label_numbers_to_source(std::span<const std::uint8_t> network, const GridPlace& place,
                             const Grid& grid, std::span<std::uint8_t> labels) {
  const Cells cells(place, grid);
  for_voxels(grid, [&](const Size3& at, std::size_t i) {
    const Cell cell = cells(at);
    if (!cell.inside) return;
    float sum = 0;
    for (std::size_t n = 0; n < 8; ++n) {
      sum += cell.weight[n] * static_cast<float>(network[static_cast<std::size_t>(cell.at[n])]);
    }
    labels[i] = static_cast<std::uint8_t>(std::nearbyint(sum));
  });
}

void scores_of_slice(std::span<const float> scores, int classes, const GridPlace& place,
                     const Grid& grid, std::int64_t slice, std::span<float> out) {
  const Cells cells(place, grid);
  const auto per_class = static_cast<std::size_t>(voxel_count(place.network));
  const std::int64_t columns = grid.size[0], rows = grid.size[1];
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      const Cell cell = cells({c, r, slice});
      for (int k = 0; k < classes; ++k) {
        const float* of_class = scores.data() + static_cast<std::size_t>(k) * per_class;
        float sum = cell.inside ? 0 : std::numeric_limits<float>::quiet_NaN();
        for (std::size_t n = 0; n < 8 && cell.inside; ++n) {
          if (cell.weight[n] != 0) sum += cell.weight[n] * of_class[cell.at[n]];
        }
        out[static_cast<std::size_t>((k * rows + r) * columns + c)] = sum;
      }
    }
  }
}

void put_back(std::span<const std::uint8_t> box, const Size3& size, const Affine& to_source,
              const Size3& source, std::span<std::uint8_t> labels) {
  kernels::place_box_cpu(box, place_of_box(size, to_source, source), labels);
}

kernels::BoxPlace place_of_box(const Size3& size, const Affine& to_source, const Size3& source) {
  const Size3 stride{1, source[0], source[0] * source[1]};
  kernels::BoxPlace place;
  place.size = size;
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      place.step[a] += std::llround(to_source.column(static_cast<int>(a))[b]) * stride[b];
    }
    place.first += std::llround(to_source.origin()[a]) * stride[a];
  }
  return place;
}

}  // namespace osler
