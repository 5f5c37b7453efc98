// Padding that counts as nothing, narrow outputs, and grids along the source's axes.

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "backends.hpp"
#include "kernels/bspline.hpp"
#include "kernels/half_math.hpp"
#include "kernels/resample.hpp"
#include "kernels/resample_math.hpp"
#include "kernels_stored.hpp"

namespace osler::kernels {
namespace {

using testing::Stored;

SourceView padded_at(const Stored<std::int16_t>& source, std::int16_t value) {
  SourceView view = source.view();
  view.has_padding = true;
  view.padding_low = view.padding_high = value;
  return view;
}

class Padding : public testing::OnBackend {
 protected:
  float at(const SourceView& source, const Vec3& place,
           Interpolation interpolation = Interpolation::linear,
           const std::array<int, 3>& samples = {1, 1, 1}) {
    ResampleTask task;
    task.interpolation = interpolation;
    task.outside = -7;
    task.samples = samples;
    task.out_size = {1, 1, 1};
    task.out_to_in = Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 1}, place);
    std::vector<float> out(1);
    resample(device, source, task, out);
    return out.front();
  }
};

constexpr std::int16_t kPad = -2000;

TEST_P(Padding, LinearWeighsTheOtherNeighboursOnly) {
  const Stored<std::int16_t> row({10, kPad, 30}, {3, 1, 1});
  const SourceView view = padded_at(row, kPad);
  EXPECT_EQ(at(view, {0, 0, 0}), 10);
  EXPECT_EQ(at(view, {.5, 0, 0}), 10);
  EXPECT_EQ(at(view, {.999, 0, 0}), 10);
  EXPECT_EQ(at(view, {1, 0, 0}), -7) << "all weight on padding";
  EXPECT_EQ(at(view, {1.001, 0, 0}), 30);
  EXPECT_EQ(at(view, {2.5, 0, 0}), 30);
}

TEST_P(Padding, LinearScalesTheWeightsThatAreLeft) {
  const Stored<std::int16_t> square({10, kPad, 20, 40}, {2, 2, 1});
  const SourceView view = padded_at(square, kPad);
  EXPECT_FLOAT_EQ(at(view, {.5, .5, 0}), 70.0F / 3);
  // Weights .375 of 10, .375 of 20, .125 of 40.
  EXPECT_FLOAT_EQ(at(view, {.25, .5, 0}), 16.25F / .875F);
  // .125 of 10, .125 of 20, .375 of 40
  EXPECT_FLOAT_EQ(at(view, {.75, .5, 0}), 18.75F / .625F);
}

TEST_P(Padding, NearestOfPaddingIsOutside) {
  const Stored<std::int16_t> row({10, kPad, 30}, {3, 1, 1});
  const SourceView view = padded_at(row, kPad);
  EXPECT_EQ(at(view, {.49, 0, 0}, Interpolation::nearest), 10);
  EXPECT_EQ(at(view, {.51, 0, 0}, Interpolation::nearest), -7);
  EXPECT_EQ(at(view, {1.51, 0, 0}, Interpolation::nearest), 30);
}

TEST_P(Padding, OfSeveralSamplesThoseWithAValueAreAveraged) {
  const Stored<std::int16_t> row({10, kPad, 30}, {3, 1, 1});
  const SourceView view = padded_at(row, kPad);
  // Samples at .75 and 1.25 (nearest: both padding), then at 1.25 and 1.75.
  EXPECT_EQ(at(view, {1, 0, 0}, Interpolation::nearest, {2, 1, 1}), -7);
  EXPECT_EQ(at(view, {1.5, 0, 0}, Interpolation::nearest, {2, 1, 1}), 30);
  // Linear: 10 and 30.
  EXPECT_EQ(at(view, {1, 0, 0}, Interpolation::linear, {2, 1, 1}), 20);
}

TEST_P(Padding, VoxelsOfAFractionAreNotPaddingOfItsWholePart) {
  const Stored<float> row({.5F, 1.0F}, {2, 1, 1});
  SourceView view = row.view();
  view.has_padding = true;  // 0 is padding
  EXPECT_EQ(at(view, {0, 0, 0}), .5F);
}

TEST_P(Padding, ARangeBeyondTheTypesLimitsIsCutToThem) {
  const Stored<std::int16_t> row({-32768, 5}, {2, 1, 1});
  SourceView view = row.view();
  view.has_padding = true;
  view.padding_low = -100000;
  view.padding_high = -30000;
  EXPECT_EQ(at(view, {0, 0, 0}), -7);
  view.padding_low = 40000;
  view.padding_high = 50000;
  EXPECT_EQ(at(view, {0, 0, 0}), -32768);
}

