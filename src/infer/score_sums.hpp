#pragma once
// Weighted sums of scores for the planes that windows still add to. Inside the room only.

#include <torch/types.h>

#include <cstdint>

#include "infer/pointwise_cpu.hpp"
#include "infer/windows.hpp"
#include "kernels/patches.hpp"

namespace osler {

at::ScalarType scalar_type(kernels::FloatType type);

class Sums {
 public:
  /// @param in_halves  as SlidingWindowOptions; sums are divided when they are read then
  Sums(const Windows& windows, int classes, kernels::FloatType type, const at::Device& device,
       bool in_halves);

  kernels::ScoreSums view() const;
  /// What a weight counts at each voxel held: 1 / (sum of the weights there).
  const float* share() const { return (in_halves_ ? ones_ : share_).data_ptr<float>(); }
  bool on_host() const { return device_.is_cpu(); }

  /// Mean scores of planes begin ... end - 1 as floats: classes x voxels.
  at::Tensor planes(std::int64_t begin, std::int64_t end) const;
  /// The layer's value for them: outputs x voxels.
  at::Tensor through(const LastLayer& layer, std::int64_t begin, std::int64_t end) const;

  /// Lets go of planes below `plane`.
  void begin_at(std::int64_t plane);
  void to_host();

 private:
  void move_down(const at::Tensor& planes, std::int64_t gone) const;
  void fill_share(std::int64_t from);

  const Windows& windows_;
  kernels::FloatType type_;
  at::Device device_;
  bool in_halves_;
  std::int64_t first_plane_ = 0;
  std::int64_t planes_ = 0;
  at::Tensor scores_;  ///< classes, planes, y, x
  at::Tensor share_;   ///< planes, y, x; in halves the sum of the weights itself
  at::Tensor ones_;    ///< of the same size, in halves
};

}  // namespace osler
