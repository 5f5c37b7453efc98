#include "infer/session.hpp"

#include <dlfcn.h>
#include <torch/script.h>

#include <algorithm>
#include <sstream>
#include <streambuf>

#include "core/error.hpp"
#include "infer/fused_network.hpp"

namespace osler {
namespace {

/// The bytes as a stream, without a second copy.
class SpanBuffer : public std::streambuf {
 public:
  explicit SpanBuffer(std::span<const std::byte> bytes) {
    // streambuf has no const get area; nothing here writes to it.
    auto* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
    setg(begin, begin, begin + bytes.size());
  }

 protected:
  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode) override {
    char* base = from == std::ios_base::beg   ? eback()
                 : from == std::ios_base::cur ? gptr()
                                              : egptr();
    char* target = base + offset;
    if (target < eback() || target > egptr()) return pos_type(off_type(-1));
    setg(eback(), target, egptr());
    return target - eback();
  }
  pos_type seekpos(pos_type position, std::ios_base::openmode mode) override {
    return seekoff(position, std::ios_base::beg, mode);
  }
};

/// libtorch_cuda is opened only when a GPU is asked for: it would double the start-up time.
void load_cuda_backend() {
  static void* const library = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    throw Error(ErrorCode::device,
                std::string("LibTorch's CUDA library cannot be loaded: ") +
                    (reason == nullptr ? "unknown reason" : reason),
                "a LibTorch built with CUDA", "use --device cpu");
  }
}

std::string first_line(const char* text) {
  const std::string_view all(text);
  return std::string(all.substr(0, all.find('\n')));
}

/// What a network gives, or an error in our words.
template <typename F>
at::Tensor checked(F&& run) {
  try {
    at::Tensor y = run();
    if (y.dim() == 5) return y;
    throw Error(ErrorCode::model, "the network gives " + std::to_string(y.dim()) + " dimensions",
                "5: NCDHW");
  } catch (const Error&) {
    throw;
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const std::exception& error) {
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

struct Session::State {
  Device place;
  torch::Device device{torch::kCPU};
  Precision precision = Precision::f32;
  at::ScalarType type = at::kFloat;

  at::Tensor here(const at::Tensor& x) const {
    // LibTorch has one switch for the process; every session sets it to its own.
    if (device.is_cuda()) at::globalContext().setAllowTF32CuDNN(precision == Precision::tf32);
    return x.to(device, type);
  }
  std::unique_ptr<FusedNetwork> network;
};

Session::Session(std::span<const std::byte> weights, const Device& device,
                 const SessionOptions& options)
    : state_(std::make_unique<State>()) {
  state_->place = device;
  state_->precision = options.precision;
  if (device.backend == Backend::cpu && options.precision != Precision::f32) {
    throw Error(ErrorCode::usage,
                "a network on the processor in " + std::string(to_string(options.precision)),
                "fp32", "leave --precision away, or use --device cuda");
  }
  if (options.precision == Precision::f16) state_->type = at::kHalf;
  if (options.precision == Precision::bf16) state_->type = at::kBFloat16;
  if (device.backend == Backend::cuda) {
    load_cuda_backend();
    state_->device = torch::Device(torch::kCUDA, static_cast<c10::DeviceIndex>(device.index));
  }
  try {
    SpanBuffer buffer(weights);
    std::istream stream(&buffer);
    torch::jit::Module module = torch::jit::load(stream, state_->device);
    module.eval();
    if (state_->type != at::kFloat) module.to(state_->type);
    module = torch::jit::freeze(module);
    state_->network = std::make_unique<FusedNetwork>(std::move(module), state_->device, options);
  } catch (const std::exception& error) {
    throw Error(ErrorCode::model, "weights cannot be loaded: " + first_line(error.what()),
                "a TorchScript file", "install the package again");
  }
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

void Session::give_back() {
  state_->network->give_back();
}

std::string Session::graph() const {
  return state_->network->description();
}

Tensor Session::forward(std::span<const float> input, const TensorShape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  if (count != static_cast<std::int64_t>(input.size())) {
    throw Error(ErrorCode::bad_argument, "forward: input of another size than its shape");
  }
  const c10::InferenceMode guard;
  // from_blob takes no const; the network does not write to its input.
  const at::Tensor y = run(at::from_blob(const_cast<float*>(input.data()), shape, at::kFloat))
                           .to(at::kCPU, at::kFloat)
                           .contiguous();
  Tensor out;
  std::copy_n(y.sizes().begin(), 5, out.shape.begin());
  out.values.assign(y.data_ptr<float>(), y.data_ptr<float>() + y.numel());
  return out;
}

at::Tensor Session::run(const at::Tensor& x) {
  return checked([&] { return state_->network->run(state_->here(x)); });
}

const LastLayer* Session::last_layer() const {
  return state_->network->last_layer();
}

at::Tensor Session::run_before_last_layer(const at::Tensor& x) {
  return checked([&] { return state_->network->run_before_last_layer(state_->here(x)); });
}

Precision Session::precision() const {
  return state_->precision;
}

const Device& Session::device() const {
  return state_->place;
}

}  // namespace osler
