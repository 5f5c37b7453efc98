#pragma once
// The pictures that go into secondary captures and the HTML report.

#include <cstdint>
#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "report/slice_view.hpp"
#include "volume/volume.hpp"

namespace osler::report {

struct Picture {
  PlaneKind kind = PlaneKind::axial;
  std::string name;     ///< "axial"
  std::string caption;  ///< where the plane lies
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;  ///< row by row
  bool outlined = true;           ///< a plane with outlines of segments; else an image as it is
};

inline constexpr int kPictureWidth = 768;

/// Axial, coronal and sagittal through the segments, outlined in their colours. Nothing of the
/// patient's identity is drawn. Empty if no voxel has a label.
std::vector<Picture> draw_pictures(const Findings& findings, const LabelMap& labels,
                                   const Volume& volume);

/// The same, where the labels were counted before.
std::vector<Picture> draw_pictures(const Findings& findings, const LabelMap& labels,
                                   const Volume& volume, const LabelExtents& extents);

/// @throws Error internal
std::vector<std::uint8_t> to_png(const Picture& picture);

}  // namespace osler::report
