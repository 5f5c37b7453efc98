#pragma once
// Labels on the source grid -> DICOM Segmentation.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "findings/findings.hpp"
#include "objects/modules.hpp"
#include "volume/volume.hpp"

namespace osler::objects {

inline constexpr char kSegmentationStorage[] = "1.2.840.10008.5.1.4.1.1.66.4";
inline constexpr char kLabelMapSegmentationStorage[] = "1.2.840.10008.5.1.4.1.1.66.7";

/// In which form a destination takes a segmentation.
struct SegmentationForm {
  enum class Type {
    binary,    ///< a frame of bits per segment and slice: what most readers know
    labelmap,  ///< a frame of numbers per slice
  } type = Type::binary;
  enum class Encoding {
    explicit_little_endian,
    rle,       ///< frame by frame; of bits there is none
    deflated,  ///< the whole data set
  } encoding = Encoding::explicit_little_endian;
  int bits = 8;  ///< of a label map: 8 or 16 per voxel

  bool operator==(const SegmentationForm&) const = default;
};

/// Rows, columns, spacing and orientation are the source's; empty frames are left out, but one
/// frame stands even if every segment is empty. Beside the labels it takes 64 MiB of bits, or what
/// the compressed frames need, and a few hundred bytes a frame.
/// @throws Error bad_argument if labels and volume lie on different grids, a label has no segment,
///         or the form is none (bits with RLE, 12 bits);
///         output if the file cannot be written
ObjectIds write_segmentation(const Findings& findings, const LabelMap& labels, const Volume& volume,
                             const std::filesystem::path& file, const SegmentationForm& form = {});

/// How many frames that form of the labels has. @throws Error bad_argument
std::size_t count_frames(const Findings& findings, const LabelMap& labels,
                         const SegmentationForm& form);

/// Probabilities of one segment on one slice of the source grid, c fastest, 0 to 1.
using SliceOfSegment =
    std::function<std::span<const float>(std::int64_t slice, const Segment& segment)>;

/// FRACTIONAL, probabilities in steps of 1/255, a byte each; frames without any are left out.
/// @param encoding  explicit_little_endian or rle
/// @throws Error as write_segmentation
ObjectIds write_fractional_segmentation(const Findings& findings, const Volume& volume,
                                        const SliceOfSegment& probabilities,
                                        const std::filesystem::path& file,
                                        SegmentationForm::Encoding encoding);

}  // namespace osler::objects
