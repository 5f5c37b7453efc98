// Sums of labels where they are made by themselves: rows that fill no warp, values of either sign,
// and memory of the device from end to end.

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "backends.hpp"
#include "kernels/label_statistics.hpp"
#include "kernels_label_sums.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

using testing::Stored;

class LabelSumsOn : public testing::OnBackend {};

TEST_P(LabelSumsOn, RowsThatFillNoWarpAreRight) {
  // One label in each row, x + 10 y + 100 z in each voxel: all sums are those of progressions.
  for (const std::int64_t n : {1, 2, 31, 32, 33, 127, 255, 256, 257, 600}) {
    const Size3 size{n, 3, 2};
    std::vector<std::uint8_t> labels;
    std::vector<std::int16_t> stored;
    for (std::int64_t z = 0; z < 2; ++z) {
      for (std::int64_t y = 0; y < 3; ++y) {
        for (std::int64_t x = 0; x < n; ++x) {
          labels.push_back(static_cast<std::uint8_t>(y + 1));
          stored.push_back(static_cast<std::int16_t>(x + 10 * y + 100 * z));
        }
      }
    }
    const Stored<std::int16_t> values(stored, size);
    const SourceView view = values.view();
    const auto found = label_statistics(device, labels, {size, 3, {}, {}, &view});
    for (std::int64_t y = 0; y < 3; ++y) {
      const LabelStatistics& s = found[static_cast<std::size_t>(y + 1)];
      const auto last = static_cast<double>(n - 1), row = static_cast<double>(y);
      EXPECT_EQ(s.voxels, 2 * n) << n;
      EXPECT_EQ(s.valued, 2 * n) << n;
      EXPECT_EQ(s.box_begin, (Size3{0, y, 0})) << n;
      EXPECT_EQ(s.box_end, (Size3{n, y + 1, 2})) << n;
      EXPECT_DOUBLE_EQ(s.centre[0], last / 2) << n;
      EXPECT_DOUBLE_EQ(s.centre[1], row) << n;
      EXPECT_DOUBLE_EQ(s.centre[2], .5) << n;
      EXPECT_DOUBLE_EQ(s.mean, last / 2 + 10 * row + 50) << n;
      // Variance of 0 ... n - 1, and of two halves 100 apart.
      EXPECT_NEAR(s.sd, std::sqrt((static_cast<double>(n * n) - 1) / 12 + 2500), 1e-9) << n;
      EXPECT_EQ(s.min, 10 * row) << n;
      EXPECT_EQ(s.max, last + 10 * row + 100) << n;
    }
  }
}

TEST_P(LabelSumsOn, LabelsThatTakeTurnsInARowAreKeptApart) {
  // 1 2 0 1 2 0 ... : label l at x = l - 1 + 3 i.
  const std::int64_t n = 300;
  std::vector<std::uint8_t> labels;
  std::vector<std::int8_t> stored;
  for (std::int64_t x = 0; x < n; ++x) {
    labels.push_back(static_cast<std::uint8_t>((x + 1) % 3));
    stored.push_back(static_cast<std::int8_t>(x % 3 == 0 ? -128 : 127));
  }
  const Stored<std::int8_t> values(stored, {n, 1, 1});
  const SourceView view = values.view();
  const auto found = label_statistics(device, labels, {{n, 1, 1}, 2, {}, {}, &view});
  EXPECT_EQ(found[1].voxels, 100);
  EXPECT_DOUBLE_EQ(found[1].centre[0], 148.5);  // 0, 3 ... 297
  EXPECT_EQ(found[1].box_end, (Size3{298, 1, 1}));
  EXPECT_EQ(found[1].mean, -128);
  EXPECT_EQ(found[1].sd, 0);
  EXPECT_EQ(found[2].voxels, 100);
  EXPECT_DOUBLE_EQ(found[2].centre[0], 149.5);
  EXPECT_EQ(found[2].box_begin, (Size3{1, 0, 0}));
  EXPECT_EQ(found[2].mean, 127);
}

TEST_P(LabelSumsOn, TheLargestSquaresAreSummedExactly) {
  // 65535 and -32768 and 32767 are what 16 bits hold; of half a million of them.
  const Size3 size{512, 1024, 1};
  const std::vector<std::uint8_t> labels(512 * 1024, 255);
  const Stored<std::uint16_t> high(std::vector<std::uint16_t>(labels.size(), 65535), size);
  SourceView view = high.view();
  auto found = label_statistics(device, labels, {size, 255, {}, {}, &view});
  EXPECT_EQ(found[255].mean, 65535);
  EXPECT_EQ(found[255].sd, 0);
  std::vector<std::int16_t> both;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    both.push_back(static_cast<std::int16_t>(i % 2 == 0 ? -32768 : 32767));
  }
  const Stored<std::int16_t> apart(both, size);
  view = apart.view();
  found = label_statistics(device, labels, {size, 255, {}, {}, &view});
  EXPECT_EQ(found[255].mean, -.5);
  EXPECT_DOUBLE_EQ(found[255].sd, 32767.5);
}

