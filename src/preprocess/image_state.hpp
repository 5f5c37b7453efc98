#pragma once
// An image on its way through the steps. Inside the room only.

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/resample.hpp"
#include "preprocess/network_image.hpp"

namespace osler {

struct ImageState {
  NetworkImage image;
  std::vector<std::uint8_t> content;  ///< of "crop to nonzero": its mask, holes filled; else empty

  std::int64_t voxels() const { return voxel_count(image.grid.size); }
  std::span<float> channel(int c) {
    return std::span(image.values)
        .subspan(static_cast<std::size_t>(c * voxels()), static_cast<std::size_t>(voxels()));
  }
};

/// Floats as a kernel's source.
class FloatSource {
 public:
  FloatSource(std::span<const float> values, const Size3& size)
      : slope_(static_cast<std::size_t>(size[2]), 1.0F),
        intercept_(slope_.size(), 0.0F),
        view_{values.data(), ScalarType::f32, size, slope_.data(), intercept_.data()} {}
  FloatSource(const FloatSource&) = delete;
  FloatSource& operator=(const FloatSource&) = delete;

  const kernels::SourceView& view() const { return view_; }

 private:
  std::vector<float> slope_, intercept_;
  kernels::SourceView view_;
};

void apply(const NormaliseStep& step, ImageState& state);
void apply(const RescaleStep& step, ImageState& state);

/// Every channel onto the grid `to`. `out_to_in` of a task follows from the two grids.
void resample_to(const NetworkGrid& to, StepInterpolation interpolation, ImageState& state);

/// How nnU-Net resizes: see NnunetResampleStep.
struct NnunetResize {
  int axis = -1;  ///< along which slices stand alone; -1: none
  int order = 3;
  int order_across = 0;
};

/// All channels onto a grid of the same field of view.
void nnunet_resize(const NetworkGrid& to, const NnunetResize& rule, ImageState& state);
std::vector<float> nnunet_resize(std::span<const float> values, const Size3& size,
                                 const Size3& wanted, const NnunetResize& rule);

}  // namespace osler
