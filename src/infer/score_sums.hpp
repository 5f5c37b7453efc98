#pragma once
// Weighted sums of scores for the planes that windows still add to. Inside the room only.

#include <cstdint>
#include <memory>

#include "infer/pointwise_cpu.hpp"
#include "infer/windows.hpp"
#include "kernels/patches.hpp"

namespace at {
class Tensor;
}
namespace c10 {
struct Device;
}

namespace osler {

class Sums {
 public:
  /// @param windows    must outlive this
  /// @param device     of LibTorch; the host's memory if it is `on_host`
  /// @param in_halves  as SlidingWindowOptions; sums are divided when they are read then
  Sums(const Windows& windows, int classes, kernels::FloatType type, const c10::Device& device,
       bool on_host, bool in_halves);
  ~Sums();
  Sums(Sums&&) noexcept;
  Sums& operator=(Sums&&) = delete;

  kernels::ScoreSums view() const;
  /// What a weight counts at each voxel held: 1 / (sum of the weights there).
  const float* share() const;
  bool on_host() const;

  /// Mean scores of planes begin ... end - 1 as floats: classes x voxels.
  at::Tensor planes(std::int64_t begin, std::int64_t end) const;
  /// The layer's value for them: outputs x voxels.
  at::Tensor through(const LastLayer& layer, std::int64_t begin, std::int64_t end) const;

  /// Lets go of planes below `plane`.
  void begin_at(std::int64_t plane);
  void to_host();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace osler
