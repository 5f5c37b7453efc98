// Statistics against answers worked out by hand, by NumPy, and by sorting, on every backend.

#include "kernels/statistics.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "backends.hpp"
#include "core/error.hpp"
#include "kernels_stored.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

using testing::expect_error;
using testing::Stored;

class StatisticsOf : public testing::OnBackend {
 protected:
  Statistics of(const SourceView& source, const StatisticsTask& task = {}) {
    return statistics(device, source, task);
  }
};

StatisticsTask percentiles(const std::vector<double>& of) {
  StatisticsTask task;
  task.percentiles = of;
  return task;
}

TEST_P(StatisticsOf, FourNumbers) {
  const Stored<std::int16_t> four({3, 1, 4, 2}, {2, 2, 1});
  const Statistics s = of(four.view(), percentiles({50, 25, 0, 100, 90}));
  EXPECT_EQ(s.count, 4);
  EXPECT_DOUBLE_EQ(s.mean, 2.5);
  EXPECT_DOUBLE_EQ(s.sd, std::sqrt(1.25));
  EXPECT_EQ(s.min, 1);
  EXPECT_EQ(s.max, 4);
  EXPECT_DOUBLE_EQ(s.percentiles[0], 2.5);
  EXPECT_DOUBLE_EQ(s.percentiles[1], 1.75);
  EXPECT_EQ(s.percentiles[2], 1);
  EXPECT_EQ(s.percentiles[3], 4);
  EXPECT_DOUBLE_EQ(s.percentiles[4], 3.7);
  EXPECT_TRUE(std::isnan(s.percentiles[5]));
}

// numpy 2.4: v = float32([3,-1,4,1,-5,9,2,6,5,35]); np.percentile(v, [10, 90]); v.mean(), 1/v.std()
TEST_P(StatisticsOf, AgreeWithNumPy) {
  const Stored<float> ten({3, -1, 4, 1, -5, 9, 2, 6, 5, 35}, {5, 2, 1});
  const Statistics s = of(ten.view(), percentiles({10, 90}));
  EXPECT_NEAR(s.percentiles[0], -1.4, 1e-12);
  EXPECT_NEAR(s.percentiles[1], 11.6, 1e-12);
  EXPECT_NEAR(s.mean, 5.9, 1e-12);
  EXPECT_NEAR(1 / s.sd, .09645305072682313, 1e-8);
}

TEST_P(StatisticsOf, ANegativeSlopeTurnsTheOrder) {
  Stored<std::uint8_t> source({1, 2, 3, 4}, {4, 1, 1});
  source.slope = {-2};
  source.intercept = {10};  // 8 6 4 2
  const Statistics s = of(source.view(), percentiles({25}));
  EXPECT_EQ(s.min, 2);
  EXPECT_EQ(s.max, 8);
  EXPECT_EQ(s.mean, 5);
  EXPECT_DOUBLE_EQ(s.percentiles[0], 3.5);
}

TEST_P(StatisticsOf, EachSliceHasItsOwnRescale) {
  Stored<std::uint16_t> pet({1, 2, 1, 2}, {2, 1, 2});
  pet.slope = {1, 10};
  pet.intercept = {0, .5F};  // 1 2 | 10.5 20.5
  const Statistics s = of(pet.view(), percentiles({50}));
  EXPECT_EQ(s.max, 20.5);
  EXPECT_DOUBLE_EQ(s.mean, 8.5);
  EXPECT_DOUBLE_EQ(s.percentiles[0], 6.25);
}

/// 8 and 16-bit voxels are counted by value, wider ones are not: each rule is held on both.
template <typename T>
Stored<T> small_volume() {
  return Stored<T>({0, 5, 7, 0, 1, 9, 100, 3}, {2, 2, 2});
}

TEST_P(StatisticsOf, OnlyWhatTheTaskAcceptsCounts) {
  const auto hold = [&](const SourceView& view) {
    StatisticsTask task;
    task.nonzero = true;
    EXPECT_EQ(of(view, task).count, 6);
    EXPECT_EQ(of(view, task).min, 1);
    task.nonzero = false;
    task.low = 1;
    task.high = 9;  // both ends
    Statistics s = of(view, task);
    EXPECT_EQ(s.count, 5);
    EXPECT_EQ(s.mean, 5);  // 5 7 1 9 3
    EXPECT_EQ(s.max, 9);
    const std::vector<std::uint8_t> mask{0, 1, 0, 255, 0, 0, 1, 2};
    std::vector<std::uint8_t> none(8);
    task = {};
    task.mask = mask.data();
    s = of(view, task);  // 5 0 100 3
    EXPECT_EQ(s.count, 4);
    EXPECT_EQ(s.mean, 27);
    task.nonzero = true;
    EXPECT_EQ(of(view, task).mean, 36);
    task.mask = none.data();
    s = of(view, task);
    EXPECT_EQ(s.count, 0);
    EXPECT_TRUE(std::isnan(s.mean) && std::isnan(s.sd) && std::isnan(s.min) && std::isnan(s.max));
  };
  hold(small_volume<std::uint8_t>().view());
  hold(small_volume<std::int16_t>().view());
  hold(small_volume<std::int32_t>().view());
  hold(small_volume<float>().view());
}

TEST_P(StatisticsOf, PaddingCountsAsNothingOrAsItsValue) {
  const auto hold = [&](SourceView view) {
    view.has_padding = true;
    view.padding_low = 9;
    view.padding_high = 1000;
    Statistics s = of(view, percentiles({100}));
    EXPECT_EQ(s.count, 6);
    EXPECT_EQ(s.max, 7);
    EXPECT_EQ(s.percentiles[0], 7);
    view.padding_counts = true;
    view.padding_value = -4;
    s = of(view);
    EXPECT_EQ(s.count, 8);
    EXPECT_EQ(s.mean, 1);  // 0 5 7 0 1 -4 -4 3
    EXPECT_EQ(s.min, -4);
  };
  hold(small_volume<std::uint8_t>().view());
  hold(small_volume<std::int16_t>().view());
  hold(small_volume<float>().view());
}

