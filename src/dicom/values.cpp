#include "dicom/values.hpp"

#include <bit>

namespace osler::dicom {

std::string_view trimmed(std::string_view text) {
  const auto is_pad = [](char c) { return c == ' ' || c == '\0'; };
  while (!text.empty() && is_pad(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_pad(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::string_view> value_at(std::string_view text, std::size_t index) {
  for (; index > 0; --index) {
    const auto cut = text.find('\\');
    if (cut == std::string_view::npos) return std::nullopt;
    text.remove_prefix(cut + 1);
  }
  return trimmed(text.substr(0, text.find('\\')));
}

std::optional<double> number(std::optional<std::string_view> text) {
  if (!text || text->empty()) return std::nullopt;
  if (text->front() == '+') text->remove_prefix(1);
  double value = 0;
  const auto [rest, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  const bool whole = error == std::errc() && rest == text->data() + text->size();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<long> integer(std::string_view text) {
  const auto value = number(value_at(text, 0));
  if (!value || std::abs(*value) > 2147483648.0) return std::nullopt;
  return static_cast<long>(*value);
}

std::string_view Values::text(const Element& e) const {
  if (e.length > kMaxValueBytes) return {};
  const auto bytes = bytes_.view(e.offset, e.length);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::string> Values::list(const Element& e) const {
  const std::string_view all = text(e);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < 16; ++i) {
    const auto value = value_at(all, i);
    if (!value) break;
    values.emplace_back(*value);
  }
  return values;
}

std::uint64_t Values::integer_at(std::uint64_t offset, std::size_t bytes) const {
  const auto b = bytes_.view(offset, bytes);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    const std::size_t at = big_endian_ ? i : bytes - 1 - i;
    value = value << 8 | static_cast<std::uint64_t>(b[at]);
  }
  return value;
}

std::uint16_t Values::word(const Element& e) const {
  if (e.length < 2 || e.length == kUndefinedLength) return 0;
  return static_cast<std::uint16_t>(integer_at(e.offset, 2));
}

std::optional<std::array<std::uint16_t, 3>> Values::three_words(const Element& e) const {
  if (e.length < 6 || e.length == kUndefinedLength) return std::nullopt;
  std::array<std::uint16_t, 3> words{};
  for (std::size_t i = 0; i < 3; ++i) {
    words[i] = static_cast<std::uint16_t>(integer_at(e.offset + 2 * i, 2));
  }
  return words;
}

std::optional<std::uint32_t> Values::long_word(const Element& e) const {
  if (e.length < 4 || e.length == kUndefinedLength) return std::nullopt;
  return static_cast<std::uint32_t>(integer_at(e.offset, 4));
}

std::optional<double> Values::float_double(const Element& e) const {
  if (e.length < 8 || e.length == kUndefinedLength) return std::nullopt;
  const double value = std::bit_cast<double>(integer_at(e.offset, 8));
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace osler::dicom
