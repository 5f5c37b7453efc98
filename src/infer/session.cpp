#include "infer/session.hpp"

#include <torch/script.h>

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "infer/network.hpp"
#include "infer/out_of_memory.hpp"
#include "infer/replayed_network.hpp"
#include "infer/torch_device.hpp"

namespace osler {
namespace {

/// What a network gives, or an error in our words.
template <typename F>
at::Tensor checked(const at::Tensor& x, F&& run) {
  try {
    at::Tensor y = run();
    if (y.dim() == x.dim() || y.dim() == 2) return y;
    throw Error(
        ErrorCode::model, "the network gives " + std::to_string(y.dim()) + " dimensions",
        "as many as its input has (" + std::to_string(x.dim()) + "), or 2: a score per class");
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw_out_of_memory(error);
    throw Error(ErrorCode::model, "the network failed: " + first_line(error.what()));
  }
}

}  // namespace

Precision parse_precision(std::string_view word) {
  for (const Precision precision :
       {Precision::f32, Precision::tf32, Precision::f16, Precision::bf16}) {
    if (word == to_string(precision)) return precision;
  }
  throw Error(ErrorCode::usage, "no precision '" + std::string(word) + "'",
              "fp32, tf32, fp16 or bf16");
}

std::string_view to_string(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "fp32";
    case Precision::tf32:
      return "tf32";
    case Precision::f16:
      return "fp16";
    case Precision::bf16:
      break;
  }
  return "bf16";
}

Way parse_way(std::string_view word) {
  for (const Way way : {Way::fused, Way::frozen, Way::channels_last, Way::bf16}) {
    if (word == to_string(way)) return way;
  }
  throw Error(ErrorCode::model, "no way '" + std::string(word) + "' to run a network",
              "fused, frozen, channels-last or bf16");
}

std::string_view to_string(Way way) {
  switch (way) {
    case Way::fused:
      return "fused";
    case Way::frozen:
      return "frozen";
    case Way::channels_last:
      return "channels-last";
    case Way::bf16:
      break;
  }
  return "bf16";
}

struct Session::State {
  Device place;
  torch::Device device{torch::kCPU};
  Precision precision = Precision::f32;
  std::string remark;
  at::ScalarType type = at::kFloat;

  at::Tensor here(const at::Tensor& x) const {
    // LibTorch has one switch for the process; every session sets it to its own.
    if (device.is_cuda()) at::globalContext().setAllowTF32CuDNN(precision == Precision::tf32);
    return x.to(device, type);
  }
  std::unique_ptr<Network> network;
};

Session::Session(std::span<const std::byte> weights, const Device& device,
                 const SessionOptions& options)
    : state_(std::make_unique<State>()) {
  state_->place = device;
  state_->precision = options.precision;
  state_->remark = options.remark;
  if (device.backend == Backend::cpu && options.precision != Precision::f32) {
    throw Error(ErrorCode::usage,
                "a network on the processor in " + std::string(to_string(options.precision)),
                "fp32", "leave --precision away, or use --device cuda");
  }
  if (options.precision == Precision::f16) state_->type = at::kHalf;
  if (options.precision == Precision::bf16) state_->type = at::kBFloat16;
  state_->device = torch_device(device);
  try {
    state_->network = load_network(weights, state_->device, options);
    if (device.backend == Backend::cuda) {
      state_->network = std::make_unique<ReplayedNetwork>(std::move(state_->network));
      wait_for_default_stream(device);  // lanes do not
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorCode::model, "weights cannot be loaded: " + first_line(error.what()),
                "a file of format " + options.weights.name, "install the package again");
  }
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

void Session::give_back() {
  state_->network->give_back();
}

std::string Session::graph() const {
  const std::string& remark = state_->remark;
  return state_->network->description() + (remark.empty() ? "" : ", " + remark);
}

Tensor Session::forward(std::span<const float> input, const TensorShape& shape) {
  if (shape.size() != 4 && shape.size() != 5) {
    throw Error(ErrorCode::bad_argument, "forward: a shape that is neither NCDHW nor NCHW");
  }
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  if (count != static_cast<std::int64_t>(input.size())) {
    throw Error(ErrorCode::bad_argument, "forward: input of another size than its shape");
  }
  const c10::InferenceMode guard;
  // from_blob takes no const; the network does not write to its input.
  const at::Tensor x = at::from_blob(const_cast<float*>(input.data()), shape, at::kFloat);
  Tensor out;
  try {
    const at::Tensor y = run(x).to(at::kCPU, at::kFloat).contiguous();
    out.shape = y.sizes().vec();
    out.values.assign(y.data_ptr<float>(), y.data_ptr<float>() + y.numel());
  } catch (const c10::OutOfMemoryError&) {
    refuse_for_memory(state_->place);
  }
  return out;
}

at::Tensor Session::run(const at::Tensor& x) {
  return checked(x, [&] { return state_->network->run(state_->here(x)); });
}

void Session::expect_runs(std::int64_t count) {
  state_->network->expect_runs(count);
}

const LastLayer* Session::last_layer() const {
  return state_->network->last_layer();
}

at::Tensor Session::run_before_last_layer(const at::Tensor& x) {
  return checked(x, [&] { return state_->network->run_before_last_layer(state_->here(x)); });
}

Precision Session::precision() const {
  return state_->precision;
}

const Device& Session::device() const {
  return state_->place;
}

}  // namespace osler
