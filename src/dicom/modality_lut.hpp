#pragma once
// Values of frames whose header has a Modality LUT Sequence (PS3.3 C.11.1).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/scalar.hpp"
#include "dicom/scan.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

/// What padding becomes: one above the largest output, so that no output is taken for it.
inline std::int64_t modality_lut_padding(const ModalityLut& lut) {
  return std::int64_t{1} << lut.table.bits;
}

/// Why a table cannot be used, as its descriptor says; empty if nothing is wrong with it. The
/// table's contents are looked at when it is applied.
std::string modality_lut_problem(const ModalityLut& lut);

/// Decodes one frame and sends it through the instance's table: always unsigned, values outside of
/// the table take its first or last entry. Padding is found in the stored values, before the table,
/// and becomes modality_lut_padding.
/// @param frame  from 0
/// @param type   u8, u16 or u32, wide enough for the outputs, and for the padding if there is any
/// @param out    exactly rows x columns values of `type`
/// @throws Error bad_input: damaged pixel data or table; bad_argument: a type too narrow, a buffer
/// of another size
void decode_through_modality_lut(const Instance& instance, int frame, ScalarType type,
                                 std::span<std::byte> out, const Limits& limits = {});

}  // namespace osler::dicom
