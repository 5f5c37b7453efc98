#include "kernels/bit_planes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "kernels/bit_planes_math.hpp"
#include "kernels/component_runs.hpp"

namespace osler::kernels {
namespace {

static_assert(std::endian::native == std::endian::little, "the first voxel is the lowest byte");

void fail(const std::string& what) {
  throw Error(ErrorCode::bad_argument, "bit planes: " + what);
}

void check_size(std::span<const std::uint8_t> labels, const Size3& size) {
  for (const std::int64_t side : size) {
    if (side < 0) fail("a negative size");
  }
  if (static_cast<std::int64_t>(labels.size()) != voxel_count(size)) fail("labels of another size");
}

/// Indices of planes, ascending by slice.
std::vector<std::size_t> by_slice(std::span<const BitPlane> planes) {
  std::vector<std::size_t> order(planes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(planes[a].slice, planes[a].label) <
           std::pair(planes[b].slice, planes[b].label);
  });
  return order;
}

/// @return the planes' indices by slice
std::vector<std::size_t> check_planes(const Size3& size, std::span<const BitPlane> planes,
                                      std::span<const std::uint8_t> packed) {
  if (packed.size() != bit_plane_bytes(size, planes.size())) fail("an output of another size");
  for (const BitPlane& plane : planes) {
    if (plane.slice < 0 || plane.slice >= size[2]) {
      fail(fmt::format("slice {} of {}", plane.slice, size[2]));
    }
  }
  std::vector<std::size_t> order = by_slice(planes);
  const auto alike = [&](std::size_t a, std::size_t b) { return planes[a] == planes[b]; };
  if (std::adjacent_find(order.begin(), order.end(), alike) != order.end()) fail("a plane twice");
  return order;
}

/// The end of the run that begins at `begin`, eight voxels at a time.
std::int64_t run_end(const std::uint8_t* labels, std::int64_t begin, std::int64_t end) {
  const std::uint64_t same = 0x0101010101010101U * labels[begin];
  std::int64_t i = begin + 1;
  for (; i + 8 <= end; i += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, labels + i, sizeof eight);
    if (eight != same) return i + std::countr_zero(eight ^ same) / 8;
  }
  while (i < end && labels[i] == labels[begin]) ++i;
  return i;
}

/// Sets bits begin <= i < end.
void set_bits(std::uint8_t* packed, std::int64_t begin, std::int64_t end) {
  if (begin >= end) return;
  const std::int64_t first = begin / 8, last = (end - 1) / 8;
  const unsigned from = 0xffU << begin % 8, to = 0xffU >> (7 - (end - 1) % 8);
  if (first == last) {
    packed[first] = static_cast<std::uint8_t>(packed[first] | (from & to));
    return;
  }
  packed[first] = static_cast<std::uint8_t>(packed[first] | from);
  std::memset(packed + first + 1, 0xff, static_cast<std::size_t>(last - first - 1));
  packed[last] = static_cast<std::uint8_t>(packed[last] | to);
}

/// Where a plane's bits go; begin <= i < end are those of the bytes that are its alone.
struct Place {
  std::int64_t first = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// @param order  indices of the planes of this slice
void pack_slice(const PlaneBits& bits, std::int64_t slice, std::span<const std::size_t> order,
                std::uint8_t* packed) {
  std::array<Place, 256> places{};
  for (const std::size_t i : order) {
    const std::int64_t first = static_cast<std::int64_t>(i) * bits.pixels;
    const Place place{first, (first + 7) / 8 * 8, (first + bits.pixels) / 8 * 8};
    places[bits.planes[i].label] = place;
    if (place.begin >= place.end) continue;  // fewer than 8 pixels
    std::memset(packed + place.begin / 8, 0,
                static_cast<std::size_t>((place.end - place.begin) / 8));
  }
  const std::uint8_t* labels = bits.labels + slice * bits.pixels;
  for (std::int64_t i = 0; i < bits.pixels;) {
    const std::int64_t end = run_end(labels, i, bits.pixels);
    const Place& place = places[labels[i]];
    set_bits(packed, std::max(place.first + i, place.begin),
             std::min(place.first + end, place.end));
    i = end;
  }
}

/// The bytes that planes share with the next, and the padding.
void pack_rest(const PlaneBits& bits, std::span<std::uint8_t> packed) {
  const auto pack = [&](std::int64_t byte) {
    unsigned value = 0;
    for (int b = 0; b < 8; ++b) value |= static_cast<unsigned>(bits.at(8 * byte + b)) << b;
    packed[static_cast<std::size_t>(byte)] = static_cast<std::uint8_t>(value);
  };
  for (std::int64_t i = 1; i <= bits.count; ++i) {
    if (i * bits.pixels % 8 != 0) pack(i * bits.pixels / 8);
  }
  if (!packed.empty()) pack(static_cast<std::int64_t>(packed.size()) - 1);
}

}  // namespace

