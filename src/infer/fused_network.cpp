#include "infer/fused_network.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/script.h>

#include <algorithm>
#include <exception>
#include <iomanip>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "infer/activation_memory.hpp"
#include "infer/fused_graph.hpp"
#include "infer/network_output.hpp"
#include "infer/out_of_memory.hpp"
#include "infer/queueing_graph.hpp"

namespace osler {
namespace {

constexpr char kCannotRun[] = "plain graph: the fused one cannot run";

/// Once, to compare with: to optimise the graph for it would take longer than the run.
at::Tensor run_once(torch::jit::Module& plain, const at::Tensor& x) {
  const torch::jit::GraphOptimizerEnabledGuard as_it_is(false);
  return network_output(plain.forward({x}));
}

at::Tensor run_plain(torch::jit::Module& plain, const at::Tensor& x) {
  return network_output(plain.forward({x}));
}

at::MemoryFormat channels_last(const at::Tensor& x) {
  return x.dim() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
}

/// Up to the last layer, if that was taken off.
at::Tensor run_rewritten(torch::jit::Module& fused, const at::Tensor& x) {
  const ActivationMemory kept;
  // `contiguous(format)` leaves the strides of one channel as they are, which say NCDHW.
  const torch::jit::GraphOptimizerEnabledGuard as_it_is(false);  // nothing is left to optimise
  at::Tensor last = at::empty(x.sizes(), x.options(), channels_last(x));
  return network_output(fused.forward({last.copy_(x)}));
}

/// channels_last in, contiguous NC(D)HW out.
at::Tensor apply(const LastLayer& layer, const at::Tensor& x) {
  const ActivationMemory kept;
  TORCH_CHECK(x.size(1) == layer.channels, "a last layer of ", layer.channels, " channels on ",
              x.sizes());
  const at::Tensor last = x.contiguous(channels_last(x));
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes[1] = layer.outputs();
  at::Tensor y = at::empty(sizes, x.options());
  if (y.numel() == 0) return y;
  const auto step = static_cast<std::size_t>(x.numel() / x.size(0));
  const auto out_step = static_cast<std::size_t>(y.numel() / x.size(0));
  for (std::size_t n = 0; n < static_cast<std::size_t>(x.size(0)); ++n) {
    pointwise_cpu({last.const_data_ptr<float>() + n * step, step}, layer.view(),
                  {y.data_ptr<float>() + n * out_step, out_step});
  }
  return y;
}

/// A GPU's convolutions round their inputs to 10 bits, to which graphs would differ by chance.
class FullPrecision {
 public:
  FullPrecision() : was_(at::globalContext().allowTF32CuDNN()) {
    at::globalContext().setAllowTF32CuDNN(false);
  }
  ~FullPrecision() { at::globalContext().setAllowTF32CuDNN(was_); }
  FullPrecision(const FullPrecision&) = delete;
  FullPrecision& operator=(const FullPrecision&) = delete;

 private:
  bool was_;
};

/// As kFusedDifference states it; not a number if one of them is.
double difference(const at::Tensor& fused, const at::Tensor& plain) {
  if (fused.sizes() != plain.sizes()) return 1;
  if (plain.numel() == 0) return 0;
  const double largest = plain.abs().max().item<double>();
  const double apart = (fused.to(at::kFloat) - plain.to(at::kFloat)).abs().max().item<double>();
  return apart == 0 ? 0 : apart / largest;
}

std::string describe(const FusedOperators& operators) {
  if (operators.left == 0) return "fused graph";
  return "graph fused in part, " + std::to_string(operators.fused) + " of " +
         std::to_string(operators.fused + operators.left) + " operators";
}

}  // namespace

struct FusedNetwork::Graphs {
  std::optional<torch::jit::Module> plain, fused;  ///< both until the first run
  std::optional<LastLayer> last;                   ///< of `fused`
  bool compared = false;