INSTANTIATE_TEST_SUITE_P(Backends, Padding, testing::both_backends(), testing::backend_name);

// IEEE 754-2019 3.6 and 4.3.1, by hand: value, bits.
TEST(NarrowFloats, RoundToNearestTiesToEven) {
  const float ulp = std::ldexp(1.0F, -10);  // of binary16 at 1
  EXPECT_EQ(to_f16(1), 0x3C00);
  EXPECT_EQ(to_f16(-2), 0xC000);
  EXPECT_EQ(to_f16(-0.0F), 0x8000);
  EXPECT_EQ(to_f16(1 + ulp / 2), 0x3C00);
  EXPECT_EQ(to_f16(1 + 1.5F * ulp), 0x3C02);
  EXPECT_EQ(to_f16(std::nextafter(1 + ulp / 2, 2.0F)), 0x3C01);
  EXPECT_EQ(to_f16(65504), 0x7BFF);
  EXPECT_EQ(to_f16(std::nextafter(65520.0F, 0.0F)), 0x7BFF);
  EXPECT_EQ(to_f16(65520), 0x7C00);
  EXPECT_EQ(to_f16(-1e30F), 0xFC00);
  EXPECT_EQ(to_f16(std::ldexp(1.0F, -14)), 0x0400) << "smallest normal";
  EXPECT_EQ(to_f16(std::ldexp(1023.0F, -24)), 0x03FF) << "largest subnormal";
  EXPECT_EQ(to_f16(std::ldexp(1.0F, -24)), 0x0001);
  EXPECT_EQ(to_f16(std::ldexp(1.0F, -25)), 0x0000) << "tie";
  EXPECT_EQ(to_f16(std::ldexp(3.0F, -25)), 0x0002) << "tie";
  EXPECT_EQ(to_f16(std::numeric_limits<float>::infinity()), 0x7C00);
  EXPECT_EQ(to_f16(std::numeric_limits<float>::quiet_NaN()) & 0x7E00, 0x7E00);
  EXPECT_EQ(to_bf16(1), 0x3F80);
  EXPECT_EQ(to_bf16(1 + std::ldexp(1.0F, -8)), 0x3F80) << "tie";
  EXPECT_EQ(to_bf16(1 + std::ldexp(3.0F, -8)), 0x3F82) << "tie";
  EXPECT_EQ(to_bf16(-std::numeric_limits<float>::max()), 0xFF80);
  EXPECT_EQ(to_bf16(float_of(0x7F800001)) & 0x7FC0, 0x7FC0) << "NaN stays NaN";
}

class NarrowOutput : public testing::OnBackend {};

