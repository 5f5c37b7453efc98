#pragma once
// The stack of axial slices that report.html lets one scroll through: grey pictures and the
// outlines of the segments on them, bounded in size whatever the study is.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "page/label_extents.hpp"
#include "volume/volume.hpp"

namespace osler::page {

inline constexpr int kSliceWidth = 512;  ///< pixels, covering what all segments reach
inline constexpr std::size_t kMostSlices = 96;
inline constexpr std::size_t kMostStackBytes = 6'000'000;  ///< of the page: base64 and outlines
/// Of JPEG: the first that keeps the bound; if none does, every other slice is left out.
inline constexpr int kSliceQualities[] = {82, 70, 55, 40};

/// A segment on a slice, in half pixels: x to the right, y down.
struct SliceOutline {
  int segment = 0;
  std::string path;  ///< SVG path data, filled by the even-odd rule
  int x = 0;         ///< where a number can stand: deep inside
  int y = 0;
  double pixels = 0;  ///< area
};

struct Slice {
  std::string place;  ///< "H 12.5 mm"
  std::vector<std::uint8_t> jpeg;
  std::vector<SliceOutline> outlines;  ///< the largest first
};

/// Planes across the patient's long axis, from the feet to the head, all of one window, field of
/// view and size.
struct SliceStack {
  int width = 0;  ///< pixels
  int height = 0;
  double mm_per_pixel = 0;
  int quality = 0;   ///< of JPEG
  std::string kind;  ///< a sentence: which slices these are
  std::vector<Slice> slices;

  /// What the stack adds to a page.
  std::size_t bytes() const;
  /// The slice on which these segments are largest; -1 if none has them.
  int largest(const std::vector<int>& segments) const;
};

/// Slices that the segments reach and a few around. Slices that lie across the long axis are shown
/// at their own places, uneven or not; through others planes are interpolated. Empty if no voxel
/// has a label.
/// @throws Error internal if a picture cannot be encoded
SliceStack draw_slices(const Findings& findings, const LabelMap& labels, const Volume& volume,
                       const LabelExtents& extents);

}  // namespace osler::page
