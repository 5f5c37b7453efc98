#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "backends.hpp"
#include "core/error.hpp"
#include "device/device.hpp"
#include "throws.hpp"

namespace osler {
namespace {

using testing::expect_error;

TEST(ChooseDevice, CpuIsTheCpuAndNamesItsThreads) {
  const Device device = choose_device("cpu");
  EXPECT_EQ(device.backend, Backend::cpu);
  EXPECT_TRUE(device.name.starts_with("cpu (")) << device.name;
  EXPECT_NE(device.name.find("threads"), std::string::npos) << device.name;
}

TEST(ChooseDevice, RefusesWordsThatAreNoDevice) {
  for (const char* wish :
       {"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:1x", "cuda: 1", "cpu:0", "cuda:99999999999"}) {
    expect_error(ErrorCode::usage, "auto, cpu, cuda or cuda:n", [&] { choose_device(wish); });
  }
}

TEST(ChooseDevice, AnAbsentGpuIsAnErrorAndNotTheCpu) {
  const int count = cuda_device_count();
  expect_error(ErrorCode::device, "--device cpu",
               [&] { choose_device("cuda:" + std::to_string(count)); });
  if (count == 0) {
    expect_error(ErrorCode::device, cuda_absence(), [] { choose_device("cuda"); });
  }
}

TEST(ChooseDevice, AutoTakesAGpuIfThereIsOne) {
  const Backend expected = cuda_device_count() > 0 ? Backend::cuda : Backend::cpu;
  EXPECT_EQ(choose_device("auto").backend, expected);
}

TEST(CudaAbsence, SaysWhyExactlyIfThereIsNoDevice) {
  EXPECT_EQ(cuda_absence().empty(), cuda_device_count() > 0);
}

class OnGpu : public testing::OnBackend {};

TEST_P(OnGpu, BytesComeBackAsTheyWent) {
  const Stream stream(device);
  std::vector<std::byte> sent(1'000'003), back(sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i * 7);
  const DeviceBuffer buffer(sent.size(), stream);
  copy_to_device(sent, buffer, stream);
  copy_to_host(buffer, back, stream);
  stream.synchronize();
  EXPECT_EQ(sent, back);
}

TEST_P(OnGpu, ABorrowedStreamOutlivesItsBorrower) {
  const Stream owner(device);
  const std::vector<std::byte> sent(1000, std::byte{7});
  std::vector<std::byte> back(sent.size());
  const DeviceBuffer buffer(sent.size(), owner);
  {
    const Stream borrower = Stream::borrowed(device.index, owner.native());
    EXPECT_EQ(borrower.native(), owner.native());
    copy_to_device(sent, buffer, borrower);
  }
  copy_to_host(buffer, back, owner);
  owner.synchronize();
  EXPECT_EQ(sent, back);
}

TEST_P(OnGpu, CopiesDoNotReachPastABuffersEnd) {
  const Stream stream(device);
  const DeviceBuffer buffer(4, stream);
  std::vector<std::byte> five(5);
  expect_error(ErrorCode::bad_argument, "end", [&] { copy_to_device(five, buffer, stream); });
  expect_error(ErrorCode::bad_argument, "end", [&] { copy_to_host(buffer, five, stream); });
}

INSTANTIATE_TEST_SUITE_P(Backends, OnGpu, ::testing::Values(Backend::cuda), testing::backend_name);

}  // namespace
}  // namespace osler
