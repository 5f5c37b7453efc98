// Labels from scores on another grid: answers worked out by hand, and every voxel against a plain
// interpolation of all classes in double precision.

#include "kernels/labels_back.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <random>
#include <string_view>
#include <vector>

#include "backends.hpp"
#include "labels_back_reference.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

using namespace reference;

class LabelsBack : public testing::OnBackend {
 protected:
  std::vector<std::uint8_t> run(const ScoresView& scores, const LabelsBackTask& task) {
    std::vector<std::uint8_t> labels(static_cast<std::size_t>(voxel_count(task.out_size)), 77);
    labels_back(device, scores, task, labels);
    return labels;
  }
};

TEST_P(LabelsBack, TheHighestInterpolatedScoreWins) {
  // Class 0 falls from 3 to 0, class 1 rises from 0 to 1: equal where 3 - 3t = t, t = .75.
  const Scores s{2, {2, 1, 1}, {3, 0, 0, 1}};
  LabelsBackTask task;
  task.out_size = {11, 1, 1};
  task.out_to_in = scaled({.1, 1, 1}, {0, 0, 0});
  task.label_of = {4, 9};
  EXPECT_EQ(run(s.view(), task), (std::vector<std::uint8_t>{4, 4, 4, 4, 4, 4, 4, 4, 9, 9, 9}));
}

TEST_P(LabelsBack, AClassThatWinsAtNoCornerMayWinBetween) {
  // 10 0 | 0 10 | 6 6: half-way the third has 6, the others 5.
  const Scores s{3, {2, 1, 1}, {10, 0, 0, 10, 6, 6}};
  LabelsBackTask task;
  task.out_size = {3, 1, 1};
  task.out_to_in = scaled({.5, 1, 1}, {0, 0, 0});
  task.label_of = {0, 1, 2};
  EXPECT_EQ(run(s.view(), task), (std::vector<std::uint8_t>{0, 2, 1}));
}

TEST_P(LabelsBack, OfEqualScoresTheLowerClassWins) {
  const Scores s{3, {1, 1, 1}, {1, 1, 1}};
  LabelsBackTask task;
  task.out_size = {1, 1, 1};
  task.label_of = {5, 6, 7};
  EXPECT_EQ(run(s.view(), task), std::vector<std::uint8_t>{5});
}

TEST_P(LabelsBack, LaterRegionsLieOverEarlierOnes) {
  // Whole, core, rim; above 0 counts. One column each: none, whole, whole and core, all, rim only.
  const Scores s{3, {5, 1, 1}, {-1, 1, 1, 1, -1, -1, -1, 1, 1, -1, -1, -1, -1, 1, 1}};
  LabelsBackTask task;
  task.out_size = {5, 1, 1};
  task.decision = Decision::regions;
  task.label_of = {1, 2, 3};
  EXPECT_EQ(run(s.view(), task), (std::vector<std::uint8_t>{0, 1, 2, 3, 3}));
}

TEST_P(LabelsBack, TheEdgeGoesOnForHalfAVoxelAndThenItIsOutside) {
  const Scores s{2, {2, 1, 1}, {0, 0, 1, 1}};
  LabelsBackTask task;
  task.out_size = {7, 1, 1};
  task.out_to_in = scaled({.5, 1, 1}, {-.75, 0, 0});  // -.75 -.25 .25 .75 1.25 1.75 2.25
  task.label_of = {0, 1};
  task.outside = 8;
  EXPECT_EQ(run(s.view(), task), (std::vector<std::uint8_t>{8, 1, 1, 1, 1, 8, 8}));
}

TEST_P(LabelsBack, NanNeverWins) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Scores s{3, {2, 1, 1}, {nan, nan, -5, -5, nan, -6}};
  LabelsBackTask task;
  task.out_size = {3, 1, 1};
  task.out_to_in = scaled({.5, 1, 1}, {0, 0, 0});
  task.label_of = {1, 2, 3};
  EXPECT_EQ(run(s.view(), task), (std::vector<std::uint8_t>{2, 2, 2}));
}

TEST_P(LabelsBack, EqualsThePlainInterpolationOfAllClasses) {
  for (const Way& way : ways()) {
    for (const int classes : {2, 25}) {
      const Scores s = blobs(classes, {13, 13, 12});
      LabelsBackTask task;
      task.out_size = way.out_size;
      task.out_to_in = way.out_to_in;
      task.label_of = counting(classes);
      task.outside = 255;
      EXPECT_EQ(wrong_labels(s, task, run(s.view(), task)), 0) << way.name << " " << classes;
      task.decision = Decision::regions;
      task.threshold = .25F;
      EXPECT_EQ(wrong_labels(s, task, run(s.view(), task)), 0) << way.name << " regions";
      task.decision = Decision::highest;
      task.interpolation[2] = Interpolation::nearest;
      EXPECT_EQ(wrong_labels(s, task, run(s.view(), task)), 0) << way.name << " nearest z";
      task.interpolation = {Interpolation::nearest, Interpolation::linear, Interpolation::linear};
      EXPECT_EQ(wrong_labels(s, task, run(s.view(), task)), 0) << way.name << " nearest x";
    }
  }
}

TEST_P(LabelsBack, UnevenSlicesAreTakenWhereTheyLie) {
  const Scores s = blobs(5, {13, 13, 12});
  LabelsBackTask task;
  task.out_size = {13, 13, 7};
  task.slice_at = {0, 1.5, 2, 2.25, 6, 9.5, 11};
  task.label_of = counting(5);
  EXPECT_EQ(wrong_labels(s, task, run(s.view(), task)), 0);
}

