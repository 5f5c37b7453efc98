#pragma once
// Values of elements as text and numbers (PS3.5 6.2). Inside the room only.

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/byte_source.hpp"
#include "dicom/element_reader.hpp"

namespace osler::dicom {

/// A value that is longer is no identifier and no number.
inline constexpr std::uint32_t kMaxValueBytes = 4096;

std::string_view trimmed(std::string_view text);

/// Value number `index` of a backslash-separated list; nothing if there are not so many.
std::optional<std::string_view> value_at(std::string_view text, std::size_t index);

/// DS or IS. @return nothing if it is empty, no number or not finite
std::optional<double> number(std::optional<std::string_view> text);

template <std::size_t N>
std::optional<std::array<double, N>> numbers(std::string_view text) {
  std::array<double, N> values{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto value = number(value_at(text, i));
    if (!value) return std::nullopt;
    values[i] = *value;
  }
  return values;
}

std::optional<long> integer(std::string_view text);

/// Reads values of one data set.
class Values {
 public:
  Values(ByteSource& bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  /// The whole value, padding and all; empty if it is longer than kMaxValueBytes.
  /// Valid until the next read.
  std::string_view text(const Element& e) const;
  std::string first(const Element& e) const { return std::string(*value_at(text(e), 0)); }
  /// The first 16 values: more are no list of code strings.
  std::vector<std::string> list(const Element& e) const;
  std::string whole(const Element& e) const { return std::string(trimmed(text(e))); }

  /// US or SS: the 16 bits. UL: the first 32 bits. FD: a double. 0 or nothing if it is too short.
  std::uint16_t word(const Element& e) const;
  std::optional<std::array<std::uint16_t, 3>> three_words(const Element& e) const;
  std::optional<std::uint32_t> long_word(const Element& e) const;
  std::optional<double> float_double(const Element& e) const;

 private:
  std::uint64_t integer_at(std::uint64_t offset, std::size_t bytes) const;

  ByteSource& bytes_;
  bool big_endian_;
};

}  // namespace osler::dicom
