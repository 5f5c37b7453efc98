#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "backends.hpp"
#include "core/error.hpp"
#include "device/device.hpp"
#include "device/staging.hpp"
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

/// Sizes about the pieces that are staged: none, one, two, three; full and not.
TEST_P(OnGpu, StagedBytesComeBackAsTheyWent) {
  const Stream stream(device);
  Staging staging(device);
  constexpr std::size_t kPiece = Staging::kPieceBytes;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kPiece, kPiece + 1, 2 * kPiece, 3 * kPiece - 7}) {
    std::vector<std::byte> sent(size), back(size);
    for (std::size_t i = 0; i < size; ++i) sent[i] = static_cast<std::byte>(i * 7 + i / 1000);
    const std::vector<std::byte> held = sent;
    const DeviceBuffer buffer(size, stream);
    staging.to_device(sent, buffer.data(), stream);
    std::fill(sent.begin(), sent.end(), std::byte{0});  // it may change now
    staging.to_host(buffer.data(), back, stream);
    EXPECT_EQ(back, held) << size;
  }
}

TEST_P(OnGpu, AStreamWaitsForWhatAnotherDoesBeforeAnEvent) {
  const Stream first(device), second(device);
  const std::vector<std::byte> sent(1000, std::byte{7});
  std::vector<std::byte> back(sent.size());
  const DeviceBuffer buffer(sent.size(), first);
  const Event there(device);
  copy_to_device(sent, buffer, first);
  there.record(first);
  second.wait_for(there);
  copy_to_host(buffer, back, second);
  second.synchronize();
  EXPECT_EQ(sent, back);
}

TEST_P(OnGpu, AnEventThatWasNeverRecordedIsNotWaitedFor) {
  Event(device).synchronize();
}

TEST_P(OnGpu, TheArenaKnowsWhatIsTakenAndTheMostThatWas) {
  const Stream stream(device);
  reset_device_arena_peak(device);
  const std::size_t before = device_arena(device).used;
  constexpr std::size_t kBytes = 1 << 20;
  { const DeviceBuffer one(kBytes, stream), two(kBytes, stream); }
  stream.synchronize();
  EXPECT_EQ(device_arena(device).used, before);
  EXPECT_GE(device_arena(device).peak, before + 2 * kBytes);
}

INSTANTIATE_TEST_SUITE_P(Backends, OnGpu, ::testing::Values(Backend::cuda), testing::backend_name);

}  // namespace
}  // namespace osler
