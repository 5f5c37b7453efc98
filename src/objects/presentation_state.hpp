#pragma once
// Outlines of all segments as annotations of the source images: DICOM Grayscale Softcopy
// Presentation State.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "findings/findings.hpp"
#include "objects/modules.hpp"
#include "volume/volume.hpp"

namespace osler::objects {

inline constexpr char kPresentationStateStorage[] = "1.2.840.10008.5.1.4.1.1.11.1";

/// Graphic Data is FL with a 16-bit length: 65532 bytes. A longer outline becomes several
/// polylines that join.
inline constexpr std::size_t kMostPointsOfPolyline = 8191;
/// Viewers draw them one by one.
inline constexpr std::size_t kMostPolylines = 50'000;
inline constexpr std::size_t kMostGraphicPoints = 4'000'000;
/// Referenced Frame Number is IS with a 16-bit length.
inline constexpr std::size_t kMostReferencedFrames = 10'000;

/// Real values that become black to white.
struct DisplayWindow {
  double centre = 0;
  double width = 0;  ///< larger than 0
};

struct PresentationState {
  std::optional<ObjectIds> ids;  ///< not there: nothing was written
  std::string why_not;           ///< a sentence then
};

/// A graphic layer for each segment that has a voxel, in its colour, with the segment's name at the
/// slice where it is largest; "AI, unverified" on every image that has an outline. Points are in
/// PIXEL units, (0, 0) the outer corner of the first pixel (PS3.3 C.10.5): an index + 1/2. Outlines
/// are those of objects/contours.hpp, not simplified any further. All source images are referenced
/// and shown alike: whole, and with one window.
/// @param window  absent: the source's own (of the middle annotated image), else between two
///                percentiles of the volume's values
/// @throws Error bad_argument if labels, volume and source slices do not match, the source is in
///         colour, or a window has no width; output
PresentationState write_presentation_state(const Findings& findings, const LabelMap& labels,
                                           const Volume& volume, const std::filesystem::path& file,
                                           const std::optional<DisplayWindow>& window = {});

}  // namespace osler::objects
