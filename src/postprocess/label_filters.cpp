#include "postprocess/label_filters.hpp"

#include <vector>

#include "kernels/component_filters.hpp"
#include "kernels/relabel.hpp"

namespace osler {
namespace {

using kernels::Connectivity;
using kernels::LabelTable;

Connectivity connectivity_of(int neighbours) {
  return neighbours == 6 ? Connectivity::faces
                         : (neighbours == 18 ? Connectivity::edges : Connectivity::corners);
}

/// Labels in the host's memory, and those of them that a filter is about.
class Here {
 public:
  Here(const Device& device, const Size3& size, std::span<std::uint8_t> labels)
      : device_(device), size_(size), labels_(labels) {}

  void relabel(const LabelTable& table) { kernels::relabel_cpu(labels_, table, labels_); }
  void choose(const LabelTable& table) {
    part_.resize(labels_.size());
    kernels::relabel_cpu(labels_, table, part_);
  }
  void fill_holes(std::span<const std::uint16_t> classes, Connectivity connectivity) {
    kernels::fill_holes(device_, map(), classes, connectivity);
  }
  void keep_largest(Connectivity connectivity) {
    kernels::keep_largest_components(device_, map(), connectivity);
  }
  void remove_small(Connectivity connectivity, std::int64_t least) {
    kernels::remove_small_components(device_, map(), connectivity, least);
  }
  void take_holes(const LabelTable& table) { kernels::fill_background_cpu(part_, table, labels_); }
  void take_losses(const LabelTable& table) { kernels::relabel_lost_cpu(part_, table, labels_); }

 private:
  kernels::LabelMap map() { return {part_.data(), ScalarType::u8, size_}; }

  const Device& device_;
  const Size3& size_;
  std::span<std::uint8_t> labels_;
  std::vector<std::uint8_t> part_;
};

/// The same in a device's memory.
class There {
 public:
  There(const Size3& size, std::uint8_t* labels, const Stream& stream)
      : size_(size),
        labels_(labels),
        stream_(stream),
        part_(static_cast<std::size_t>(voxel_count(size)), stream) {}

  void relabel(const LabelTable& table) {
    kernels::relabel_cuda(labels_, voxels(), table, labels_, stream_);
  }
  void choose(const LabelTable& table) {
    kernels::relabel_cuda(labels_, voxels(), table, part(), stream_);
  }
  void fill_holes(std::span<const std::uint16_t> classes, Connectivity connectivity) {
    kernels::fill_holes(map(), classes, connectivity, stream_);
  }
  void keep_largest(Connectivity connectivity) {
    kernels::keep_largest_components(map(), connectivity, stream_);
  }
  void remove_small(Connectivity connectivity, std::int64_t least) {
    kernels::remove_small_components(map(), connectivity, least, stream_);
  }
  void take_holes(const LabelTable& table) {
    kernels::fill_background_cuda(part(), voxels(), table, labels_, stream_);
  }
  void take_losses(const LabelTable& table) {
    kernels::relabel_lost_cuda(part(), voxels(), table, labels_, stream_);
  }

 private:
  std::int64_t voxels() const { return voxel_count(size_); }
  std::uint8_t* part() { return static_cast<std::uint8_t*>(part_.data()); }
  kernels::LabelMap map() { return {part_.data(), ScalarType::u8, size_}; }

  const Size3& size_;
  std::uint8_t* labels_;
  const Stream& stream_;
  DeviceBuffer part_;
};

template <typename Labels>
void apply(const LabelFilter& filter, const std::function<std::uint8_t(int)>& label_of,
           Labels labels) {
  LabelTable chosen{};  // itself, or 0
  for (std::size_t i = 0; i < 256 && filter.values.empty(); ++i)
    chosen[i] = static_cast<std::uint8_t>(i);
  for (const int value : filter.values) chosen[label_of(value)] = label_of(value);
  chosen[0] = 0;

  using Kind = LabelFilter::Kind;
  if (filter.kind == Kind::keep_values) return labels.relabel(chosen);
  // Only what was chosen goes to the kernel; what stands outside of it stays.
  LabelTable part = chosen;
  for (std::uint8_t& label : part) label = filter.together && label != 0 ? 1 : label;
  labels.choose(part);
  const Connectivity connectivity = connectivity_of(filter.connectivity);
  if (filter.kind == Kind::fill_holes) {
    std::vector<std::uint16_t> classes;
    for (std::uint16_t i = 1; i < 256; ++i) {
      if (filter.together ? i == 1 : chosen[i] != 0) classes.push_back(i);
    }
    labels.fill_holes(classes, connectivity);
    LabelTable holes = chosen;
    if (filter.together) {
      holes[1] = filter.values.empty() ? std::uint8_t{1} : label_of(filter.values.front());
    }
    return labels.take_holes(holes);
  }
  if (filter.kind == Kind::keep_largest) {
    labels.keep_largest(connectivity);
  } else {
    labels.remove_small(connectivity, filter.min_voxels);
  }
  LabelTable lost{};  // what was chosen and is gone becomes 0, all else stays
  for (std::size_t i = 0; i < 256; ++i)
    lost[i] = chosen[i] != 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(i);
  labels.take_losses(lost);
}

}  // namespace

void filter_labels(const Device& device, const LabelFilter& filter,
                   const std::function<std::uint8_t(int)>& label_of, const Size3& size,
                   std::span<std::uint8_t> labels) {
  apply(filter, label_of, Here(device, size, labels));
}

void filter_labels(const LabelFilter& filter, const std::function<std::uint8_t(int)>& label_of,
                   const Size3& size, std::uint8_t* labels, const Stream& stream) {
  apply(filter, label_of, There(size, labels, stream));
}

}  // namespace osler
