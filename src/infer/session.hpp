#pragma once
// A loaded network. What format its weights have is known here and nowhere else.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "device/device.hpp"

namespace osler {

/// N, C, D, H, W
using TensorShape = std::array<std::int64_t, 5>;

struct Tensor {
  TensorShape shape{};
  std::vector<float> values;
};

/// One network on one device. `forward` may be called again and again, from one thread at a time.
class Session {
 public:
  /// @param weights bytes of a TorchScript file whose digest the caller has checked: loading runs
  /// it
  /// @throws Error model if the bytes are no TorchScript; Error device
  Session(std::span<const std::byte> weights, const Device& device);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) = delete;

  /// @param input shape[0] * ... * shape[4] values, NCDHW, host memory
  /// @throws Error model if the network fails on this input or gives no NCDHW tensor; Error device
  Tensor forward(std::span<const float> input, const TensorShape& shape);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace osler
