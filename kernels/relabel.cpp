#include "kernels/relabel.hpp"

#include <algorithm>

namespace osler::kernels {
namespace {

template <typename F>
void for_labels(std::size_t count, const F& change) {
  const auto n = static_cast<std::int64_t>(count);
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < n; ++i) change(static_cast<std::size_t>(i));
}

}  // namespace

void relabel_cpu(std::span<const std::uint8_t> from, const LabelTable& table,
                 std::span<std::uint8_t> to) {
  for_labels(to.size(), [&](std::size_t i) { to[i] = table[from[i]]; });
}

void fill_background_cpu(std::span<const std::uint8_t> found, const LabelTable& table,
                         std::span<std::uint8_t> labels) {
  for_labels(labels.size(), [&](std::size_t i) {
    if (labels[i] == 0) labels[i] = table[found[i]];
  });
}

void relabel_lost_cpu(std::span<const std::uint8_t> found, const LabelTable& table,
                      std::span<std::uint8_t> labels) {
  for_labels(labels.size(), [&](std::size_t i) {
    if (found[i] == 0) labels[i] = table[labels[i]];
  });
}

void place_box_cpu(std::span<const std::uint8_t> box, const BoxPlace& place,
                   std::span<std::uint8_t> labels) {
  const Size3& size = place.size;
  // In small cubes, so that both sides stay in the cache, whichever axis is which.
  constexpr std::int64_t kCube = 32;
  const std::int64_t rows = (size[1] + kCube - 1) / kCube, layers = (size[2] + kCube - 1) / kCube;
#pragma omp parallel for schedule(static)
  for (std::int64_t tile = 0; tile < rows * layers; ++tile) {
    const std::int64_t y0 = tile % rows * kCube, z0 = tile / rows * kCube;
    for (std::int64_t x0 = 0; x0 < size[0]; x0 += kCube) {
      for (std::int64_t z = z0; z < std::min(z0 + kCube, size[2]); ++z) {
        for (std::int64_t y = y0; y < std::min(y0 + kCube, size[1]); ++y) {
          const std::uint8_t* from = box.data() + (z * size[1] + y) * size[0];
          std::uint8_t* to = labels.data() + place.first + y * place.step[1] + z * place.step[2];
          for (std::int64_t x = x0; x < std::min(x0 + kCube, size[0]); ++x)
            to[x * place.step[0]] = from[x];
        }
      }
    }
  }
}

}  // namespace osler::kernels
