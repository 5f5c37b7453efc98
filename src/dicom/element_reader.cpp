#include "dicom/element_reader.hpp"

#include <string_view>

#include "core/error.hpp"

namespace osler::dicom {
namespace {

constexpr std::uint32_t kItem = 0xFFFEE000;
constexpr std::uint32_t kItemDelimiter = 0xFFFEE00D;
constexpr std::uint32_t kSequenceDelimiter = 0xFFFEE0DD;

bool is_letter(char c) {
  return c >= 'A' && c <= 'Z';
}

/// VRs with two reserved bytes and a length of 32 bits (PS3.5 7.1.2).
bool has_long_length(char a, char b) {
  static constexpr std::string_view kLong[] = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                               "SV", "UC", "UN", "UR", "UT", "UV"};
  for (const std::string_view vr : kLong) {
    if (vr[0] == a && vr[1] == b) return true;
  }
  return false;
}

}  // namespace

std::uint16_t ElementReader::u16(const std::byte* p) const {
  const auto a = static_cast<std::uint16_t>(p[0]), b = static_cast<std::uint16_t>(p[1]);
  return static_cast<std::uint16_t>(encoding_.big_endian ? a << 8 | b : b << 8 | a);
}

std::uint32_t ElementReader::u32(const std::byte* p) const {
  const std::uint32_t a = u16(p), b = u16(p + 2);
  return encoding_.big_endian ? a << 16 | b : b << 16 | a;
}

bool ElementReader::step(Element& element) {
  if (position_ >= end_) return false;
  const auto head = bytes_.view(position_, 8);
  element.tag = static_cast<std::uint32_t>(u16(head.data())) << 16 | u16(head.data() + 2);
  element.vr = {};
  element.length = u32(head.data() + 4);
  position_ += 8;
  if (element.tag == kItemDelimiter || element.tag == kSequenceDelimiter) return false;
  if (encoding_.explicit_vr && element.tag != kItem) {
    const auto a = static_cast<char>(head[4]), b = static_cast<char>(head[5]);
    // Some writers drop the VR of single elements in a data set that has it: such an element is
    // read as it would be in implicit VR.
    if (is_letter(a) && is_letter(b)) {
      element.vr = {a, b};
      if (has_long_length(a, b)) {
        element.length = u32(bytes_.view(position_, 4).data());
        position_ += 4;
      } else {
        element.length = u16(head.data() + 6);
      }
    }
  }
  element.offset = position_;
  if (element.length != kUndefinedLength &&
      (element.offset > end_ || element.length > end_ - element.offset)) {
    throw Error(ErrorCode::bad_input, "truncated: an element reaches past the end");
  }
  return true;
}

void ElementReader::skip(const Element& element, int depth) {
  if (element.length != kUndefinedLength) {
    position_ = element.offset + element.length;
    return;
  }
  if (depth >= kMaxSequenceDepth) {
    throw Error(ErrorCode::bad_input,
                "sequences nested more than " + std::to_string(kMaxSequenceDepth) + " deep");
  }
  // Of VR UN with undefined length the content is in implicit VR (PS3.5 6.2.2).
  const Encoding outer = encoding_;
  if (element.vr[0] == 'U' && element.vr[1] == 'N') encoding_.explicit_vr = false;
  position_ = element.offset;
  Element item;
  while (step(item)) {
    if (item.tag == kItem && item.length == kUndefinedLength) {
      Element inner;
      while (step(inner)) skip(inner, depth + 1);
    } else {
      skip(item, depth + 1);
    }
  }
  encoding_ = outer;
}

}  // namespace osler::dicom
