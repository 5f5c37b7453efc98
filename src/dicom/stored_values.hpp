#pragma once
// Walks the values of a decoded frame. Inside the room only.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "dicom/study.hpp"

namespace osler::dicom {

/// f of a word of as many bits.
template <typename F>
void with_word(int bits, F&& f) {
  if (bits == 8) return f(std::uint8_t{});
  if (bits == 16) return f(std::uint16_t{});
  f(std::uint32_t{});
}

/// f(index, value) of each value in memory order, read in Pixel Representation.
template <typename F>
void for_each_value(const PixelFormat& format, std::span<const std::byte> frame, F&& f) {
  const auto walk = [&](auto word) {
    for (std::size_t i = 0; i < frame.size() / sizeof word; ++i) {
      std::memcpy(&word, frame.data() + i * sizeof word, sizeof word);
      f(i, static_cast<std::int64_t>(word));
    }
  };
  if (!format.is_signed) return with_word(format.bits_allocated, walk);
  if (format.bits_allocated == 8) return walk(std::int8_t{});
  if (format.bits_allocated == 16) return walk(std::int16_t{});
  walk(std::int32_t{});
}

/// The stored values that Pixel Padding Value and Range Limit name (PS3.3 C.7.5.1.1.2).
struct StoredPadding {
  std::int64_t low = 0;
  std::int64_t high = -1;  ///< below `low`: there is no padding

  explicit StoredPadding(const Instance& instance) {
    if (!instance.pixel_padding_value) return;
    const std::int64_t a = *instance.pixel_padding_value;
    const std::int64_t b = instance.pixel_padding_range_limit.value_or(a);
    low = a < b ? a : b;
    high = a < b ? b : a;
  }
  bool holds(std::int64_t stored) const { return stored >= low && stored <= high; }
  bool any() const { return low <= high; }
};

}  // namespace osler::dicom
