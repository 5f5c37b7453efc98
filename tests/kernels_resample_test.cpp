// The operator against answers worked out by hand, on every backend.

#include "kernels/resample.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <cstring>
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

Affine shift(const Vec3& by) {
  return Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 1}, by);
}

class Resample : public testing::OnBackend {
 protected:
  std::vector<float> run(const SourceView& source, const ResampleTask& task) {
    std::vector<float> out(static_cast<std::size_t>(voxel_count(task.out_size)), -12345.0F);
    resample(device, source, task, out);
    return out;
  }
  /// The value at one place of the source.
  float at(const SourceView& source, const Vec3& place, ResampleTask task = {}) {
    task.out_size = {1, 1, 1};
    task.out_to_in = shift(place);
    return run(source, task).front();
  }
};

// Corners 1 2 | 4 8 || 16 32 | 64 128: no two interpolations of them agree by chance.
const Stored<std::uint8_t> kCube({1, 2, 4, 8, 16, 32, 64, 128}, {2, 2, 2});

TEST_P(Resample, LinearWeighsTheEightNeighbours) {
  EXPECT_FLOAT_EQ(at(kCube.view(), {.5, .5, .5}), 255.0F / 8);
  // x at .25: 1.25 5 | 20 80; y at .5: 3.125 | 50; z at .75: 3.125 + .75 * 46.875
  EXPECT_FLOAT_EQ(at(kCube.view(), {.25, .5, .75}), 38.28125F);
  EXPECT_FLOAT_EQ(at(kCube.view(), {1, 0, 1}), 32);
}

TEST_P(Resample, NearestTakesTheCloserCentre) {
  ResampleTask task;
  task.interpolation = Interpolation::nearest;
  EXPECT_EQ(at(kCube.view(), {.49, .49, .49}, task), 1);
  EXPECT_EQ(at(kCube.view(), {.51, .49, .49}, task), 2);
  EXPECT_EQ(at(kCube.view(), {.49, .51, .49}, task), 4);
  EXPECT_EQ(at(kCube.view(), {.49, .49, .51}, task), 16);
  EXPECT_EQ(at(kCube.view(), {1.49, 1.49, 1.49}, task), 128);
}

TEST_P(Resample, TheEdgeValueGoesOnForHalfAVoxelAndEndsThere) {
  const Stored<std::int16_t> pair({10, 20}, {2, 1, 1});
  for (const auto interpolation : {Interpolation::nearest, Interpolation::linear}) {
    ResampleTask task;
    task.interpolation = interpolation;
    task.outside = -7;
    EXPECT_EQ(at(pair.view(), {-.51, 0, 0}, task), -7);
    EXPECT_EQ(at(pair.view(), {-.5, 0, 0}, task), 10);
    EXPECT_EQ(at(pair.view(), {-.25, 0, 0}, task), 10);
    EXPECT_EQ(at(pair.view(), {1.25, 0, 0}, task), 20);
    EXPECT_EQ(at(pair.view(), {1.5, 0, 0}, task), 20);
    EXPECT_EQ(at(pair.view(), {1.51, 0, 0}, task), -7);
    EXPECT_EQ(at(pair.view(), {0, .51, 0}, task), -7);
    EXPECT_EQ(at(pair.view(), {0, 0, -.51}, task), -7);
    EXPECT_EQ(at(pair.view(), {0, .4, -.4}, task), 10);
  }
}

TEST_P(Resample, ClampsThenShiftsThenScales) {
  const Stored<std::int16_t> row({-300, -10, 0, 50, 900}, {5, 1, 1});
  ResampleTask task;
  task.out_size = {6, 1, 1};
  task.normalisation = {-100, 100, 20, .5F};
  task.outside = -9;
  // (-100 - 20)/2, (-10 - 20)/2, (0 - 20)/2, (50 - 20)/2, (100 - 20)/2; outside is written as it is
  EXPECT_EQ(run(row.view(), task), (std::vector<float>{-60, -15, -10, 15, 40, -9}));
}