std::vector<LabelSlice> label_slices_cpu(std::span<const std::uint8_t> labels, const Size3& size) {
  check_size(labels, size);
  std::vector<LabelSlice> slices(static_cast<std::size_t>(size[2]));
  if (labels.empty()) return slices;
#pragma omp parallel for schedule(static) if (voxel_count(size) >= kWorthThreads)
  for (std::int64_t z = 0; z < size[2]; ++z) {
    LabelSlice slice;
    for (std::int64_t y = 0; y < size[1]; ++y) {
      const std::uint8_t* row = labels.data() + (z * size[1] + y) * size[0];
      RowRuns found;
      for (std::int64_t x = 0; x < size[0];) {
        const std::int64_t end = run_end(row, x, size[0]);
        slice.holds[row[x]] = 1;
        found.take(end - x);
        x = end;
      }
      found.end_singles();
      slice.runs += found.runs;
      slice.rle_bytes += found.rle_bytes;
    }
    slices[static_cast<std::size_t>(z)] = slice;
  }
  return slices;
}

std::vector<LabelSlice> label_slices(const Device& device, std::span<const std::uint8_t> labels,
                                     const Size3& size) {
  if (device.backend == Backend::cpu) return label_slices_cpu(labels, size);
  check_size(labels, size);
  std::vector<LabelSlice> slices(static_cast<std::size_t>(size[2]));
  if (labels.empty()) return slices;
  const Stream stream(device);
  const DeviceBuffer held(labels.size(), stream);
  const DeviceBuffer found(slices.size() * sizeof(LabelSlice), stream);
  copy_to_device(std::as_bytes(labels), held, stream);
  label_slices_cuda(static_cast<const std::uint8_t*>(held.data()), size,
                    static_cast<LabelSlice*>(found.data()), stream);
  copy_to_host(found, std::as_writable_bytes(std::span(slices)), stream);
  stream.synchronize();
  return slices;
}

std::vector<BitPlane> filled_planes(std::span<const LabelSlice> slices,
                                    std::span<const std::uint8_t> segments,
                                    std::span<const std::int64_t> slice_order) {
  const auto count = static_cast<std::int64_t>(slices.size());
  std::vector<std::int64_t> order(slice_order.begin(), slice_order.end());
  if (order.empty()) {
    order.resize(slices.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
  }
  for (const std::int64_t slice : order) {
    if (slice < 0 || slice >= count) fail(fmt::format("slice {} of {}", slice, count));
  }
  std::vector<BitPlane> planes;
  for (const std::uint8_t label : segments) {
    for (const std::int64_t slice : order) {
      if (slices[static_cast<std::size_t>(slice)].holds[label] != 0)
        planes.push_back({slice, label});
    }
  }
  return planes;
}

std::size_t bit_plane_bytes(const Size3& size, std::size_t planes) {
  const std::size_t bits = static_cast<std::size_t>(size[0] * size[1]) * planes;
  return (bits + 15) / 16 * 2;
}

void pack_bit_planes_cpu(std::span<const std::uint8_t> labels, const Size3& size,
                         std::span<const BitPlane> planes, std::span<std::uint8_t> packed) {
  check_size(labels, size);
  const std::vector<std::size_t> order = check_planes(size, planes, packed);
  if (packed.empty()) return;
  const PlaneBits bits{labels.data(), size[0] * size[1], planes.data(),
                       static_cast<std::int64_t>(planes.size())};
  const auto first_of = [&](std::int64_t slice) {
    const auto before = [&](std::size_t i, std::int64_t z) { return planes[i].slice < z; };
    return std::lower_bound(order.begin(), order.end(), slice, before);
  };
#pragma omp parallel for schedule(dynamic, 1) if (voxel_count(size) >= kWorthThreads)
  for (std::int64_t z = 0; z < size[2]; ++z) {
    const std::span of_slice(first_of(z), first_of(z + 1));
    if (!of_slice.empty()) pack_slice(bits, z, of_slice, packed.data());
  }
  pack_rest(bits, packed);
}

void pack_bit_planes(const Device& device, std::span<const std::uint8_t> labels, const Size3& size,
                     std::span<const BitPlane> planes, std::span<std::uint8_t> packed) {
  if (device.backend == Backend::cpu) return pack_bit_planes_cpu(labels, size, planes, packed);
  check_size(labels, size);
  check_planes(size, planes, packed);
  if (packed.empty()) return;
  const Stream stream(device);
  const DeviceBuffer held(labels.size(), stream), out(packed.size(), stream);
  const DeviceBuffer wanted(planes.size_bytes(), stream);
  copy_to_device(std::as_bytes(labels), held, stream);
  copy_to_device(std::as_bytes(planes), wanted, stream);
  pack_bit_planes_cuda(static_cast<const std::uint8_t*>(held.data()), size,
                       {static_cast<const BitPlane*>(wanted.data()), planes.size()},
                       static_cast<std::uint8_t*>(out.data()), stream);
  copy_to_host(out, std::as_writable_bytes(packed), stream);
  stream.synchronize();
}

}  // namespace osler::kernels
