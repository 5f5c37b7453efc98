#pragma once
// Look-up tables out of the file (PS3.3 C.11.1.1 Modality LUT, C.7.6.3.1.5 and C.7.9 palette).
// Inside the room only.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dicom/scan.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

struct LookupTable {
  std::int64_t first_mapped = 0;
  int bits = 16;                      ///< of an entry: no value is over 2^bits - 1
  std::vector<std::uint16_t> values;  ///< at least one

  /// Below the first mapped value the first entry, past the last entry the last.
  std::uint16_t operator()(std::int64_t stored) const {
    const std::int64_t last = static_cast<std::int64_t>(values.size()) - 1;
    const std::int64_t at = stored - first_mapped;
    return values[static_cast<std::size_t>(at < 0 ? 0 : at > last ? last : at)];
  }
};

/// Reads a table again out of the instance's file.
/// @throws Error bad_input: no descriptor, entries of less than 8 or more than 16 bits, fewer
/// entries than the descriptor says, or one that is over its bits
LookupTable read_table(const Instance& instance, const TableInFile& table, const Limits& limits);

/// Discrete and linear segments of PS3.3 C.7.9.2; a linear one is rounded to the nearest integer,
/// halves to the even one. Indirect segments are refused: readers disagree on whether their offset
/// counts bytes or words.
/// @param data     bytes of an 8-bit table, words of a 16-bit one
/// @param entries  how many the descriptor says
/// @throws Error bad_input: truncated, indirect, or another number of entries
std::vector<std::uint16_t> expand_segments(std::span<const std::uint16_t> data,
                                           std::size_t entries);

}  // namespace osler::dicom
