#include "kernels/component_filters.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include "core/error.hpp"
#include "kernels/bit_planes.hpp"
#include "kernels/component_runs.hpp"
#include "kernels/components_math.hpp"

namespace osler::kernels {
namespace {

constexpr std::size_t kLabels = 65536;

template <typename F>
void with_label_type(ScalarType type, F&& f) {
  if (type == ScalarType::u8) return f(std::uint8_t{});
  f(std::uint16_t{});
}

/// Calls f(first voxel of the row, run) for all runs in a box of the map, rows on all threads.
template <typename T, typename F>
void for_runs(const Runs& runs, const LabelBox& box, T* first, F&& f) {
  const std::int64_t rows = runs.rows();
#pragma omp parallel for schedule(static) if (voxel_count(runs.size) >= kWorthThreads)
  for (std::int64_t r = 0; r < rows; ++r) {
    T* row = first + (r % box.size[1]) * box.step_y + (r / box.size[1]) * box.step_z;
    const auto at = static_cast<std::size_t>(r);
    for (std::size_t i = runs.row_begin[at]; i < runs.row_begin[at + 1]; ++i) f(row, i);
  }
}

/// Sets the voxels of all components to 0 that are not kept; [n - 1] is of number n.
template <typename T>
void keep_only(const Runs& runs, const LabelMap& map, const std::vector<std::uint8_t>& kept) {
  for_runs(runs, whole(map.view()), static_cast<T*>(map.voxels), [&](T* row, std::size_t i) {
    if (kept[runs.component[i] - 1] != 0) return;
    std::fill(row + runs.runs[i].begin, row + runs.runs[i].end, T{0});
  });
}

Runs runs_of_classes(const LabelMap& map, Connectivity connectivity) {
  return find_runs(whole(map.view()), {0, Joins::equal_labels, connectivity});
}

/// The class of each component.
template <typename T>
std::vector<T> classes_of(const Runs& runs, const LabelMap& map) {
  std::vector<T> classes(runs.count);
  const T* row = static_cast<const T*>(map.voxels);
  std::uint32_t next = 1;
  for (std::size_t r = 0; r + 1 < runs.row_begin.size(); ++r, row += runs.size[0]) {
    for (std::size_t i = runs.row_begin[r]; i < runs.row_begin[r + 1]; ++i) {
      if (runs.component[i] == next) classes[next++ - 1] = row[runs.runs[i].begin];
    }
  }
  return classes;
}

template <typename T>
void keep_largest_cpu(const LabelMap& map, Connectivity connectivity) {
  const Runs runs = runs_of_classes(map, connectivity);
  const std::vector<std::int64_t> sizes = component_sizes(runs);
  const std::vector<T> classes = classes_of<T>(runs, map);
  std::vector<std::uint32_t> best(kLabels, 0);
  for (std::uint32_t n = 1; n <= runs.count; ++n) {
    std::uint32_t& b = best[classes[n - 1]];
    if (b == 0 || sizes[n - 1] > sizes[b - 1]) b = n;
  }
  std::vector<std::uint8_t> kept(runs.count);
  for (std::uint32_t n = 1; n <= runs.count; ++n) kept[n - 1] = best[classes[n - 1]] == n ? 1 : 0;
  keep_only<T>(runs, map, kept);
}

template <typename T>
void remove_small_cpu(const LabelMap& map, Connectivity connectivity, std::int64_t least) {
  const Runs runs = runs_of_classes(map, connectivity);
  std::vector<std::uint8_t> kept(runs.count);
  const std::vector<std::int64_t> sizes = component_sizes(runs);
  for (std::size_t n = 0; n < kept.size(); ++n) kept[n] = sizes[n] >= least ? 1 : 0;
  keep_only<T>(runs, map, kept);
}

/// Voxels low <= x < high and so on.
struct Extent {
  Size3 low;
  Size3 high{0, 0, 0};

