// What labels hold, against numbers worked out by hand and sums taken voxel by voxel.

#include "kernels/label_statistics.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "backends.hpp"
#include "kernels_stored.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

using testing::Stored;

class LabelStatisticsOn : public testing::OnBackend {};

TEST_P(LabelStatisticsOn, AreThoseWorkedOutByHand) {
  // 3 x 2 x 2. Label 1: (0,0,0) (1,0,0) (2,1,1); label 2: (1,1,0); label 3: none.
  const std::vector<std::uint8_t> labels{1, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1};
  const Stored<std::int16_t> values({10, 20, 0, 0, -7, 0, 0, 0, 0, 0, 0, 60}, {3, 2, 2});
  const SourceView view = values.view();
  LabelStatisticsTask task{{3, 2, 2}, 3, {}, {}, &view};
  const auto found = label_statistics(device, labels, task);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[1].voxels, 3);
  EXPECT_EQ(found[1].box_begin, (Size3{0, 0, 0}));
  EXPECT_EQ(found[1].box_end, (Size3{3, 2, 2}));
  EXPECT_DOUBLE_EQ(found[1].centre[0], 1);
  EXPECT_DOUBLE_EQ(found[1].centre[1], 1.0 / 3);
  EXPECT_DOUBLE_EQ(found[1].centre[2], 1.0 / 3);
  EXPECT_DOUBLE_EQ(found[1].mean, 30);
  // (400 + 100 + 900) / 3
  EXPECT_DOUBLE_EQ(found[1].sd, std::sqrt(1400.0 / 3));
  EXPECT_EQ(found[1].min, 10);
  EXPECT_EQ(found[1].max, 60);
  EXPECT_EQ(found[2].voxels, 1);
  EXPECT_EQ(found[2].mean, -7);
  EXPECT_EQ(found[2].sd, 0);
  EXPECT_EQ(found[3].voxels, 0);
}

TEST_P(LabelStatisticsOn, SlicesMayWeighAndLieAsTheyDo) {
  // One voxel in slice 0 at place 0 of weight 1, one in slice 1 at place 4 of weight 3.
  const std::vector<std::uint8_t> labels{1, 1};
  const double at[] = {0, 4}, weight[] = {1, 3};
  const auto found = label_statistics(device, labels, {{1, 1, 2}, 1, at, weight, nullptr});
  EXPECT_EQ(found[1].voxels, 2);
  EXPECT_DOUBLE_EQ(found[1].weight, 4);
  EXPECT_DOUBLE_EQ(found[1].centre[2], 3);
}

TEST_P(LabelStatisticsOn, RescaleIsPerSliceAndPaddingIsLeftOut) {
  const std::vector<std::uint8_t> labels{1, 1, 1, 1};
  Stored<std::uint16_t> values({10, 65535, 10, 20}, {2, 1, 2});
  SourceView view = values.view();
  const float slope[] = {2, -1}, intercept[] = {1, 0};
  view.slope = slope;
  view.intercept = intercept;
  view.has_padding = true;
  view.padding_low = view.padding_high = 65535;
  const auto found = label_statistics(device, labels, {{2, 1, 2}, 1, {}, {}, &view});
  // 21, padding, -10, -20
  EXPECT_EQ(found[1].voxels, 4);
  EXPECT_EQ(found[1].valued, 3);
  EXPECT_DOUBLE_EQ(found[1].mean, -3);
  EXPECT_NEAR(found[1].sd, std::sqrt((24.0 * 24 + 49 + 17 * 17) / 3), 1e-12);
  EXPECT_EQ(found[1].min, -20);
  EXPECT_EQ(found[1].max, 21);
}

TEST_P(LabelStatisticsOn, EqualSumsTakenVoxelByVoxel) {
  const Size3 size{67, 29, 31};
  std::mt19937 random(5);
  std::vector<std::uint8_t> labels;
  std::vector<std::int16_t> stored;
  for (std::int64_t i = 0; i < voxel_count(size); ++i) {
    labels.push_back(static_cast<std::uint8_t>(i / 7 % 5 == 0 ? 0 : random() % 12));
    stored.push_back(static_cast<std::int16_t>(random() % 4096) - 1024);
  }
  const Stored<std::int16_t> values(stored, size);
  const SourceView view = values.view();
  const auto found = label_statistics(device, labels, {size, 9, {}, {}, &view});
  for (std::size_t label = 1; label <= 9; ++label) {
    double n = 0, sum = 0, squares = 0;
    Vec3 places{};
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] != label) continue;
      const auto at = static_cast<std::int64_t>(i);
      ++n;
      sum += stored[i];
      places = places + Vec3{double(at % 67), double(at / 67 % 29), double(at / (67 * 29))};
    }
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == label) squares += std::pow(stored[i] - sum / n, 2);
    }
    EXPECT_EQ(static_cast<double>(found[label].voxels), n);
    EXPECT_NEAR(found[label].mean, sum / n, 1e-9);
    EXPECT_NEAR(found[label].sd, std::sqrt(squares / n), 1e-9);
    for (std::size_t a = 0; a < 3; ++a) EXPECT_NEAR(found[label].centre[a], places[a] / n, 1e-9);
  }
}

TEST_P(LabelStatisticsOn, OfNothingAreNothing) {
  const auto found = label_statistics(device, {}, {{0, 4, 4}, 2, {}, {}, nullptr});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[1].voxels, 0);
}

TEST(LabelStatisticsCpu, AreTheSameForAnyNumberOfThreads) {
  const Size3 size{257, 13, 17};
  std::vector<std::uint8_t> labels;
  std::vector<float> stored;
  std::mt19937 random(6);
  for (std::int64_t i = 0; i < voxel_count(size); ++i) {
    labels.push_back(static_cast<std::uint8_t>(random() % 4));
    stored.push_back(static_cast<float>(random()) * 1e-3F);
  }
  const Stored<float> values(stored, size);
  const SourceView view = values.view();
  const LabelStatisticsTask task{size, 3, {}, {}, &view};
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = label_statistics(choose_device("cpu"), labels, task);
  for (int threads = 2; threads <= 5; ++threads) {
    omp_set_num_threads(threads);
    const auto many = label_statistics(choose_device("cpu"), labels, task);
    for (std::size_t l = 1; l <= 3; ++l) {
      EXPECT_EQ(many[l].mean, one[l].mean);
      EXPECT_EQ(many[l].sd, one[l].sd);
      EXPECT_EQ(many[l].centre, one[l].centre);
    }
  }
  omp_set_num_threads(before);
}

TEST(LabelStatisticsCpu, RefuseWhatDoesNotFitTogether) {
  const std::vector<std::uint8_t> labels(8);
  const Device cpu = choose_device("cpu");
  const double three[] = {1, 2, 3};
  const auto refused = [&](const LabelStatisticsTask& task, const char* word) {
    testing::expect_error(ErrorCode::bad_argument, word,
                          [&] { label_statistics(cpu, labels, task); });
  };
  refused({{2, 2, 3}, 1, {}, {}, nullptr}, "another size");
  refused({{2, 2, 2}, 256, {}, {}, nullptr}, "max_label");
  refused({{2, 2, 2}, 1, three, {}, nullptr}, "slices");
  const Stored<std::uint8_t> other({1, 2}, {2, 1, 1});
  const SourceView view = other.view();
  refused({{2, 2, 2}, 1, {}, {}, &view}, "intensities");
}

INSTANTIATE_TEST_SUITE_P(Backends, LabelStatisticsOn, testing::both_backends(),
                         testing::backend_name);

}  // namespace
}  // namespace osler::kernels
