#pragma once
// Where a sliding window stands on an image, and what each voxel of it weighs.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/affine.hpp"
#include "kernels/patches.hpp"

namespace osler {

/// Whose windows: the network was tried with these, and gives other scores with others.
/// - monai: SlidingWindowInferer, whose overlap is 1 - step. Starts are int(patch step) apart, the
///   last one moved back onto the image; weights are a Gaussian about the middle between voxels, at
///   least .001.
/// - nnunet: compute_steps_for_sliding_window, compute_gaussian. As few starts as lie at most
///   patch step apart, evenly spread and rounded (half to even); weights are a Gaussian
///   about voxel patch / 2, 10 at most, rounded to binary16, where 0 becomes the smallest other.
enum class WindowRule { monai, nnunet };

struct WindowSettings {
  WindowRule rule = WindowRule::nnunet;
  Size3 patch{0, 0, 0};            ///< voxels {x, y, z} of the network's grid
  Vec3 step{0.5, 0.5, 0.5};        ///< between neighbours per size of the patch, 0 < step <= 1
  bool gaussian = true;            ///< else each voxel weighs 1
  double sigma_scale = 0.125;      ///< standard deviation per size of the patch
  std::array<bool, 3> mirrored{};  ///< axes: the mean is over all their combinations
  /// Where the image is smaller than the patch; it lies in the middle, the odd voxel behind it.
  kernels::Beyond beyond = kernels::Beyond::value;
  float value = 0;
};

struct Windows {
  Size3 image{0, 0, 0};
  Size3 patch{0, 0, 0};
  /// Along x, y, z, ascending; below 0 where the image is smaller. Every combination is a window.
  std::array<std::vector<std::int64_t>, 3> begins;
  std::vector<float> weights;  ///< one per voxel of the patch, x fastest
  /// What a patch is shown as: flipped along these axes; the first is along none.
  std::vector<std::array<bool, 3>> flips;

  /// Times that the network runs.
  std::int64_t runs() const;
};

/// @throws Error bad_argument: an empty image or patch, step or sigma out of range
Windows place_windows(const Size3& image, const WindowSettings& settings);

/// 1 / (sum of the weights of all windows) for the voxels of planes z_begin <= z < z_end.
/// @param share  image.x * image.y * (z_end - z_begin)
void weight_shares(const Windows& windows, std::int64_t z_begin, std::int64_t z_end,
                   std::span<float> share);

/// Sums of the weights of all windows, rounded to binary16 behind each addition, in the order in
/// which windows run: what nnU-Net divides by. @param sums  as weight_shares
void weight_sums_in_halves(const Windows& windows, std::int64_t z_begin, std::int64_t z_end,
                           std::span<float> sums);

}  // namespace osler