TEST_P(StatisticsOf, ReadEveryScalarTypeToItsLimits) {
  const auto hold = [&]<typename T>(T) {
    constexpr T low = std::numeric_limits<T>::lowest(), high = std::numeric_limits<T>::max();
    const Stored<T> row({high, T{7}, low}, {3, 1, 1});
    const Statistics s = of(row.view(), percentiles({50}));
    EXPECT_EQ(s.min, static_cast<float>(low));
    EXPECT_EQ(s.max, static_cast<float>(high));
    EXPECT_EQ(s.percentiles[0], 7);
  };
  hold(std::uint8_t{});
  hold(std::uint16_t{});
  hold(std::int16_t{});
  hold(std::uint32_t{});
  hold(std::int32_t{});
  hold(float{});
  const Stored<std::int8_t> row({127, 7, -128}, {3, 1, 1});
  EXPECT_EQ(of(row.view()).min, -128);
}

TEST_P(StatisticsOf, NaNDoesNotCountAndInfinityDoes) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Stored<float> row({1, std::numeric_limits<float>::quiet_NaN(), -infinity, -2, infinity},
                          {5, 1, 1});
  const Statistics s = of(row.view(), percentiles({0, 50, 100}));
  EXPECT_EQ(s.count, 4);
  EXPECT_EQ(s.percentiles[0], -infinity);
  EXPECT_EQ(s.percentiles[1], -.5);
  EXPECT_EQ(s.percentiles[2], infinity);
}

/// By the definition in the header, on sorted values.
double by_sorting(const std::vector<float>& sorted, double percent) {
  const double at = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const double low = sorted[below], high = sorted[std::min(below + 1, sorted.size() - 1)];
  return low + (at - static_cast<double>(below)) * (high - low);
}

template <typename T>
void hold_against_sorting(const Device& device, std::int64_t n) {
  Stored<T> source({}, {n, 1, 1});
  for (std::int64_t i = 0; i < n; ++i) {
    source.values.push_back(static_cast<T>((i * i * 31 + i * 7919) % 30011 - 15000));
  }
  source.slope = {.1F};
  std::vector<float> sorted;
  for (const T v : source.values) sorted.push_back(static_cast<float>(v) * .1F + 0.0F);
  std::sort(sorted.begin(), sorted.end());
  const std::vector<double> percents{0, .5, 12.5, 33.3, 50, 99.5, 100};
  const Statistics s = statistics(device, source.view(), percentiles(percents));
  ASSERT_EQ(s.count, n);
  if (n == 0) return;
  double sum = 0, squares = 0;
  for (const float v : sorted) sum += v;
  const double mean = sum / static_cast<double>(n);
  for (const float v : sorted) squares += (v - mean) * (v - mean);
  EXPECT_NEAR(s.mean, mean, kStatisticsTolerance * 1500);
  EXPECT_NEAR(s.sd, std::sqrt(squares / static_cast<double>(n)), kStatisticsTolerance * 1500);
  EXPECT_EQ(s.min, sorted.front());
  EXPECT_EQ(s.max, sorted.back());
  for (std::size_t i = 0; i < percents.size(); ++i) {
    EXPECT_EQ(s.percentiles[i], by_sorting(sorted, percents[i])) << percents[i] << " of " << n;
  }
}

TEST_P(StatisticsOf, AwkwardSizesAgreeWithSorting) {
  for (const std::int64_t n : {0, 1, 2, 255, 256, 257, 4095, 4097, 1'000'003}) {
    hold_against_sorting<std::int16_t>(device, n);
    hold_against_sorting<std::int32_t>(device, n);
    hold_against_sorting<float>(device, n);
  }
}

TEST_P(StatisticsOf, RefusesPercentilesThatAreNone) {
  const Stored<float> one({1}, {1, 1, 1});
  for (const double wrong : {-.1, 100.1, std::numeric_limits<double>::quiet_NaN()}) {
    expect_error(ErrorCode::bad_argument, "percentile",
                 [&] { of(one.view(), percentiles({wrong})); });
  }
  expect_error(ErrorCode::bad_argument, "percentiles",
               [&] { of(one.view(), percentiles(std::vector<double>(17, 50.0))); });
}

INSTANTIATE_TEST_SUITE_P(Backends, StatisticsOf, testing::both_backends(), testing::backend_name);

template <typename T>
void hold_on_threads() {
  Stored<T> source({}, {61, 53, 47});
  for (int i = 0; i < 61 * 53 * 47; ++i) {
    source.values.push_back(static_cast<T>((i * 7919LL) % 30011 - 15000));
  }
  const StatisticsTask task = percentiles({1, 50, 99.5});
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const Statistics one = statistics_cpu(source.view(), task);
  for (int threads = 2; threads <= 5; ++threads) {
    omp_set_num_threads(threads);
    const Statistics several = statistics_cpu(source.view(), task);
    EXPECT_EQ(one.count, several.count);
    EXPECT_EQ(one.mean, several.mean) << threads;
    EXPECT_EQ(one.sd, several.sd) << threads;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(one.percentiles[i], several.percentiles[i]);
  }
  omp_set_num_threads(before);
}

TEST(StatisticsCpu, GivesTheSameBitsOnAnyNumberOfThreads) {
  hold_on_threads<std::int16_t>();
  hold_on_threads<float>();
}

}  // namespace
}  // namespace osler::kernels
