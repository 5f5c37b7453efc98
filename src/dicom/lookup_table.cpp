#include "dicom/lookup_table.hpp"

#include <cmath>

#include "core/error.hpp"
#include "dicom/data_set.hpp"

namespace osler::dicom {
namespace {

// A table of 65536 entries of two bytes; segments make it longer only if they are wasteful.
constexpr std::uint32_t kMaxTableBytes = 1 << 20;

[[noreturn]] void fail(const std::string& what, const std::string& expected = {}) {
  throw Error(ErrorCode::bad_input, "look-up table: " + what, expected);
}

/// Data are OW: words in the byte order of the data set, 8-bit entries two to a word, the first one
/// in its low byte.
std::vector<std::uint16_t> words_of(const DataSet& data, const TableInFile& table) {
  std::vector<std::byte> bytes(table.bytes + table.bytes % 2);
  data.bytes().read(table.offset, std::span(bytes).first(table.bytes));
  const std::size_t low = data.encoding().big_endian ? 1 : 0;
  std::vector<std::uint16_t> words(bytes.size() / 2);
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = static_cast<std::uint16_t>(static_cast<unsigned>(bytes[2 * i + low]) |
                                          static_cast<unsigned>(bytes[2 * i + 1 - low]) << 8);
  }
  return words;
}

std::vector<std::uint16_t> unpacked(const std::vector<std::uint16_t>& words) {
  std::vector<std::uint16_t> bytes;
  bytes.reserve(2 * words.size());
  for (const std::uint16_t word : words) {
    bytes.push_back(word & 0xFF);
    bytes.push_back(word >> 8);
  }
  return bytes;
}

void add_discrete(std::span<const std::uint16_t> values, std::vector<std::uint16_t>& out) {
  out.insert(out.end(), values.begin(), values.end());
}

/// From the last value, which stands already, to `to`.
void add_linear(std::size_t length, double to, std::vector<std::uint16_t>& out) {
  if (out.empty()) fail("a linear segment without a value to start from");
  const double from = out.back();
  for (std::size_t i = 1; i <= length; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(length);
    out.push_back(static_cast<std::uint16_t>(std::nearbyint(from + (to - from) * part)));
  }
}

LookupTable read(const DataSet& data, const TableInFile& table, bool stored_is_signed) {
  if (table.entries == 0) fail("no usable descriptor", "three values, 8 to 16 bits an entry");
  if (table.bytes == 0 || table.bytes > kMaxTableBytes) {
    fail(std::to_string(table.bytes) + " bytes of data");
  }
  const auto entries = static_cast<std::size_t>(table.entries);
  LookupTable out;
  out.bits = table.bits;
  out.first_mapped = stored_is_signed
                         ? static_cast<std::int64_t>(static_cast<std::int16_t>(table.first_mapped))
                         : table.first_mapped;
  out.values = words_of(data, table);
  if (table.segmented) {
    out.values = expand_segments(table.bits == 8 ? unpacked(out.values) : out.values, entries);
    return out;
  }
  // Some writers give 8-bit entries a word each, others say 16 bits and pack bytes: the length
  // tells how wide an entry is, as for pydicom.
  if (out.values.size() < entries) {
    out.values = unpacked(out.values);
    out.bits = 8;
  }
  if (out.values.size() < entries) {
    fail(std::to_string(table.bytes) + " bytes of data", std::to_string(entries) + " entries");
  }
  out.values.resize(entries);
  for (const std::uint16_t value : out.values) {
    if (value >> out.bits != 0) {
      fail("an entry is over its " + std::to_string(out.bits) + " bits");
    }
  }
  return out;
}

}  // namespace

std::vector<std::uint16_t> expand_segments(std::span<const std::uint16_t> data,
                                           std::size_t entries) {
  std::vector<std::uint16_t> out;
  for (std::size_t at = 0; out.size() < entries && at + 2 < data.size();) {
    const std::uint16_t type = data[at], length = data[at + 1];
    at += 2;
    const std::size_t taken = type == 0 ? length : 1;
    if (taken > data.size() - at) fail("a segment reaches past the data");
    if (length > entries - out.size()) fail("segments give too many entries");
    if (type == 0) {
      add_discrete(data.subspan(at, length), out);
    } else if (type == 1) {
      add_linear(length, data[at], out);
    } else {
      fail(type == 2 ? "indirect segments" : "segments of an unknown type",
           "discrete or linear segments");
    }
    at += taken;
  }
  if (out.size() != entries) {
    fail("segments give " + std::to_string(out.size()) + " entries", std::to_string(entries));
  }
  return out;
}

LookupTable read_table(const Instance& instance, const TableInFile& table, const Limits& limits) {
  return read(open_again(instance, limits), table, instance.pixels.is_signed);
}

}  // namespace osler::dicom