  at::Tensor run_fused(const at::Tensor& x) {
    const at::Tensor y = run_rewritten(*fused, x);
    return last ? apply(*last, y) : y;
  }
};

FusedNetwork::FusedNetwork(torch::jit::Module frozen, const at::Device& device,
                           const SessionOptions& options)
    : graphs_(std::make_unique<Graphs>()), description_("plain graph") {
  graphs_->plain = std::move(frozen);
  if (options.way != Way::fused) return;
  torch::jit::Module fused = graphs_->plain->clone();
  FusedOperators operators = device.is_cuda() ? fuse_for_cuda(fused) : fuse_for_cpu(fused);
  if (operators.fused == 0) {
    description_ = "plain graph: no operator that could be fused";
    return;
  }
  graphs_->fused = std::move(fused);
  graphs_->last = std::move(operators.last);
  description_ = describe(operators);
  if (!options.check_shape) return;
  const bool whole = options.precision == Precision::f32 || options.precision == Precision::tf32;
  const bool half = options.precision == Precision::f16;
  check_on_smallest(*options.check_shape, at::TensorOptions(device).dtype(whole  ? at::kFloat
                                                                          : half ? at::kHalf
                                                                                 : at::kBFloat16));
  give_back();  // the first run may be long after
}

FusedNetwork::~FusedNetwork() {
  give_back();
}

/// Of the graph that is left when both were compared.
bool FusedNetwork::only_queues() const {
  if (graphs_->plain && graphs_->fused) return false;
  return osler::only_queues(graphs_->fused ? *graphs_->fused : *graphs_->plain);
}

void FusedNetwork::give_back() {
  ActivationMemory::give_back();
}

at::Tensor FusedNetwork::run(const at::Tensor& x) {
  if (graphs_->fused && !graphs_->compared) check(x);
  if (!graphs_->fused) return run_plain(*graphs_->plain, x);
  if (!graphs_->plain) return graphs_->run_fused(x);
  // The comparison may have been on a smaller input than this.
  try {
    at::Tensor y = graphs_->run_fused(x);
    graphs_->plain.reset();
    return y;
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;  // the caller may come again with less
    description_ = kCannotRun;
    graphs_->fused.reset();
    return run_plain(*graphs_->plain, x);
  }
}

const LastLayer* FusedNetwork::last_layer() const {
  const bool known = graphs_->fused && graphs_->compared && graphs_->last;
  return known ? &*graphs_->last : nullptr;
}

at::Tensor FusedNetwork::run_before_last_layer(const at::Tensor& x) {
  at::Tensor y = run_rewritten(*graphs_->fused, x);
  graphs_->plain.reset();
  return y;
}

/// Keeps the fused graph if it gives what the plain one gives.
void FusedNetwork::check(const at::Tensor& x) {
  const FullPrecision for_comparison;
  const at::Tensor expected = run_once(*graphs_->plain, x);
  try {
    const double apart = difference(graphs_->run_fused(x), expected);
    const bool single = expected.scalar_type() == at::kFloat;
    if (apart <= (single ? kFusedDifference : kFusedDifferenceOfHalf)) {
      graphs_->compared = true;
      return;
    }
    std::ostringstream words;  // LibTorch brings headers of another fmt
    words << "plain graph: the fused one differs by " << std::setprecision(2) << apart;
    description_ = words.str();
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    description_ = kCannotRun;
  }
  graphs_->fused.reset();
}

/// Half of the sizes is an eighth of the work; a network may refuse it.
void FusedNetwork::check_on_smallest(const TensorShape& shape, const at::TensorOptions& of) {
  const c10::InferenceMode guard;
  for (const std::int64_t divisor : {2, 1}) {
    TensorShape smaller = shape;
    for (std::size_t i = 2; i < smaller.size(); ++i)
      smaller[i] = std::max<std::int64_t>(smaller[i] / divisor, 1);
    constexpr std::uint64_t kSeed = 1;
    const at::Tensor x =
        at::randn(smaller, at::detail::createCPUGenerator(kSeed), at::TensorOptions(at::kFloat))
            .to(of);
    try {
      check(x);
      return;
    } catch (const std::exception&) {
      if (divisor == 1) return;  // the first input says what is wrong
    }
  }
}

}  // namespace osler
