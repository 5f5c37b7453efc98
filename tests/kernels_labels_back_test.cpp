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
#include "kernels/half_math.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

Affine scaled(const Vec3& scale, const Vec3& shift) {
  return Affine::from_columns({scale[0], 0, 0}, {0, scale[1], 0}, {0, 0, scale[2]}, shift);
}

/// Scores on a network's grid, held as any of the three types.
struct Scores {
  int classes;
  Size3 size;
  std::vector<float> values;  ///< class after class

  std::int64_t voxels() const { return voxel_count(size); }
  float at(int c, std::int64_t x, std::int64_t y, std::int64_t z) const {
    return values[static_cast<std::size_t>(((c * size[2] + z) * size[1] + y) * size[0] + x)];
  }
  ScoresView view() const { return {values.data(), FloatType::f32, classes, size, 0, size[2]}; }
};

/// Cut to what bfloat16 and, for numbers of this size, binary16 hold exactly: 8 bits of mantissa.
float cut(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return float_of(bits & 0xFFFF0000U);
}

/// Blobs with noise, as a network gives them: most cells agree, some do not.
Scores blobs(int classes, const Size3& size, unsigned seed = 1) {
  Scores s{classes, size, {}};
  std::mt19937 random(seed);
  std::vector<int> blob(64);
  for (int& b : blob) b = static_cast<int>(random() % static_cast<unsigned>(classes));
  for (int c = 0; c < classes; ++c) {
    for (std::int64_t z = 0; z < size[2]; ++z) {
      for (std::int64_t y = 0; y < size[1]; ++y) {
        for (std::int64_t x = 0; x < size[0]; ++x) {
          const auto which = static_cast<std::size_t>((x / 4 + 4 * (y / 4) + 16 * (z / 4)) % 64);
          const double noise = static_cast<double>(random()) / 4294967296.0 - .5;
          s.values.push_back(cut(static_cast<float>((blob[which] == c ? 2.0 : -1.0) + noise)));
        }
      }
    }
  }
  return s;
}

std::vector<std::uint8_t> counting(int classes) {
  std::vector<std::uint8_t> labels;
  for (int c = 0; c < classes; ++c) labels.push_back(static_cast<std::uint8_t>(3 * c));
  return labels;
}

/// One axis: neighbours and the weight of the higher, by the words of the contract.
struct Axis {
  std::int64_t low, high;
  double weight;
  bool inside;
};
Axis axis_of(double place, std::int64_t n, Interpolation how) {
  const double last = static_cast<double>(n) - 1;
  const bool inside = place >= -.5 && place <= last + .5;
  const double held = std::min(std::max(place, 0.0), last);
  if (how == Interpolation::nearest) {
    const auto closer = static_cast<std::int64_t>(std::min(std::floor(held + .5), last));
    return {closer, closer, 0, inside};
  }
  const auto low = static_cast<std::int64_t>(std::floor(held));
  return {low, std::min(low + 1, n - 1), held - std::floor(held), inside};
}

/// Every class at one place, in double precision.
std::vector<double> interpolated(const Scores& s, const Axis& x, const Axis& y, const Axis& z) {
  std::vector<double> all;
  for (int c = 0; c < s.classes; ++c) {
    double sum = 0;
    for (int corner = 0; corner < 8; ++corner) {
      const bool hx = corner & 1, hy = corner & 2, hz = corner & 4;
      const double w = (hx ? x.weight : 1 - x.weight) * (hy ? y.weight : 1 - y.weight) *
                       (hz ? z.weight : 1 - z.weight);
      if (w > 0) sum += w * s.at(c, hx ? x.high : x.low, hy ? y.high : y.low, hz ? z.high : z.low);
    }
    all.push_back(sum);
  }
  return all;
}

/// The nearest number of 11 bits; NaN where single precision may find another one nearer.
/// (Numbers below the normal ones of binary16 are not looked at closely.)
double as_half(double value) {
  if (std::abs(value) < 0x1p-14) return std::nearbyint(value * 0x1p24) * 0x1p-24;
  const double step = std::exp2(std::floor(std::log2(std::abs(value))) - 10);
  const double steps = value / step, rest = std::abs(steps - std::floor(steps) - .5);
  if (rest < 1e-3) return std::numeric_limits<double>::quiet_NaN();
  return std::nearbyint(steps) * step;
}

