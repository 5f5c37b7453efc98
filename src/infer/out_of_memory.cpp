#include "infer/out_of_memory.hpp"

#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace osler {
namespace {

/// Of the CUDA runtime and LibTorch's allocators, of cuDNN and cuBLAS, of LibTorch on the
/// processor.
constexpr std::array<std::string_view, 3> kWords{"out of memory", "_ALLOC_FAILED",
                                                 "can't allocate memory"};

}  // namespace

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const std::string_view text = error.what();
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

void throw_out_of_memory(const std::exception& error) {
  C10_THROW_ERROR(OutOfMemoryError, first_line(error.what()));
}

void refuse_for_memory(const Device& device) {
  if (device.backend == Backend::cuda) {
    throw Error(ErrorCode::device, "one window of the network does not fit into the GPU",
                "more device memory", "use --device cpu");
  }
  throw Error(ErrorCode::device, "one window of the network does not fit into memory",
              "more memory", "run it on a larger machine, or end other programs");
}

}  // namespace osler
