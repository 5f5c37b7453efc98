#pragma once
// One resolution level of a registration: Mattes mutual information over a fixed set of samples,
// maximised over similarities or affine maps. ITK lies behind it and does not show.

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "core/affine.hpp"

namespace osler {

/// An image at one resolution. `index_to_frame` leads into the unit frame of the registration, in
/// which the head is about 2 across: then all twelve parameters of an affine map weigh the same.
struct RegistrationImage {
  Size3 size{};
  Affine index_to_frame;
  std::vector<float> voxels;
};

/// Means of blocks of factor[0] x factor[1] x factor[2] voxels; what does not fill a block at the
/// far end of an axis is left out, unless the axis has less than one block.
RegistrationImage block_means(const RegistrationImage& image, const Size3& factor);

/// Trilinear value at a point of the frame, `outside` beyond the outermost voxel centres.
float sample(const RegistrationImage& image, const Affine& frame_to_index, const Vec3& point,
             float outside);

/// The singular values of the linear part, largest first.
Vec3 singular_values(const Affine& map);

/// q = scale * rotation * p + translation, in the unit frame.
struct Similarity {
  double scale = 1;
  double pitch_rad = 0;  ///< about x (left-right), first
  double roll_rad = 0;   ///< about y (front-back), second
  double yaw_rad = 0;    ///< about z (head-feet), third
  Vec3 translation{};
};

/// Regular step gradient descent: steps of `first`, relaxed at each turn, until shorter than
/// `last`.
struct Descent {
  int iterations = 40;
  double first = 0.1;   ///< in the unit frame
  double last = 0.005;  ///< in the unit frame
};

/// Holds copies of nothing: the images must outlive it. One object per thread.
class AffineRegistration {
 public:
  /// @param samples points of the fixed image's frame at which the images are compared
  AffineRegistration(const RegistrationImage& fixed, std::span<const Vec3> samples,
                     const RegistrationImage& moving);
  ~AffineRegistration();
  AffineRegistration(AffineRegistration&&) noexcept;
  AffineRegistration& operator=(AffineRegistration&&) noexcept;

  /// Mutual information in nats of fixed(p) and moving(map(p)) over the samples; 0 if an image is
  /// constant or nothing overlaps.
  double mutual_information(const Affine& map);
  /// The best map met on the way from the start; the start itself if there is nothing to compare.
  Affine similarity(const Similarity& start, const Descent& descent);
  Affine affine(const Affine& start, const Descent& descent);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace osler
