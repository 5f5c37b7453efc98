#pragma once
// Sequences of objects that are no images (segments of a segmentation, contours of a structure
// set): the elements that a caller asks for, as a tree.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dicom/scan.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

/// Elements of a data set or of an item, by tag (group << 16 | element).
class Item {
 public:
  /// All values of a text, without padding; empty if absent. Bytes as they are stored, whatever
  /// the character set.
  std::string text(std::uint32_t tag) const;
  /// The first value of a DS or IS; nothing if absent or no number.
  std::optional<double> number(std::uint32_t tag) const;
  std::optional<long> integer(std::uint32_t tag) const;
  /// All values of a DS. @return nothing if one of them is no finite number; empty if absent
  std::optional<std::vector<double>> numbers(std::uint32_t tag) const;
  /// All values of a US; empty if absent.
  std::vector<std::uint16_t> words(std::uint32_t tag) const;
  std::optional<std::uint16_t> word(std::uint32_t tag) const;
  /// Items of a sequence; empty if absent.
  const std::vector<Item>& items(std::uint32_t tag) const;
  /// Its first item; an empty one if there is none.
  const Item& item(std::uint32_t tag) const;

 private:
  friend class ItemReader;
  std::map<std::uint32_t, std::string> values_;
  std::map<std::uint32_t, std::vector<Item>> sequences_;
  bool big_endian_ = false;
};

/// Reads the elements before Pixel Data whose tags are in `wanted`, at any level; sequences that
/// are not in it are not looked into.
/// @throws Error bad_input: damaged, truncated, nested over 64 deep, over the limit on headers, or
/// of so many elements that keeping them takes many times a header's bytes
Item read_items(const Instance& instance, const std::set<std::uint32_t>& wanted,
                const Limits& limits = {});

}  // namespace osler::dicom
