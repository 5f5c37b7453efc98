#pragma once
// One test body on every backend. Without a GPU the cuda half skips and says so; REQUIRE_GPU=1
// turns the skip into a failure.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "device/device.hpp"

namespace osler::testing {

inline bool gpu_is_required() {
  const char* wish = std::getenv("REQUIRE_GPU");
  return wish != nullptr && std::string_view(wish) == "1";
}

class OnBackend : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (GetParam() == Backend::cuda && cuda_device_count() == 0) {
      if (gpu_is_required()) FAIL() << "REQUIRE_GPU=1, but " << cuda_absence();
      GTEST_SKIP() << "needs a GPU: " << cuda_absence();
    }
    device = choose_device(GetParam() == Backend::cuda ? "cuda" : "cpu");
  }

  Device device;
};

inline auto both_backends() {
  return ::testing::Values(Backend::cpu, Backend::cuda);
}

/// Of tests that hold a GPU against the CPU.
inline auto gpu_only() {
  return ::testing::Values(Backend::cuda);
}

inline std::string backend_name(const ::testing::TestParamInfo<Backend>& info) {
  return info.param == Backend::cuda ? "cuda" : "cpu";
}

}  // namespace osler::testing
