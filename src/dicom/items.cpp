#include "dicom/items.hpp"

#include "core/error.hpp"
#include "dicom/data_set.hpp"
#include "dicom/values.hpp"

namespace osler::dicom {
namespace {

constexpr std::uint32_t kPixelData = 0x7FE00010;
/// Bytes of a header for which one element or item is kept at most: writers need more than that,
/// and what is kept of one is some ten times as large.
constexpr std::int64_t kBytesPerElement = 16;

}  // namespace

class ItemReader {
 public:
  ItemReader(const DataSet& data, const std::set<std::uint32_t>& wanted, const Limits& limits)
      : bytes_(data.bytes()),
        wanted_(wanted),
        big_endian_(data.encoding().big_endian),
        left_(limits.max_header_bytes / kBytesPerElement) {}

  Item read(ElementReader& reader, int depth = 0) {
    if (depth > kMaxSequenceDepth) throw Error(ErrorCode::bad_input, "sequences nested too deep");
    Item item;
    item.big_endian_ = big_endian_;
    count();
    Element e;
    while (reader.next(e)) {
      if (e.tag == kPixelData) break;
      if (!wanted_.contains(e.tag)) {
        reader.skip(e);
      } else if (e.is_sequence() || holds_items(e)) {
        std::vector<Item>& items = item.sequences_[e.tag];
        reader.for_each_item(
            e, [&](ElementReader& inside) { items.push_back(read(inside, depth + 1)); });
      } else {
        count();
        const auto value = bytes_.view(e.offset, e.length);
        item.values_[e.tag].assign(reinterpret_cast<const char*>(value.data()), value.size());
        reader.skip(e);
      }
    }
    return item;
  }

 private:
  /// In implicit VR a sequence of defined length shows only by what it begins with.
  bool holds_items(const Element& e) {
    if (e.vr[0] != '\0' || e.length < 8) return false;
    const auto head = bytes_.view(e.offset, 4);
    return head[0] == std::byte{0xFE} && head[1] == std::byte{0xFF} && head[2] == std::byte{0} &&
           head[3] == std::byte{0xE0};
  }

  void count() {
    if (--left_ < 0) throw Error(ErrorCode::bad_input, "too many elements in a header");
  }

  ByteSource& bytes_;
  const std::set<std::uint32_t>& wanted_;
  bool big_endian_;
  std::int64_t left_;
};

std::string Item::text(std::uint32_t tag) const {
  const auto found = values_.find(tag);
  return found == values_.end() ? std::string() : std::string(trimmed(found->second));
}

std::optional<double> Item::number(std::uint32_t tag) const {
  const auto found = values_.find(tag);
  if (found == values_.end()) return std::nullopt;
  return dicom::number(value_at(found->second, 0));
}

std::optional<long> Item::integer(std::uint32_t tag) const {
  const auto found = values_.find(tag);
  return found == values_.end() ? std::nullopt : dicom::integer(found->second);
}

std::optional<std::vector<double>> Item::numbers(std::uint32_t tag) const {
  std::vector<double> values;
  const auto found = values_.find(tag);
  if (found == values_.end() || trimmed(found->second).empty()) return values;
  std::string_view rest = found->second;
  for (bool last = false; !last;) {
    const auto cut = rest.find('\\');
    last = cut == std::string_view::npos;
    const auto value = dicom::number(trimmed(rest.substr(0, cut)));
    if (!value) return std::nullopt;
    values.push_back(*value);
    if (!last) rest.remove_prefix(cut + 1);
  }
  return values;
}

std::vector<std::uint16_t> Item::words(std::uint32_t tag) const {
  std::vector<std::uint16_t> values;
  const auto found = values_.find(tag);
  if (found == values_.end()) return values;
  const std::string& bytes = found->second;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const unsigned a = static_cast<unsigned char>(bytes[i]);
    const unsigned b = static_cast<unsigned char>(bytes[i + 1]);
    values.push_back(static_cast<std::uint16_t>(big_endian_ ? a << 8 | b : b << 8 | a));
  }
  return values;
}

std::optional<std::uint16_t> Item::word(std::uint32_t tag) const {
  const std::vector<std::uint16_t> values = words(tag);
  return values.empty() ? std::nullopt : std::optional(values.front());
}

const std::vector<Item>& Item::items(std::uint32_t tag) const {
  static const std::vector<Item> kNone;
  const auto found = sequences_.find(tag);
  return found == sequences_.end() ? kNone : found->second;
}

const Item& Item::item(std::uint32_t tag) const {
  static const Item kEmpty;
  const std::vector<Item>& all = items(tag);
  return all.empty() ? kEmpty : all.front();
}

Item read_items(const Instance& instance, const std::set<std::uint32_t>& wanted,
                const Limits& limits) {
  return with_file_name(instance, [&] {
    const DataSet data = open_again(instance, limits);
    ElementReader elements = data.elements();
    return ItemReader(data, wanted, limits).read(elements);
  });
}

}  // namespace osler::dicom