/// Voxels whose label differs though the decision was clear by more than rounding.
std::int64_t wrong_labels(const Scores& s, const LabelsBackTask& task,
                          const std::vector<std::uint8_t>& labels) {
  std::int64_t wrong = 0;
  std::size_t i = 0;
  for (std::int64_t k = 0; k < task.out_size[2]; ++k) {
    for (std::int64_t r = 0; r < task.out_size[1]; ++r) {
      for (std::int64_t c = 0; c < task.out_size[0]; ++c, ++i) {
        const double at = task.slice_at.empty() ? static_cast<double>(k)
                                                : task.slice_at[static_cast<std::size_t>(k)];
        const Vec3 p = task.out_to_in({static_cast<double>(c), static_cast<double>(r), at});
        Axis a[3];
        for (std::size_t d = 0; d < 3; ++d) a[d] = axis_of(p[d], s.size[d], task.interpolation[d]);
        if (!a[0].inside || !a[1].inside || !a[2].inside) {
          wrong += labels[i] != task.outside;
          continue;
        }
        std::vector<double> scores = interpolated(s, a[0], a[1], a[2]);
        if (task.rounded_to_halves) {
          std::ranges::transform(scores, scores.begin(), as_half);
          if (std::ranges::any_of(scores, [](double v) { return std::isnan(v); })) continue;
          const auto best = std::ranges::max_element(scores) - scores.begin();  // the first of them
          wrong += labels[i] != task.label_of[static_cast<std::size_t>(best)];
          continue;
        }
        std::uint8_t expected = task.decision == Decision::regions ? 0 : task.label_of[0];
        double best = -1e300, margin = 1e300;
        for (std::size_t n = 0; n < scores.size(); ++n) {
          if (task.decision == Decision::regions) {
            margin = std::min(margin, std::abs(scores[n] - task.threshold));
            if (scores[n] > task.threshold) expected = task.label_of[n];
          } else {
            margin = std::min(std::abs(scores[n] - best), n == 0 ? 1e300 : margin);
            if (scores[n] > best) {
              best = scores[n];
              expected = task.label_of[n];
            }
          }
        }
        wrong += labels[i] != expected && margin > 3 * kLabelsBackTie;
      }
    }
  }
  return wrong;
}

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

struct Way {
  const char* name;
  Affine out_to_in;
  Size3 out_size;
};

Affine turned() {
  const double c = .5 * std::cos(.4), s = .5 * std::sin(.4);
  return Affine::from_columns({c, s, 0}, {-s, c, .1}, {.05, 0, .7}, {3, -2, -.4});
}

const std::vector<Way>& ways() {
  static const std::vector<Way> all{
      {"finer", scaled({.45, .5, .6}, {-.275, -.25, -.2}), {29, 27, 21}},
      {"coarser", scaled({2.3, 1.7, 3}, {.65, .35, 1}), {6, 8, 4}},
      {"flipped", scaled({-.45, .5, -.6}, {12.2, -.25, 11}), {29, 27, 21}},
      {"same", scaled({1, 1, 1}, {0, 0, 0}), {13, 13, 12}},
      {"beyond", scaled({1.1, 1.2, .9}, {-5, -4, -3}), {23, 19, 23}},
      {"permuted",
       Affine::from_columns({0, .5, 0}, {0, 0, .5}, {.5, 0, 0}, {0, 0, 0}),
       {25, 23, 25}},
      {"turned", turned(), {23, 29, 17}}};
  return all;
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

TEST_P(LabelsBack, RoundedToHalvesTheLowerOfEqualClassesWins) {
  // At .17002: .51006 and .51006 + .17002 * 2^-9. Halves lie 2^-11 apart there: 1044.6 and 1045.28
  // of them, both 1045, though class 1 is ahead at both ends.
  const Scores s{2, {2, 1, 1}, {0, 3, 0x1p-24F, 3 + 0x1p-9F}};
  LabelsBackTask task;
  task.out_size = {1, 1, 1};
  task.out_to_in = scaled({1, 1, 1}, {.17002, 0, 0});
  task.label_of = {5, 6};
  EXPECT_EQ(run(s.view(), task), std::vector<std::uint8_t>{6});
  task.rounded_to_halves = true;
  EXPECT_EQ(run(s.view(), task), std::vector<std::uint8_t>{5});
}

TEST_P(LabelsBack, RoundedToHalvesEqualsThePlainInterpolation) {
  for (const Way& way : ways()) {
    Scores s{3, {13, 13, 12}, {}};
    std::mt19937 random(7);
    for (std::int64_t i = 0; i < 3 * s.voxels(); ++i) {  // 1/16 is a step of halves here
      s.values.push_back(100 + static_cast<float>(random() % 4) / 16);
    }
    LabelsBackTask task;
    task.out_size = way.out_size;
    task.out_to_in = way.out_to_in;
    task.label_of = counting(3);
    task.outside = 255;
    const std::vector<std::uint8_t> unrounded = run(s.view(), task);
    task.rounded_to_halves = true;
    EXPECT_EQ(wrong_labels(s, task, run(s.view(), task)), 0) << way.name;
    if (std::string_view(way.name) != "same") {
      EXPECT_GT(wrong_labels(s, task, unrounded), 0) << way.name;
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
