// Sums that labels_back takes while it decides: worked out by hand, and against those of the label
// map that it leaves.

#include <gtest/gtest.h>
#include <omp.h>

#include <random>
#include <vector>

#include "backends.hpp"
#include "kernels/labels_back.hpp"
#include "kernels_label_sums.hpp"
#include "labels_back_reference.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

using namespace reference;
using testing::Stored;

/// Sums in host memory, of nothing at first.
struct HeldSums {
  std::vector<std::byte> bytes;
  LabelSums sums;

  explicit HeldSums(const LabelStatisticsTask& task) : bytes(label_sums_bytes(task)) {
    sums = {task, bytes.data()};
    clear_label_sums(task, bytes.data());
  }
  std::vector<LabelStatistics> found() const { return statistics_of_sums(sums.task, bytes); }
};

class LabelsBackSums : public testing::OnBackend {
 protected:
  /// In slabs of so many planes of the network's grid.
  void decide(const Scores& s, LabelsBackTask task, std::int64_t planes,
              std::vector<std::uint8_t>& labels) {
    labels.assign(static_cast<std::size_t>(voxel_count(task.out_size)), 1);
    for (std::int64_t begin = 0; begin < s.size[2]; begin += planes) {
      task.cell_begin = begin;
      task.cell_end = begin + planes;
      labels_back(device, s.view(), task, labels);
    }
  }

  template <typename T>
  void expect_those_of_the_map(const Scores& s, LabelsBackTask task, const char* name) {
    std::mt19937 random(17);
    const Stored<T> values = testing::random_values<T>(task.out_size, random);
    SourceView view = values.view();
    view.has_padding = true;
    view.padding_low = 3;
    view.padding_high = 40;
    for (const SourceView* intensities : {static_cast<const SourceView*>(&view), NoView}) {
      const LabelStatisticsTask of_map{task.out_size, 14, {}, {}, intensities};
      for (const std::int64_t planes : {s.size[2], std::int64_t{5}}) {
        HeldSums held(of_map);
        task.sums = &held.sums;
        std::vector<std::uint8_t> labels;
        decide(s, task, planes, labels);
        SCOPED_TRACE(std::string(name) + ", " + std::to_string(planes));
        testing::expect_equal(held.found(), label_statistics(choose_device("cpu"), labels, of_map));
      }
    }
  }

  static constexpr const SourceView* NoView = nullptr;
};

TEST_P(LabelsBackSums, AreThoseWorkedOutByHand) {
  // Class 1 wins where x > .5 of 0 ... 1 in 5 steps: x = 3 and 4 of each of 2 rows.
  const Scores s{2, {2, 1, 1}, {1, 0, 0, 1}};
  LabelsBackTask task;
  task.out_size = {5, 2, 1};
  task.out_to_in = scaled({.25, .1, 1}, {0, 0, 0});
  task.label_of = {0, 7};
  const Stored<std::int16_t> values({9, 9, 9, -5, 30, 9, 9, 9, 10, -2000}, task.out_size);
  SourceView view = values.view();
  view.has_padding = true;
  view.padding_low = view.padding_high = -2000;
  HeldSums held({task.out_size, 7, {}, {}, &view});
  task.sums = &held.sums;
  std::vector<std::uint8_t> labels(10, 7);
  labels_back(device, s.view(), task, labels);
  const LabelStatistics found = held.found()[7];
  EXPECT_EQ(found.voxels, 4);
  EXPECT_EQ(found.box_begin, (Size3{3, 0, 0}));
  EXPECT_EQ(found.box_end, (Size3{5, 2, 1}));
  EXPECT_EQ(found.centre, (Vec3{3.5, .5, 0}));
  EXPECT_EQ(found.valued, 3);
  // -5, 30, 10
  EXPECT_DOUBLE_EQ(found.mean, 35.0 / 3);
  EXPECT_DOUBLE_EQ(found.sd, std::sqrt(1025.0 / 3 - 35.0 * 35 / 9));
  EXPECT_EQ(found.min, -5);
  EXPECT_EQ(found.max, 30);
}

TEST_P(LabelsBackSums, AreThoseOfTheMapThatItLeaves) {
  const Scores s = blobs(5, {13, 13, 12});
  for (const Way& way : ways()) {
    LabelsBackTask task;
    task.out_size = way.out_size;
    task.out_to_in = way.out_to_in;
    task.label_of = counting(5);
    task.outside = 13;
    expect_those_of_the_map<std::int16_t>(s, task, way.name);
    task.interpolation = {Interpolation::nearest, Interpolation::linear, Interpolation::nearest};
    expect_those_of_the_map<std::uint16_t>(s, task, way.name);
    task.decision = Decision::regions;
    expect_those_of_the_map<std::uint8_t>(s, task, way.name);
    task.decision = Decision::highest;
    task.rounded_to_halves = true;
    expect_those_of_the_map<std::int8_t>(s, task, way.name);
  }
}