  void include(const Size3& from, const Size3& to) {
    for (std::size_t i = 0; i < 3; ++i) {
      low[i] = std::min(low[i], from[i]);
      high[i] = std::max(high[i], to[i]);
    }
  }
  Size3 size() const { return {high[0] - low[0], high[1] - low[1], high[2] - low[2]}; }
};

/// The smallest box of each class; a high end of 0 where there is none.
template <typename T>
std::vector<Extent> extents(const LabelMap& map) {
  const std::int64_t nx = map.size[0], ny = map.size[1], nz = map.size[2];
  std::vector<Extent> all(kLabels, {map.size});
#pragma omp parallel if (nx * ny * nz >= kWorthThreads)
  {
    std::vector<Extent> mine(T(~T{0}) + std::size_t{1}, {map.size});
#pragma omp for schedule(static)
    for (std::int64_t r = 0; r < ny * nz; ++r) {
      const T* row = static_cast<const T*>(map.voxels) + r * nx;
      const std::int64_t y = r % ny, z = r / ny;
      for (std::int64_t x = 0; x < nx;) {
        const std::int64_t begin = x;
        while (++x < nx && row[x] == row[begin]) {
        }
        if (row[begin] != 0) mine[row[begin]].include({begin, y, z}, {x, y + 1, z + 1});
      }
    }
#pragma omp critical
    for (std::size_t i = 1; i < mine.size(); ++i) {
      if (mine[i].high[0] > 0) all[i].include(mine[i].low, mine[i].high);
    }
  }
  return all;
}

/// Whether each component touches a side of the box; [n - 1] is of number n.
std::vector<std::uint8_t> at_border(const Runs& runs) {
  std::vector<std::uint8_t> touches(runs.count, 0);
  const std::int64_t nx = runs.size[0], ny = runs.size[1], nz = runs.size[2];
  for (std::int64_t r = 0; r < runs.rows(); ++r) {
    const std::int64_t y = r % ny, z = r / ny;
    const bool outer = y == 0 || z == 0 || y == ny - 1 || z == nz - 1;
    const auto at = static_cast<std::size_t>(r);
    for (std::size_t i = runs.row_begin[at]; i < runs.row_begin[at + 1]; ++i) {
      const Run& run = runs.runs[i];
      if (outer || run.begin == 0 || run.end == nx) touches[runs.component[i] - 1] = 1;
    }
  }
  return touches;
}

/// A hole lies inside the smallest box of its class and does not touch the box's sides: outside of
/// the box nothing is of the class, so what touches a side goes on to the border of the volume.
template <typename T>
void fill_holes_of(const LabelMap& map, std::uint16_t label, const Extent& extent,
                   Connectivity of_holes) {
  LabelBox box = whole(map.view());
  box.size = extent.size();
  T* const first = static_cast<T*>(map.voxels) + extent.low[2] * box.step_z +
                   extent.low[1] * box.step_y + extent.low[0];
  box.first = first;
  const Runs runs = find_runs(box, {label, Joins::foreground, of_holes});
  const std::vector<std::uint8_t> open = at_border(runs);
  for_runs(runs, box, first, [&](T* row, std::size_t i) {
    if (open[runs.component[i] - 1] != 0) return;
    std::replace(row + runs.runs[i].begin, row + runs.runs[i].end, T{0}, static_cast<T>(label));
  });
}

/// The components of a label map in device memory, and what finds them.
class OnDevice {
 public:
  OnDevice(const LabelMap& map, const Stream& stream)
      : map_(map),
        stream_(stream),
        numbers_(static_cast<std::size_t>(voxel_count(map.size)) * sizeof(std::uint32_t), stream),
        count_(sizeof(std::uint32_t), stream),
        scratch_(components_scratch_bytes(map.size), stream) {}

  /// Numbers the components and waits for their count.
  std::uint32_t find(const LabelView& labels, const ComponentTask& task) {
    components_cuda(labels, task, {numbers(), static_cast<std::uint32_t*>(count_.data())},
                    scratch_.data(), stream_);
    std::uint32_t count = 0;
    copy_to_host(count_, std::as_writable_bytes(std::span(&count, 1)), stream_);
    stream_.synchronize();
    return count;
  }
  /// Numbers the components of each class and counts their voxels.
  DeviceBuffer find_sizes(Connectivity connectivity) {
    const std::uint32_t count = find(map_.view(), {Joins::equal_labels, connectivity});
    DeviceBuffer sizes(count * sizeof(std::uint32_t), stream_);
    component_sizes_cuda(numbers(), voxel_count(map_.size),
                         static_cast<std::uint32_t*>(sizes.data()), count, stream_);
    return sizes;
  }

  std::uint32_t* numbers() const { return static_cast<std::uint32_t*>(numbers_.data()); }

