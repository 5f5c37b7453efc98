#pragma once
// Stacks whose slices go through a Modality LUT Sequence: the table's outputs are the stored values
// of the volume, slope 1 and intercept 0. Inside the room only.

#include <optional>
#include <vector>

#include "volume/plan.hpp"

namespace osler {

/// `modality_lut` as a warning that names Modality LUT Type, or refusing: slices with and without a
/// table, tables of another type or depth, a descriptor that is none. `rescale_absent` for CT whose
/// table does not give HU. Nothing if no slice has a table.
void check_modality_lut(const std::vector<SliceRef>& slices, std::vector<Reason>& reasons);

/// Of a stack with tables: the smallest unsigned type that holds the outputs, u8 or u16; with
/// padding in any slice, that holds one value more (u16 or, for 16-bit tables, u32).
ScalarType modality_lut_type(const std::vector<SliceRef>& slices);

/// Padding is found in the stored values, before the table, and gets a value of its own, 2^bits,
/// one above the largest output.
std::optional<Volume::Padding> modality_lut_padding(const std::vector<SliceRef>& slices);

/// Bytes of a decoded slice, with or without a table. @throws Error as dicom::frame_bytes
std::size_t slice_bytes(const std::vector<SliceRef>& slices, const dicom::Limits& limits);

}  // namespace osler