TEST_P(LabelsBack, SizesThatFillNoVectorAreRight) {
  for (const std::int64_t n : {1, 2, 255, 256, 257}) {
    const Scores s = blobs(3, {n, 2, 3});
    LabelsBackTask task;
    task.out_size = {2 * n + 1, 3, 2};
    task.out_to_in = scaled({.5, .5, .5}, {-.25, 0, .3});
    task.label_of = counting(3);
    EXPECT_EQ(wrong_labels(s, task, run(s.view(), task)), 0) << n;
  }
  LabelsBackTask empty;
  empty.out_size = {0, 3, 2};
  empty.label_of = counting(3);
  EXPECT_TRUE(run(blobs(3, {4, 4, 4}).view(), empty).empty());
}

/// binary16 bits of a number that it holds exactly, by hand: sign, exponent + 15, 10 bits.
std::uint16_t half_bits(float value) {
  if (value == 0) return 0;
  int exponent = 0;
  const float mantissa = std::frexp(std::abs(value), &exponent);  // .5 ... 1
  const auto fraction = static_cast<std::uint16_t>(std::lround(mantissa * 2048) & 0x3FF);
  return static_cast<std::uint16_t>((value < 0 ? 0x8000 : 0) | (exponent + 14) << 10 | fraction);
}

TEST_P(LabelsBack, HalfAndBfloat16GiveTheLabelsOfTheirValues) {
  for (const Way& way : ways()) {
    const Scores s = blobs(7, {13, 13, 12});
    std::vector<std::uint16_t> half, bfloat;
    for (const float v : s.values) {
      half.push_back(half_bits(v));
      std::uint32_t bits;
      std::memcpy(&bits, &v, 4);
      bfloat.push_back(static_cast<std::uint16_t>(bits >> 16));
    }
    LabelsBackTask task;
    task.out_size = way.out_size;
    task.out_to_in = way.out_to_in;
    task.label_of = counting(7);
    const auto expected = run(s.view(), task);
    ScoresView view = s.view();
    view.scores = half.data();
    view.type = FloatType::f16;
    EXPECT_EQ(run(view, task), expected) << way.name;
    view.scores = bfloat.data();
    view.type = FloatType::bf16;
    EXPECT_EQ(run(view, task), expected) << way.name;
  }
}

TEST_P(LabelsBack, SlabBySlabIsTheWholeBitForBit) {
  for (const Way& way : ways()) {
    const Scores s = blobs(5, {13, 13, 12});
    LabelsBackTask task;
    task.out_size = way.out_size;
    task.out_to_in = way.out_to_in;
    task.label_of = counting(5);
    const auto whole = run(s.view(), task);
    std::vector<std::uint8_t> labels(whole.size(), 77);
    const std::int64_t plane = s.size[0] * s.size[1];
    for (std::int64_t begin = 0; begin < 12; begin += 5) {
      task.cell_begin = begin;
      task.cell_end = begin + 5;
      // Only the planes that this slab needs are held.
      const std::int64_t held = std::min<std::int64_t>(12, begin + 6) - begin;
      std::vector<float> slab;
      for (int c = 0; c < 5; ++c) {
        const auto from = s.values.begin() + (c * 12 + begin) * plane;
        slab.insert(slab.end(), from, from + held * plane);
      }
      labels_back(device, {slab.data(), FloatType::f32, 5, s.size, begin, held}, task, labels);
    }
    EXPECT_EQ(labels, whole) << way.name;
  }
}

TEST(LabelsBackCpu, IsTheSameForAnyNumberOfThreads) {
  const Scores s = blobs(9, {13, 13, 12});
  for (const Way& way : ways()) {
    LabelsBackTask task;
    task.out_size = way.out_size;
    task.out_to_in = way.out_to_in;
    task.label_of = counting(9);
    std::vector<std::uint8_t> one, many;
    const int before = omp_get_max_threads();
    for (int threads = 1; threads <= 5; ++threads) {
      omp_set_num_threads(threads);
      auto& labels = threads == 1 ? one : many;
      labels.assign(static_cast<std::size_t>(voxel_count(task.out_size)), 0);
      labels_back_cpu(s.view(), task, labels);
      if (threads > 1) {
        EXPECT_EQ(many, one) << way.name << " " << threads;
      }
    }
    omp_set_num_threads(before);
  }
}

TEST(LabelsBackCpu, RefusesWhatDoesNotFitTogether) {
  const Scores s = blobs(3, {4, 4, 4});
  std::vector<std::uint8_t> labels(8), few(7);
  LabelsBackTask task;
  task.out_size = {2, 2, 2};
  task.label_of = counting(3);
  const auto refused = [&](const ScoresView& view, std::span<std::uint8_t> out, const char* word) {
    testing::expect_error(ErrorCode::bad_argument, word, [&] { labels_back_cpu(view, task, out); });
  };
  refused(s.view(), few, "another size");
  ScoresView missing = s.view();
  missing.planes = 3;
  refused(missing, labels, "planes");
  task.slice_at = {1};
  refused(s.view(), labels, "slices");
  task.slice_at.clear();
  task.label_of.pop_back();
  refused(s.view(), labels, "3 classes");
}

INSTANTIATE_TEST_SUITE_P(Backends, LabelsBack, testing::both_backends(), testing::backend_name);

}  // namespace
}  // namespace osler::kernels
