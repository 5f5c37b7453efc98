#pragma once
// A loaded network. What format its weights have is known here and nowhere else.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "device/device.hpp"
#include "registry/weights.hpp"

namespace at {
class Tensor;
}

namespace osler {

struct LastLayer;

/// N, C, D, H, W; of a network of planes N, C, H, W; of one that gives a score per class N, C.
using TensorShape = std::vector<std::int64_t>;

struct Tensor {
  TensorShape shape{};
  std::vector<float> values;
};

/// In what a network computes on a GPU; the processor computes in f32. tf32 rounds what a
/// convolution multiplies to 10 bits; f16 and bf16 hold weights and activations.
enum class Precision { f32, tf32, f16, bf16 };

/// "fp32", "tf32", "fp16", "bf16". @throws Error usage: another word
Precision parse_precision(std::string_view word);
std::string_view to_string(Precision precision);

/// How the graph of TorchScript weights is run.
enum class Way {
  fused,          ///< rewritten for the device (infer/fused_graph.hpp)
  frozen,         ///< as it is in the file
  channels_last,  ///< as it is, weights and input with the channels of a voxel side by side
  bf16,           ///< channels_last, and weights and activations of 8 bits; of the processor only
};

/// "fused", "frozen", "channels-last", "bf16". @throws Error model: another word
Way parse_way(std::string_view word);
std::string_view to_string(Way way);

/// A network that was compiled for one input, in place of the others' graph on that input.
struct CompiledWeights {
  WeightsFormat format;
  std::vector<std::byte> bytes;  ///< whose digest the caller has checked
};

struct SessionOptions {
  WeightsFormat weights;
  Way way = Way::fused;
  /// Of the same network; on the processor only.
  std::vector<CompiledWeights> compiled;
  Precision precision = Precision::f32;
  /// Said behind what Session::graph says.
  std::string remark;
  /// An input that the network is made for. The fused graph is held against the plain one at load,
  /// on half of these sizes where the network takes that; without it on the first input.
  std::optional<TensorShape> check_shape;
};

/// One network on one device. `forward` may be called again and again, from one thread at a time.
class Session {
 public:
  /// @param weights bytes of a file of options.weights' format, whose digest the caller has
  /// checked: loading runs it
  /// @throws Error model if the bytes are no such file; Error device; Error usage: a precision
  /// that the device does not have
  Session(std::span<const std::byte> weights, const Device& device,
          const SessionOptions& options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) = delete;

  /// @param input as many values as the shape says, NCDHW or NCHW, host memory
  /// @return a tensor of as many dimensions as the input, or N x C; what network_output.hpp takes
  ///   out of several
  /// @throws Error model if the network fails on this input or gives another tensor; Error device
  Tensor forward(std::span<const float> input, const TensorShape& shape);

  /// For `infer` alone: as forward, without copies. What a GPU gives is overwritten by the
  /// session's next run. @param x  on the session's device
  /// @throws Error model; c10::OutOfMemoryError
  at::Tensor run(const at::Tensor& x);
  /// For `infer` alone: about how often `run` will be called with inputs of one size.
  void expect_runs(std::int64_t count);
  /// For `infer` alone: see Network. @throws as run
  const LastLayer* last_layer() const;
  at::Tensor run_before_last_layer(const at::Tensor& x);
  const Device& device() const;

  /// Gives the memory that runs have kept for the next one back to the system. So does the end of
  /// the session.
  void give_back();

  /// How the graph is run: "fused graph", "graph fused in part, 3 of 5 operators", "plain graph"
  /// and why, "compiled graph". Without `check_shape` it may change with the first input.
  std::string graph() const;
  Precision precision() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace osler
