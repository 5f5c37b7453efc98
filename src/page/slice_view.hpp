#pragma once
// Planes through a volume in patient axes, whatever way the scanner's slices lie: which plane to
// show, and the image and labels on it.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "findings/picture.hpp"
#include "page/label_extents.hpp"
#include "volume/volume.hpp"

namespace osler::page {

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
std::vector<Plane> choose_planes(const Findings& findings, const LabelExtents& labels,
                                 PlaneKind kind, int width_pixels);

/// Real values, trilinear; NaN outside of the volume and in padding.
std::vector<float> sample_image(const Volume& volume, const Plane& plane);

/// How much of each pixel is a segment, trilinear over the voxels' centres: 0.5 is the outline. Of
/// the rectangle of the plane that the segment reaches; elsewhere it is 0.
struct SegmentShare {
  int segment = 0;
  int left = 0;  ///< of the rectangle, pixels of the plane
  int top = 0;
  int width = 0;
  int height = 0;
  std::vector<float> share;  ///< row by row
};

/// Of all segments that the plane meets, in order of their numbers, one in memory at a time.
void sample_segments(const LabelMap& labels, const Plane& plane,
                     const std::function<void(const SegmentShare&)>& visit);

/// Real values that become black and white.
struct GreyWindow {
  float low = 0;
  float range = 1;

  /// @param value  finite
  std::uint8_t shade(float value) const;
};

/// Between two percentiles of the finite values.
GreyWindow window_of(const std::vector<float>& values);

/// Of the patient's directions at the edges of a plane.
struct Letters {
  const char* left;
  const char* right;
  const char* top;
  const char* bottom;
};
Letters letters_of(PlaneKind kind);

/// "F 12 mm": the coordinate as a direction from the origin, whatever its sign would mean.
std::string place_of(const Plane& plane, int decimals = 0);

}  // namespace osler::page