TEST_P(Resample, RescalesEachSliceByItsOwnSlopeAndIntercept) {
  Stored<std::uint16_t> pet({10, 10}, {1, 1, 2});
  pet.slope = {1, 3};
  pet.intercept = {0, -5};
  EXPECT_FLOAT_EQ(at(pet.view(), {0, 0, 0}), 10);
  EXPECT_FLOAT_EQ(at(pet.view(), {0, 0, 1}), 25);
  EXPECT_FLOAT_EQ(at(pet.view(), {0, 0, .5}), 17.5F) << "interpolated before it was rescaled";
}

TEST_P(Resample, MasksPaddingBeforeRescale) {
  Stored<std::int16_t> ct({-2001, -2000, -1999, 0}, {4, 1, 1});
  ct.slope = {2};
  ct.intercept = {-1024};
  SourceView view = ct.view();
  view.has_padding = true;
  view.padding_low = -2000;
  view.padding_high = -1999;
  view.padding_counts = true;
  view.padding_value = -1000;
  ResampleTask task;
  task.out_size = {4, 1, 1};
  EXPECT_EQ(run(view, task), (std::vector<float>{-5026, -1000, -1000, -1024}));
  EXPECT_FLOAT_EQ(at(view, {2.5, 0, 0}), -1012) << "half padding, half image";
}

TEST_P(Resample, ReadsPaddingOfUnsignedVoxelsAsUnsigned) {
  const Stored<std::uint16_t> row({63536, 5}, {2, 1, 1});
  SourceView view = row.view();
  view.has_padding = true;
  view.padding_low = view.padding_high = 63536;
  view.padding_counts = true;
  view.padding_value = -1;
  EXPECT_EQ(at(view, {0, 0, 0}), -1);
  EXPECT_EQ(at(view, {1, 0, 0}), 5);
}

TEST_P(Resample, ComputesOnlyTheBoxToKeep) {
  Stored<std::int16_t> source(std::vector<std::int16_t>(4 * 3 * 2, 5), {4, 3, 2});
  ResampleTask task;
  task.out_size = {4, 3, 2};
  task.outside = 1;
  task.normalisation = {-1e9F, 1e9F, 2, 1};
  task.keep = {{1, 1, 0}, {3, 2, 1}};
  std::vector<float> expected(24, 1);
  expected[1 * 4 + 1] = expected[1 * 4 + 2] = 3;  // y 1, z 0, x 1 and 2
  EXPECT_EQ(run(source.view(), task), expected);
}

TEST_P(Resample, SeveralSamplesAreTheMeanOfTheBlock) {
  Stored<std::int16_t> source({}, {6, 4, 2});
  for (int i = 0; i < 48; ++i) source.values.push_back(static_cast<std::int16_t>((i * i) % 97));
  ResampleTask task;
  task.out_size = {2, 2, 1};
  task.samples = {3, 2, 2};
  // The middle of block 0 is at (1, .5, .5).
  task.out_to_in = Affine::from_columns({3, 0, 0}, {0, 2, 0}, {0, 0, 2}, {1, .5, .5});
  std::vector<float> expected;
  for (int j = 0; j < 2; ++j) {
    for (int i = 0; i < 2; ++i) {
      int sum = 0;
      for (int z = 0; z < 2; ++z) {
        for (int y = 2 * j; y < 2 * j + 2; ++y) {
          for (int x = 3 * i; x < 3 * i + 3; ++x) {
            sum += source.values[static_cast<std::size_t>((z * 4 + y) * 6 + x)];
          }
        }
      }
      expected.push_back(static_cast<float>(sum) / 12);
    }
  }
  for (const auto interpolation : {Interpolation::nearest, Interpolation::linear}) {
    task.interpolation = interpolation;
    const std::vector<float> found = run(source.view(), task);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(found[i], expected[i], 1e-4) << i;
  }
}