TEST_P(LabelSumsOn, HigherLabelsAndNoLabelsAreNotCounted) {
  const std::vector<std::uint8_t> labels{1, 2, 3, 2};
  const auto found = label_statistics(device, labels, {{4, 1, 1}, 2, {}, {}, nullptr});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[2].voxels, 2);
  const auto none = label_statistics(device, labels, {{4, 1, 1}, 0, {}, {}, nullptr});
  ASSERT_EQ(none.size(), 1U);
  EXPECT_EQ(none[0].voxels, 0);
}

TEST_P(LabelSumsOn, WiderValuesAreSummedToo) {
  // 1 + 2^31 - 1 and -2^31: what no 16 bits hold.
  const std::vector<std::uint8_t> labels{1, 1, 2};
  const Stored<std::int32_t> values({1, 2147483647, -2147483647 - 1}, {3, 1, 1});
  const SourceView view = values.view();
  const auto found = label_statistics(device, labels, {{3, 1, 1}, 2, {}, {}, &view});
  EXPECT_DOUBLE_EQ(found[1].mean, 1073741824);
  EXPECT_DOUBLE_EQ(found[1].sd, 1073741823);
  EXPECT_EQ(found[2].min, -2147483648.0);
  EXPECT_EQ(found[2].max, -2147483648.0);
}

TEST(LabelSums, OfAnotherSizeAreRefused) {
  const LabelStatisticsTask task{{2, 2, 2}, 3, {}, {}, nullptr};
  const std::vector<std::byte> sums(label_sums_bytes(task) - 1);
  testing::expect_error(ErrorCode::bad_argument, "sums", [&] { statistics_of_sums(task, sums); });
}

class LabelSumsOnDevice : public testing::OnBackend {};

TEST_P(LabelSumsOnDevice, AreMadeInItsMemory) {
  // As AreThoseWorkedOutByHand of label statistics, but no memory of the host but the sums.
  const std::vector<std::uint8_t> labels{1, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1};
  const Stored<std::int16_t> values({10, 20, 0, 0, -7, 0, 0, 0, 0, 0, 0, 60}, {3, 2, 2});
  const Stream stream(device);
  const DeviceBuffer labels_there(labels.size(), stream), values_there(24, stream);
  copy_to_device(std::as_bytes(std::span(labels)), labels_there, stream);
  copy_to_device(std::as_bytes(std::span(values.values)), values_there, stream);
  SourceView view = values.view();
  view.voxels = values_there.data();
  const LabelStatisticsTask task{{3, 2, 2}, 2, {}, {}, &view};
  const DeviceBuffer sums(label_sums_bytes(task), stream);
  label_sums_cuda(static_cast<const std::uint8_t*>(labels_there.data()), task, sums.data(), stream);
  std::vector<std::byte> back(sums.bytes());
  copy_to_host(sums, back, stream);
  stream.synchronize();
  const auto found = statistics_of_sums(task, back);
  EXPECT_EQ(found[1].voxels, 3);
  EXPECT_DOUBLE_EQ(found[1].mean, 30);
  EXPECT_DOUBLE_EQ(found[1].centre[1], 1.0 / 3);
  EXPECT_EQ(found[2].max, -7);
}

TEST_P(LabelSumsOnDevice, EqualTheCpusBitForBit) {
  std::mt19937 random(11);
  for (const std::int64_t n : {1, 31, 33, 127, 258}) {
    const Size3 size{n, 7, 5};
    const auto labels = testing::patches(size, 9, random);
    const auto values = testing::random_values<std::int16_t>(size, random);
    SourceView view = values.view();
    view.has_padding = true;
    view.padding_low = -32768;
    view.padding_high = -20000;
    const LabelStatisticsTask task{size, 8, {}, {}, &view};
    testing::expect_equal(label_statistics(device, labels, task),
                          label_statistics(choose_device("cpu"), labels, task));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, LabelSumsOn, testing::both_backends(), testing::backend_name);
INSTANTIATE_TEST_SUITE_P(Backends, LabelSumsOnDevice, testing::gpu_only(), testing::backend_name);

}  // namespace
}  // namespace osler::kernels
