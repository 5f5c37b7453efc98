// LibTorch asks once whether its CUDA library is there, and a convolution on the processor may be
// what asks: so tests open it first where there is a GPU, as the program does.

#include <c10/core/Device.h>
#include <gtest/gtest.h>

#include "infer/torch_device.hpp"

#ifdef __SANITIZE_ADDRESS__
/// More memory than there is, is asked for on purpose.
extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
#endif

namespace osler {
namespace {

class OpensCudaLibrary : public ::testing::Environment {
 public:
  void SetUp() override {
    if (cuda_device_count() > 0) torch_device(choose_device("cuda"));
  }
};

[[maybe_unused]] const auto* const environment =
    ::testing::AddGlobalTestEnvironment(new OpensCudaLibrary);

}  // namespace
}  // namespace osler