TEST_P(NarrowOutput, IsTheWideOneRounded) {
  Stored<std::int16_t> source({}, {13, 11, 7});
  for (int i = 0; i < 13 * 11 * 7; ++i) {
    source.values.push_back(static_cast<std::int16_t>((i * 7919LL) % 4001 - 2000));
  }
  ResampleTask task;
  task.interpolation = Interpolation::nearest;
  task.normalisation.scale = 1.0F / 3;
  task.outside = .1F;
  for (const bool mixes : {false, true}) {
    task.out_size = {17, 5, 9};
    task.out_to_in =
        Affine::from_columns({-.7, mixes ? .1 : 0, 0}, {0, 0, 1.25}, {0, 1, 0}, {12, 0, 0});
    std::vector<float> wide(17 * 5 * 9);
    std::vector<std::uint16_t> narrow(wide.size());
    resample(device, source.view(), task, wide);
    for (const OutputType type : {OutputType::f16, OutputType::bf16}) {
      ResampleTask to = task;
      to.out_type = type;
      resample(device, source.view(), to, std::span(narrow));
      for (std::size_t i = 0; i < wide.size(); ++i) {
        EXPECT_EQ(narrow[i], type == OutputType::f16 ? to_f16(wide[i]) : to_bf16(wide[i])) << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, NarrowOutput, testing::both_backends(), testing::backend_name);

struct Case {
  Affine out_to_in;
  Size3 out_size;
  std::array<int, 3> samples;
};

/// Along the axes, flipped, turned, and oblique; with and without several samples.
const std::vector<Case> kCases{
    {Affine::from_columns({2.1, 0, 0}, {0, 2.1, 0}, {0, 0, .6}, {.6, .6, -.2}),
     {29, 25, 70},
     {1, 1, 1}},
    {Affine::from_columns({-1.3, 0, 0}, {0, -.4, 0}, {0, 0, 1}, {60, 52, 0}),
     {48, 140, 41},
     {2, 1, 3}},
    {Affine::from_columns({0, 0, -.5}, {.9, 0, 0}, {0, 1.7, 0}, {1, .3, 40}),
     {83, 67, 31},
     {1, 1, 1}},
    {Affine::from_columns({0, 1.1, 0}, {0, 0, 1.1}, {1.1, 0, 0}, {0, 0, 0}),
     {49, 38, 57},
     {2, 1, 1}},
    {Affine::from_columns({.8, .1, -.05}, {-.12, .7, .03}, {.02, -.04, 1.3}, {-1, 2, 0}),
     {71, 57, 33},
     {1, 2, 1}},
};

Stored<std::int16_t> noise() {
  Stored<std::int16_t> source({}, {61, 53, 41});
  for (int i = 0; i < 61 * 53 * 41; ++i) {
    source.values.push_back(static_cast<std::int16_t>((i * 7919LL) % 4001 - 2000));
  }
  for (std::size_t k = 0; k < 41; ++k) source.slope[k] = 1.0F + 0.01F * static_cast<float>(k);
  return source;
}

TEST(ResampleCpu, AxisByAxisGivesTheSameBitsAsVoxelByVoxel) {
  const Stored<std::int16_t> source = noise();
  SourceView view = source.view();
  view.padding_low = -2000;
  view.padding_high = -900;
  for (const Case& test : kCases) {
    for (int option = 0; option < 6; ++option) {
      view.has_padding = option % 2 == 1;
      ResampleTask task;
      task.interpolation = static_cast<Interpolation>(option / 2);
      task.out_size = test.out_size;
      task.out_to_in = test.out_to_in;
      task.samples = test.samples;
      task.outside = -7;
      task.keep = {{1, 0, 2}, {test.out_size[0], test.out_size[1] - 1, test.out_size[2]}};
      std::vector<float> out(static_cast<std::size_t>(voxel_count(task.out_size)));
      resample_cpu(view, task, out);
      std::vector<float> spline(source.values.size());
      bspline_coefficients_cpu(view, spline);
      const ResampleConstants c = resample_constants(view, task, spline.data());
      const auto voxels = voxels_of<std::int16_t>(view);
      std::size_t n = 0, different = 0;
      for (std::int64_t k = 0; k < task.out_size[2]; ++k) {
        for (std::int64_t j = 0; j < task.out_size[1]; ++j) {
          for (std::int64_t i = 0; i < task.out_size[0]; ++i, ++n) {
            const float expected = resampled(voxels, c, i, j, k);
            different += std::memcmp(&expected, &out[n], sizeof expected) != 0;
          }
        }
      }
      EXPECT_EQ(different, 0U) << "case " << &test - kCases.data() << ", option " << option;
    }
  }
}

TEST(ResampleCpu, EveryKindGivesTheSameBitsOnAnyNumberOfThreads) {
  const Stored<std::int16_t> source = noise();
  SourceView view = source.view();
  view.has_padding = true;
  view.padding_low = -2000;
  view.padding_high = -900;
  const int before = omp_get_max_threads();
  for (const Case& test : kCases) {
    for (int kind = 0; kind < 3; ++kind) {
      ResampleTask task;
      task.interpolation = static_cast<Interpolation>(kind);
      task.out_size = test.out_size;
      task.out_to_in = test.out_to_in;
      task.samples = test.samples;
      std::vector<float> one(static_cast<std::size_t>(voxel_count(task.out_size))), several(one);
      omp_set_num_threads(1);
      resample_cpu(view, task, one);
      for (int threads = 2; threads <= 5; ++threads) {
        omp_set_num_threads(threads);
        resample_cpu(view, task, several);
        EXPECT_EQ(std::memcmp(one.data(), several.data(), one.size() * sizeof(float)), 0)
            << "case " << &test - kCases.data() << ", " << threads << " threads";
      }
    }
  }
  omp_set_num_threads(before);
}

TEST(ResampleCpu, TermsThatAreRoundingDoNotMixAxes) {
  const Stored<std::int16_t> source = noise();
  ResampleTask task;
  task.out_size = kCases[0].out_size;
  task.out_to_in = kCases[0].out_to_in;
  std::vector<float> exact(static_cast<std::size_t>(voxel_count(task.out_size))), rounded(exact);
  resample_cpu(source.view(), task, exact);
  task.out_to_in.m[1] = task.out_to_in.m[6] = 1e-14;
  resample_cpu(source.view(), task, rounded);
  EXPECT_EQ(std::memcmp(exact.data(), rounded.data(), exact.size() * sizeof(float)), 0);
}

}  // namespace
}  // namespace osler::kernels
