// The operator against analytic images and against a plain reference in double precision, on every
// backend, as the maximum error.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "backends.hpp"
#include "kernels/resample.hpp"
#include "kernels_stored.hpp"

namespace osler::kernels {
namespace {

using testing::Stored;

/// Trilinear interpolation with edges that go on, written from the definition: every voxel of the
/// source has the weight prod max(0, 1 - |distance|).
double reference(const Stored<float>& source, Vec3 place) {
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    place[i] = std::clamp(place[i], 0.0, static_cast<double>(source.size[i] - 1));
  }
  std::size_t n = 0;
  for (std::int64_t z = 0; z < source.size[2]; ++z) {
    for (std::int64_t y = 0; y < source.size[1]; ++y) {
      for (std::int64_t x = 0; x < source.size[0]; ++x, ++n) {
        const Vec3 off =
            Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)} - place;
        double weight = 1;
        for (const double d : off) weight *= std::max(0.0, 1 - std::abs(d));
        sum += weight * source.values[n];
      }
    }
  }
  return sum;
}

class ResampleReference : public testing::OnBackend {};

TEST_P(ResampleReference, ALinearRampIsReproducedUnderAnObliqueAffine) {
  // v = (3 + 2 x - 5 y + 7 z) / 100 at index (x, y, z): linear interpolation has no error but
  // rounding.
  const auto ramp = [](const Vec3& p) { return (3 + 2 * p[0] - 5 * p[1] + 7 * p[2]) / 100; };
  Stored<float> source({}, {20, 18, 16});
  for (int z = 0; z < 16; ++z) {
    for (int y = 0; y < 18; ++y) {
      for (int x = 0; x < 20; ++x) {
        source.values.push_back(static_cast<float>(
            ramp({static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)})));
      }
    }
  }
  ResampleTask task;
  task.out_size = {21, 20, 19};
  task.out_to_in =
      Affine::from_columns({.71, .22, -.11}, {-.19, .68, .14}, {.09, -.13, .75}, {1.5, 1.25, .75});
  task.outside = -1000;
  std::vector<float> out(static_cast<std::size_t>(voxel_count(task.out_size)));
  resample(device, source.view(), task, out);
  double worst = 0;
  std::size_t n = 0, inside = 0;
  for (int k = 0; k < 19; ++k) {
    for (int j = 0; j < 20; ++j) {
      for (int i = 0; i < 21; ++i, ++n) {
        const Vec3 p = task.out_to_in(
            {static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        const bool between_centres =
            p[0] >= 0 && p[0] <= 19 && p[1] >= 0 && p[1] <= 17 && p[2] >= 0 && p[2] <= 15;
        if (!between_centres) continue;
        ++inside;
        worst = std::max(worst, std::abs(out[n] - ramp(p)));
      }
    }
  }
  EXPECT_GT(inside, 5000U);
  EXPECT_LE(worst, kResampleTolerance);
}

TEST_P(ResampleReference, MaximumErrorOnAwkwardSizes) {
  Stored<float> source({}, {5, 4, 3});
  for (int i = 0; i < 60; ++i) source.values.push_back(static_cast<float>(std::sin(i * 1.7)));
  for (const std::int64_t n : {0, 1, 255, 256, 257, 1'000'003}) {
    ResampleTask task;
    task.out_size = {n, 1, 1};
    // From one corner of the source to the opposite one in n steps.
    const double step = 1 / static_cast<double>(std::max<std::int64_t>(n - 1, 1));
    task.out_to_in =
        Affine::from_columns({4 * step, 3 * step, 2 * step}, {0, 1, 0}, {0, 0, 1}, {0, 0, 0});
    std::vector<float> out(static_cast<std::size_t>(n), -12345.0F);
    resample(device, source.view(), task, out);
    double worst = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const Vec3 place = task.out_to_in({static_cast<double>(i), 0, 0});
      worst =
          std::max(worst, std::abs(out[static_cast<std::size_t>(i)] - reference(source, place)));
    }
    EXPECT_LE(worst, kResampleTolerance) << "n = " << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ResampleReference, testing::both_backends(),
                         testing::backend_name);

/// CUDA against its CPU twin: every option at once.
class ResampleParity : public testing::OnBackend {};

TEST_P(ResampleParity, GpuAgreesWithItsTwinAtTheWorstVoxel) {
  Stored<std::int16_t> source({}, {61, 53, 47});
  for (int i = 0; i < 61 * 53 * 47; ++i) {
    source.values.push_back(static_cast<std::int16_t>((i * 7919LL) % 4001 - 2000));
  }
  for (std::size_t k = 0; k < 47; ++k) {
    source.slope[k] = 1.0F + 0.01F * static_cast<float>(k);
    source.intercept[k] = -static_cast<float>(k);
  }
  SourceView view = source.view();
  view.has_padding = true;
  view.padding_low = -2000;
  view.padding_high = -1900;
  view.padding_value = -500;
  ResampleTask task;
  task.out_size = {71, 57, 33};
  task.out_to_in =
      Affine::from_columns({.8, .1, -.05}, {-.12, .7, .03}, {.02, -.04, 1.3}, {-1, 2, 0});
  task.samples = {2, 1, 3};
  task.normalisation = {-1500, 1500, 10, 1 / 1500.0F};
  task.keep = {{2, 3, 1}, {70, 57, 30}};
  task.outside = .25F;
  const auto n = static_cast<std::size_t>(voxel_count(task.out_size));
  std::vector<float> twin(n), gpu(n);
  for (const Interpolation interpolation : {Interpolation::linear, Interpolation::cubic}) {
    for (const bool counts : {true, false}) {
      task.interpolation = interpolation;
      view.padding_counts = counts;
      resample_cpu(view, task, twin);
      resample(device, view, task, gpu);
      float worst = 0;
      for (std::size_t i = 0; i < n; ++i) worst = std::max(worst, std::abs(twin[i] - gpu[i]));
      EXPECT_LE(worst, kResampleTolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ResampleParity, ::testing::Values(Backend::cuda),
                         testing::backend_name);

}  // namespace
}  // namespace osler::kernels
