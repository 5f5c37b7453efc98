#pragma once
// The pictures that go into secondary captures and the page.

#include <cstdint>
#include <vector>

#include "findings/findings.hpp"
#include "findings/picture.hpp"
#include "page/slice_view.hpp"
#include "volume/volume.hpp"

namespace osler::page {

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

}  // namespace osler::page
