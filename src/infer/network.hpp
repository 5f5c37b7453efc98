#pragma once
// A loaded network behind one interface, whatever the format of its file.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "infer/session.hpp"

namespace at {
class Tensor;
}
namespace c10 {
struct Device;
}

namespace osler {

class Network {
 public:
  Network() = default;
  virtual ~Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// @param x NCDHW or NCHW, contiguous, on the network's device
  /// @throws std::exception of LibTorch; Error model
  virtual at::Tensor run(const at::Tensor& x) = 0;

  /// Whether a run does nothing but queue work on the GPU (infer/queueing_graph.hpp).
  virtual bool only_queues() const { return false; }

  /// As Session::expect_runs.
  virtual void expect_runs(std::int64_t) {}

  /// As Session::last_layer; null where there is none.
  virtual const LastLayer* last_layer() const { return nullptr; }
  /// There must be a last layer. @throws as run
  virtual at::Tensor run_before_last_layer(const at::Tensor& x);

  /// As Session::give_back.
  virtual void give_back() {}

  /// As Session::graph.
  virtual std::string description() const = 0;
};

/// What reads each format is known here and nowhere else.
/// @param weights of options.weights' format
/// @throws Error model: a format that is not known, or sizes that it needs and that are not stated;
///   Error device: made for another device or processor; std::exception of LibTorch: no such file
std::unique_ptr<Network> load_network(std::span<const std::byte> weights, const c10::Device& device,
                                      const SessionOptions& options);

}  // namespace osler
