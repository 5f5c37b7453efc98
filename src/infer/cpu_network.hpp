#pragma once
// A network on the processor: its graph rewritten, if that gives what the plain one gives.

#include <memory>
#include <string>

#include "infer/session.hpp"

namespace at {
class Tensor;
}
namespace torch::jit {
struct Module;
}

namespace osler {

/// Largest difference between the fused and the plain graph, as a share of the largest value. Both
/// are single precision, added up in another order: on random weights networks of 30 layers differ
/// by a few 1e-6; a graph that is rewritten wrongly differs by its whole value.
inline constexpr double kFusedDifference = 1e-3;

class CpuNetwork {
 public:
  /// @throws std::exception of LibTorch
  CpuNetwork(torch::jit::Module frozen, const SessionOptions& options);
  ~CpuNetwork();

  /// @param x NCDHW, contiguous
  /// @throws std::exception of LibTorch
  at::Tensor run(const at::Tensor& x);

  /// As Session::give_back.
  void give_back();

  /// As Session::graph.
  const std::string& description() const { return description_; }

 private:
  struct Graphs;

  void check(const at::Tensor& x);
  void check_on_smallest(const TensorShape& shape);

  std::unique_ptr<Graphs> graphs_;
  std::string description_;
};

}  // namespace osler