TEST_P(LabelsBackSums, RowsThatFillNoWarpAreRight) {
  for (const std::int64_t n : {1, 31, 33, 127, 257}) {
    const Scores s = blobs(4, {(n + 1) / 2, 5, 3});
    LabelsBackTask task;
    task.out_size = {n, 9, 1};
    task.out_to_in = scaled({.5, .5, 1}, {-.25, 0, .7});
    task.label_of = counting(4);
    expect_those_of_the_map<std::int16_t>(s, task, "narrow");
  }
}

TEST_P(LabelsBackSums, UnevenSlicesInAnyOrderAreSummedWhereTheyAre) {
  const Scores s = blobs(5, {13, 13, 12});
  LabelsBackTask task;
  task.out_size = {13, 13, 7};
  task.slice_at = {11, 1.5, 2, 2.25, -3, 9.5, 0};
  task.label_of = counting(5);
  task.outside = 2;
  expect_those_of_the_map<std::int16_t>(s, task, "uneven");
}

TEST_P(LabelsBackSums, OfNoLabelsAreNothing) {
  const Scores s = blobs(3, {4, 4, 4});
  LabelsBackTask task;
  task.out_size = {4, 4, 4};
  task.label_of = counting(3);
  HeldSums held({task.out_size, 0, {}, {}, nullptr});
  task.sums = &held.sums;
  std::vector<std::uint8_t> labels(64);
  labels_back(device, s.view(), task, labels);
  EXPECT_EQ(held.found().at(0).voxels, 0);
}

TEST(LabelsBackSumsCpu, AreTheSameForAnyNumberOfThreads) {
  // More than one block of work along each axis.
  const Scores s = blobs(5, {150, 60, 40});
  std::mt19937 random(3);
  for (const bool along_axes : {true, false}) {
    LabelsBackTask task;
    task.out_size = {140, 90, 50};
    task.out_to_in = along_axes ? scaled({1.05, .66, .8}, {-.3, 0, 0}) : turned();
    task.label_of = counting(5);
    const Stored<std::int16_t> values = testing::random_values<std::int16_t>(task.out_size, random);
    const SourceView view = values.view();
    std::vector<LabelStatistics> one;
    std::vector<std::uint8_t> labels_of_one;
    const int before = omp_get_max_threads();
    for (int threads = 1; threads <= 5; ++threads) {
      omp_set_num_threads(threads);
      HeldSums held({task.out_size, 12, {}, {}, &view});
      task.sums = &held.sums;
      std::vector<std::uint8_t> labels(static_cast<std::size_t>(voxel_count(task.out_size)), 99);
      labels_back_cpu(s.view(), task, labels);
      if (threads == 1) {
        one = held.found();
        labels_of_one = labels;
        testing::expect_equal(one, label_statistics({}, labels, held.sums.task));
        EXPECT_EQ(wrong_labels(s, task, labels), 0);
      }
      testing::expect_equal(held.found(), one);
      EXPECT_EQ(labels, labels_of_one);
    }
    omp_set_num_threads(before);
  }
}

TEST(LabelsBackSumsCpu, RefuseWhatDoesNotFitTogether) {
  const Scores s = blobs(3, {4, 4, 4});
  std::vector<std::uint8_t> labels(8);
  LabelsBackTask task;
  task.out_size = {2, 2, 2};
  task.label_of = counting(3);
  const auto refused = [&](const LabelStatisticsTask& of_map, const char* word) {
    HeldSums held(of_map);
    task.sums = &held.sums;
    testing::expect_error(ErrorCode::bad_argument, word,
                          [&] { labels_back_cpu(s.view(), task, labels); });
  };
  refused({{2, 2, 3}, 1, {}, {}, nullptr}, "another size");
  const Stored<float> wide(std::vector<float>(8), {2, 2, 2});
  const SourceView view = wide.view();
  refused({{2, 2, 2}, 1, {}, {}, &view}, "16 bits");
}

INSTANTIATE_TEST_SUITE_P(Backends, LabelsBackSums, testing::both_backends(), testing::backend_name);

}  // namespace
}  // namespace osler::kernels
