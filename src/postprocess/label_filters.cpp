#include "postprocess/label_filters.hpp"

#include <array>
#include <vector>

#include "kernels/component_filters.hpp"

namespace osler {
namespace {

kernels::Connectivity connectivity_of(int neighbours) {
  return neighbours == 6
             ? kernels::Connectivity::faces
             : (neighbours == 18 ? kernels::Connectivity::edges : kernels::Connectivity::corners);
}

}  // namespace

void filter_labels(const Device& device, const LabelFilter& filter,
                   const std::function<std::uint8_t(int)>& label_of, const Size3& size,
                   std::span<std::uint8_t> labels) {
  std::array<bool, 256> chosen{};
  if (filter.values.empty()) chosen.fill(true);
  for (const int value : filter.values) chosen[label_of(value)] = true;
  chosen[0] = false;

  using Kind = LabelFilter::Kind;
  if (filter.kind == Kind::keep_values) {
    for (std::uint8_t& label : labels) label = chosen[label] ? label : 0;
    return;
  }
  // Only what was chosen goes to the kernel; what stands outside of it stays.
  std::vector<std::uint8_t> part(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    part[i] = chosen[labels[i]] ? (filter.together ? std::uint8_t{1} : labels[i]) : std::uint8_t{0};
  }
  const kernels::LabelMap map{part.data(), ScalarType::u8, size};
  const kernels::Connectivity connectivity = connectivity_of(filter.connectivity);
  if (filter.kind == Kind::fill_holes) {
    std::vector<std::uint16_t> classes;
    for (std::uint16_t i = 1; i < 256; ++i) {
      if (filter.together ? i == 1 : chosen[i]) classes.push_back(i);
    }
    kernels::fill_holes(device, map, classes, connectivity);
    const auto first =
        static_cast<std::uint8_t>(filter.values.empty() ? 1 : label_of(filter.values.front()));
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == 0 && part[i] != 0) labels[i] = filter.together ? first : part[i];
    }
    return;
  }
  if (filter.kind == Kind::keep_largest) {
    kernels::keep_largest_components(device, map, connectivity);
  } else {
    kernels::remove_small_components(device, map, connectivity, filter.min_voxels);
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (chosen[labels[i]] && part[i] == 0) labels[i] = 0;
  }
}

}  // namespace osler
