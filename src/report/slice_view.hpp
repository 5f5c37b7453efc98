#pragma once
// Planes through a volume in patient axes, whatever way the scanner's slices lie: which plane to
// show, and the image and labels on it.

#include <array>
#include <cstdint>
#include <vector>

#include "findings/findings.hpp"
#include "volume/volume.hpp"

namespace osler::report {

enum class PlaneKind { axial, coronal, sagittal };

/// A rectangle in patient space, pixel (u, v) centred at origin + u x right + v x down.
struct Plane {
  PlaneKind kind = PlaneKind::axial;
  Vec3 origin_mm{};
  Vec3 right_mm{};  ///< step to the next pixel
  Vec3 down_mm{};
  int width = 0;
  int height = 0;
  double position_mm = 0;  ///< LPS coordinate that the plane holds

  double mm_per_pixel() const { return norm(right_mm); }
};

/// Planes of one kind through the labels that a picture shows side by side: one, but for each side
/// of the body in the sagittal picture. Radiological convention: the patient's right is at the
/// left.
/// @param width_pixels  of all planes together
std::vector<Plane> choose_planes(const Findings& findings, const LabelMap& labels, PlaneKind kind,
                                 int width_pixels);

/// Real values, trilinear; NaN outside of the volume and in padding.
std::vector<float> sample_image(const Volume& volume, const Plane& plane);

/// [label]: does any voxel that a pixel of the plane is mixed from have it?
std::array<bool, 256> labels_near(const LabelMap& labels, const Plane& plane);

/// How much of a pixel is a segment, trilinear over the voxels' centres: 0.5 is the outline.
std::vector<float> sample_segment(const LabelMap& labels, int segment, const Plane& plane);

}  // namespace osler::report