TEST_P(Resample, SamplesOutsideTheSourceDoNotCount) {
  const Stored<std::int16_t> pair({10, 20}, {2, 1, 1});
  ResampleTask task;
  task.samples = {4, 1, 1};
  task.outside = -7;
  task.out_size = {1, 1, 1};
  // One output voxel, 4 source voxels wide about place 2: samples at .5, 1.5, 2.5, 3.5; the last
  // two lie outside.
  task.out_to_in = Affine::from_columns({4, 0, 0}, {0, 1, 0}, {0, 0, 1}, {2, 0, 0});
  EXPECT_EQ(run(pair.view(), task).front(), (15.0F + 20.0F) / 2);
  // About place 4.1 the first of four is at 2.6: none inside.
  task.out_to_in = Affine::from_columns({4, 0, 0}, {0, 1, 0}, {0, 0, 1}, {4.1, 0, 0});
  EXPECT_EQ(run(pair.view(), task).front(), -7);
}

TEST_P(Resample, ReadsEveryScalarTypeToItsLimits) {
  const auto expect_values = [&]<typename T>(T) {
    constexpr T low = std::numeric_limits<T>::lowest(), high = std::numeric_limits<T>::max();
    const Stored<T> row({low, T{0}, T{7}, high}, {4, 1, 1});
    ResampleTask task;
    task.out_size = {4, 1, 1};
    const std::vector<float> expected{static_cast<float>(low), 0, 7, static_cast<float>(high)};
    task.normalisation.low = std::numeric_limits<float>::lowest();
    task.normalisation.high = std::numeric_limits<float>::max();
    task.interpolation = Interpolation::nearest;
    EXPECT_EQ(run(row.view(), task), expected) << sizeof(T) << " bytes";
  };
  expect_values(std::uint8_t{});
  expect_values(std::int8_t{});
  expect_values(std::uint16_t{});
  expect_values(std::int16_t{});
  expect_values(std::uint32_t{});
  expect_values(std::int32_t{});
  expect_values(float{});
}

TEST_P(Resample, RefusesTasksThatContradictThemselves) {
  std::vector<float> one(1), two(2);
  ResampleTask task;
  task.out_size = {1, 1, 1};
  const auto refuses = [&](const SourceView& source, const ResampleTask& t,
                           std::vector<float>& out) {
    expect_error(ErrorCode::bad_argument, "resample", [&] { resample(device, source, t, out); });
  };
  refuses(kCube.view(), task, two);
  ResampleTask none = task;
  none.samples = {1, 0, 1};
  refuses(kCube.view(), none, one);
  ResampleTask negative = task;
  negative.out_size = {-1, -1, 1};
  refuses(kCube.view(), negative, one);
  SourceView empty = kCube.view();
  empty.size[2] = 0;
  refuses(empty, task, one);
}

INSTANTIATE_TEST_SUITE_P(Backends, Resample, testing::both_backends(), testing::backend_name);

TEST(ResampleCpu, IsBitIdenticalForAnyNumberOfThreads) {
  Stored<std::int16_t> source({}, {31, 29, 23});
  for (int i = 0; i < 31 * 29 * 23; ++i) {
    source.values.push_back(static_cast<std::int16_t>((i * 7919) % 4001 - 2000));
  }
  ResampleTask task;
  task.out_size = {37, 41, 17};
  task.out_to_in =
      Affine::from_columns({.8, .1, -.05}, {-.12, .7, .03}, {.02, -.04, 1.3}, {1, 2, 0});
  task.samples = {2, 1, 2};
  const int before = omp_get_max_threads();
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 4}) {
    omp_set_num_threads(threads);
    auto& out = results.emplace_back(static_cast<std::size_t>(voxel_count(task.out_size)));
    resample_cpu(source.view(), task, out);
  }
  omp_set_num_threads(before);
  const std::size_t bytes = results[0].size() * sizeof(float);
  EXPECT_EQ(std::memcmp(results[0].data(), results[1].data(), bytes), 0);
  EXPECT_EQ(std::memcmp(results[0].data(), results[2].data(), bytes), 0);
}

}  // namespace
}  // namespace osler::kernels
