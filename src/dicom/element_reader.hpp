#pragma once
// Data elements of PS3.5 7.1, one after another, without keeping any. Inside the room only.

#include <array>
#include <cstdint>

#include "dicom/byte_source.hpp"

namespace osler::dicom {

inline constexpr std::uint32_t kUndefinedLength = 0xFFFFFFFF;

struct Encoding {
  bool explicit_vr = true;
  bool big_endian = false;
};

struct Element {
  std::uint32_t tag = 0;     ///< group << 16 | element
  std::array<char, 2> vr{};  ///< {0, 0} in implicit VR
  std::uint64_t offset = 0;  ///< of the value
  std::uint32_t length = 0;  ///< of the value, or kUndefinedLength

  bool is_sequence() const { return (vr[0] == 'S' && vr[1] == 'Q') || length == kUndefinedLength; }
};

/// Walks the elements of [begin, end) at one level. A value is skipped unless it is looked at.
class ElementReader {
 public:
  ElementReader(ByteSource& bytes, std::uint64_t begin, std::uint64_t end, Encoding encoding)
      : bytes_(bytes), position_(begin), end_(end), encoding_(encoding) {}

  /// The next element of this level. @return false at the end, or at an item or sequence delimiter,
  /// which is consumed and ends the level for good.
  /// @throws Error bad_input: a length that reaches past the end, nesting over the limit
  bool next(Element& element) {
    ended_ = ended_ || !step(element);
    return !ended_;
  }

  /// Goes on after the value of an element that `next` gave; nested items of undefined length are
  /// walked. @throws as `next`
  void skip(const Element& element, int depth = 0);

  /// Calls visit(reader of an item) for every item of a sequence that `next` gave, and goes on
  /// after it. What visit leaves unread of an item is skipped. @throws as `next`
  template <typename Visit>
  void for_each_item(const Element& sequence, Visit&& visit) {
    const bool defined = sequence.length != kUndefinedLength;
    ElementReader items(bytes_, sequence.offset, defined ? sequence.offset + sequence.length : end_,
                        encoding_);
    Element item;
    while (items.next(item)) {
      const bool item_defined = item.length != kUndefinedLength;
      ElementReader inside(bytes_, item.offset,
                           item_defined ? item.offset + item.length : items.end_, encoding_);
      visit(inside);
      Element rest;
      while (inside.next(rest)) inside.skip(rest);
      items.position_ = item_defined ? item.offset + item.length : inside.position_;
    }
    position_ = defined ? sequence.offset + sequence.length : items.position_;
  }

  std::uint64_t position() const { return position_; }
  const Encoding& encoding() const { return encoding_; }

 private:
  bool step(Element& element);
  std::uint16_t u16(const std::byte* p) const;
  std::uint32_t u32(const std::byte* p) const;

  ByteSource& bytes_;
  std::uint64_t position_;
  std::uint64_t end_;
  Encoding encoding_;
  bool ended_ = false;
};

/// Sequences in sequences, as deep as this and no deeper.
inline constexpr int kMaxSequenceDepth = 64;

}  // namespace osler::dicom
