#pragma once
// Labels on the source grid -> DICOM Segmentation, BINARY, one frame per segment and slice.

#include <cstdint>
#include <filesystem>
#include <span>

#include "findings/findings.hpp"
#include "report/modules.hpp"
#include "volume/volume.hpp"

namespace osler::report {

inline constexpr char kSegmentationStorage[] = "1.2.840.10008.5.1.4.1.1.66.4";

/// Sets a bit for each label that equals `segment`. Pixel i of the concatenated frames is bit i % 8
/// (least significant first) of byte i / 8; frames follow each other without padding (PS3.5 8.1.1).
/// @param first_bit  of this frame: frame number from 0 x rows x columns
/// @param packed     zero where not yet written, long enough
void pack_frame(std::span<const std::uint8_t> labels, std::uint8_t segment, std::size_t first_bit,
                std::span<std::uint8_t> packed);

/// Rows, columns, spacing and orientation are the source's; empty frames are left out, but one
/// frame stands even if every segment is empty.
/// @throws Error bad_argument if labels and volume lie on different grids or a label has no
/// segment;
///         output if the file cannot be written
ObjectIds write_segmentation(const Findings& findings, const LabelMap& labels, const Volume& volume,
                             const std::filesystem::path& file);

}  // namespace osler::report