 private:
  const LabelMap& map_;
  const Stream& stream_;
  DeviceBuffer numbers_, count_, scratch_;
};

/// Takes the map to the device, filters it there, and takes it back.
template <typename F>
void filter_there(const Device& device, const LabelMap& map, const F& filter) {
  const Stream stream(device);
  const std::span<std::byte> host(
      static_cast<std::byte*>(map.voxels),
      static_cast<std::size_t>(voxel_count(map.size)) * bytes_of(map.type));
  const DeviceBuffer voxels(host.size(), stream);
  copy_to_device(host, voxels, stream);
  filter(LabelMap{voxels.data(), map.type, map.size}, stream);
  copy_to_host(voxels, host, stream);
  stream.synchronize();
}

void check_classes(const LabelMap& map, std::span<const std::uint16_t> classes) {
  for (const std::uint16_t label : classes) {
    if (label == 0 || (map.type == ScalarType::u8 && label > 255)) {
      throw Error(ErrorCode::bad_argument, "fill holes: a class that the label map cannot hold");
    }
  }
}

/// A class that no voxel has needs no search of the whole map. Of 8-bit labels alone; waits.
std::vector<std::uint16_t> those_present(const LabelMap& map,
                                         std::span<const std::uint16_t> classes,
                                         const Stream& stream) {
  if (voxel_count(map.size) == 0) return {};
  if (map.type != ScalarType::u8) return {classes.begin(), classes.end()};
  std::vector<LabelSlice> slices(static_cast<std::size_t>(map.size[2]));
  const auto bytes = std::as_writable_bytes(std::span(slices));
  const DeviceBuffer there(bytes.size(), stream);
  label_slices_cuda(static_cast<const std::uint8_t*>(map.voxels), map.size,
                    static_cast<LabelSlice*>(there.data()), stream);
  copy_to_host(there, bytes, stream);
  stream.synchronize();
  std::vector<std::uint16_t> present;
  std::ranges::copy_if(classes, std::back_inserter(present), [&](std::uint16_t label) {
    return std::ranges::any_of(slices, [&](const LabelSlice& s) { return s.holds[label] != 0; });
  });
  return present;
}

}  // namespace

void keep_largest_components(const LabelMap& map, Connectivity connectivity, const Stream& stream) {
  check_labels(map.view(), "keep largest components");
  OnDevice there(map, stream);
  const DeviceBuffer sizes = there.find_sizes(connectivity);
  const DeviceBuffer best(kLabels * sizeof(std::uint64_t), stream);
  keep_largest_cuda(map, there.numbers(), static_cast<const std::uint32_t*>(sizes.data()),
                    static_cast<std::uint64_t*>(best.data()), stream);
}

void remove_small_components(const LabelMap& map, Connectivity connectivity, std::int64_t least,
                             const Stream& stream) {
  check_labels(map.view(), "remove small components");
  OnDevice there(map, stream);
  const DeviceBuffer sizes = there.find_sizes(connectivity);
  remove_small_cuda(map, there.numbers(), static_cast<const std::uint32_t*>(sizes.data()), least,
                    stream);
}

void fill_holes(const LabelMap& map, std::span<const std::uint16_t> classes, Connectivity of_holes,
                const Stream& stream) {
  check_labels(map.view(), "fill holes");
  check_classes(map, classes);
  const std::vector<std::uint16_t> present = those_present(map, classes, stream);
  OnDevice there(map, stream);
  const DeviceBuffer others(static_cast<std::size_t>(voxel_count(map.size)), stream);
  auto* const marks = static_cast<std::uint8_t*>(others.data());
  for (const std::uint16_t label : present) {
    mark_others_cuda(map, label, marks, stream);
    const std::uint32_t count =
        there.find({marks, ScalarType::u8, map.size}, {Joins::foreground, of_holes});
    const DeviceBuffer at_border(count, stream);
    fill_holes_cuda(map, label, {there.numbers(), count},
                    static_cast<std::uint8_t*>(at_border.data()), stream);
  }
}

void keep_largest_components(const Device& device, const LabelMap& map, Connectivity connectivity) {
  check_labels(map.view(), "keep largest components");
  if (device.backend == Backend::cpu) {
    return with_label_type(map.type,
                           [&](auto t) { keep_largest_cpu<decltype(t)>(map, connectivity); });
  }
  filter_there(device, map, [&](const LabelMap& there, const Stream& stream) {
    keep_largest_components(there, connectivity, stream);
  });
}

void remove_small_components(const Device& device, const LabelMap& map, Connectivity connectivity,
                             std::int64_t least) {
  check_labels(map.view(), "remove small components");
  if (device.backend == Backend::cpu) {
    return with_label_type(
        map.type, [&](auto t) { remove_small_cpu<decltype(t)>(map, connectivity, least); });
  }
  filter_there(device, map, [&](const LabelMap& there, const Stream& stream) {
    remove_small_components(there, connectivity, least, stream);
  });
}

void fill_holes(const Device& device, const LabelMap& map, std::span<const std::uint16_t> classes,
                Connectivity of_holes) {
  check_labels(map.view(), "fill holes");
  check_classes(map, classes);
  if (device.backend == Backend::cpu) {
    return with_label_type(map.type, [&](auto t) {
      using T = decltype(t);
      const std::vector<Extent> extent = extents<T>(map);
      for (const std::uint16_t label : classes) {
        if (extent[label].high[0] > 0) fill_holes_of<T>(map, label, extent[label], of_holes);
      }
    });
  }
  filter_there(device, map, [&](const LabelMap& there, const Stream& stream) {
    fill_holes(there, classes, of_holes, stream);
  });
}

}  // namespace osler::kernels
