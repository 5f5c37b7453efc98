// Distances against answers worked out by hand, straight from the definition, and by MONAI, on
// every backend. Other programs' answers: tests/judges/check_kernels.py.

#include "kernels/distance.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "backends.hpp"
#include "kernels/distance_math.hpp"
#include "kernels/surface_distance.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

using testing::expect_error;
using Mask = std::vector<std::uint8_t>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Mask sparse(const Size3& size, unsigned one_in) {
  std::mt19937 random(one_in);
  Mask mask(static_cast<std::size_t>(voxel_count(size)));
  for (std::uint8_t& v : mask) v = random() % one_in == 0 ? 1 : 0;
  return mask;
}

/// From each voxel to every voxel of the mask.
std::vector<double> by_definition(const Mask& mask, const Size3& size, const Vec3& mm) {
  const auto place = [&](std::size_t i) -> Vec3 {
    const auto n = static_cast<std::int64_t>(i);
    return {mm[0] * static_cast<double>(n % size[0]),
            mm[1] * static_cast<double>(n / size[0] % size[1]),
            mm[2] * static_cast<double>(n / size[0] / size[1])};
  };
  std::vector<double> nearest(mask.size(), std::numeric_limits<double>::infinity());
  for (std::size_t inside = 0; inside < mask.size(); ++inside) {
    if (mask[inside] == 0) continue;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      nearest[i] = std::min(nearest[i], norm(place(i) - place(inside)));
    }
  }
  return nearest;
}

class Distance : public testing::OnBackend {
 protected:
  std::vector<float> run(const Mask& mask, const Size3& size, const Vec3& spacing_mm) {
    std::vector<float> out(mask.size(), -1);
    distance_transform(device, mask, size, spacing_mm, out);
    return out;
  }
};

TEST_P(Distance, IsMeasuredInMillimetresAlongEachAxis) {
  // One voxel at (1, 1, 1) of 3 x 2 x 2; spacing 3, 4, 12 mm: 3-4-5 and 5-12-13 triangles.
  Mask mask(12, 0);
  mask[3 + 6 + 1] = 255;
  const float z = 12, xz = std::sqrt(153.0F), yz = std::sqrt(160.0F);
  EXPECT_EQ(run(mask, {3, 2, 2}, {3, 4, 12}), (std::vector<float>{13, yz, 13,  //
                                                                  xz, z, xz,   //
                                                                  5, 4, 5,     //
                                                                  3, 0, 3}));
}

TEST_P(Distance, TakesTheNearerOfTwo) {
  EXPECT_EQ(run({1, 0, 0, 0, 0, 1, 0}, {7, 1, 1}, {.5, 9, 9}),
            (std::vector<float>{0, .5, 1, 1, .5, 0, .5}));
  EXPECT_EQ(run({0, 1, 0, 0, 0, 0, 1}, {1, 7, 1}, {9, 2, 9}),
            (std::vector<float>{2, 0, 2, 4, 4, 2, 0}));
  EXPECT_EQ(run({0, 1, 0, 0, 0, 0, 1}, {1, 1, 7}, {9, 9, 2}),
            (std::vector<float>{2, 0, 2, 4, 4, 2, 0}));
}

TEST_P(Distance, IsInfiniteWithoutAndZeroWithOnlyInside) {
  EXPECT_EQ(run(Mask(60, 0), {5, 4, 3}, {1, 1, 1}), std::vector<float>(60, kInfinity));
  EXPECT_EQ(run(Mask(60, 7), {5, 4, 3}, {1, 1, 1}), std::vector<float>(60, 0));
  EXPECT_EQ(run({}, {5, 0, 3}, {1, 1, 1}), std::vector<float>{});
}

TEST_P(Distance, IsTheShortestToAnyVoxelOfTheMask) {
  for (const Size3& size : {Size3{17, 13, 11}, Size3{40, 3, 19}, Size3{1, 37, 23}}) {
    for (const unsigned one_in : {3U, 30U, 400U}) {
      for (const Vec3& mm : {Vec3{1, 1, 1}, Vec3{.7, .8, 2.5}, Vec3{3, .4, .9}}) {
        const Mask mask = sparse(size, one_in);
        const std::vector<float> found = run(mask, size, mm);
        const std::vector<double> expected = by_definition(mask, size, mm);
        for (std::size_t i = 0; i < mask.size(); ++i) {
          if (std::isinf(expected[i])) {
            ASSERT_EQ(found[i], kInfinity);
          } else {
            ASSERT_NEAR(found[i], expected[i], expected[i] * kDistanceTolerance) << i;
          }
        }
      }
    }
  }
}

TEST_P(Distance, AwkwardLengthsOfALine) {
  for (const std::int64_t n : {1, 15, 16, 17, 255, 256, 257, 1000003}) {
    Mask mask(static_cast<std::size_t>(n), 0);
    mask.back() = 1;
    const auto last = static_cast<float>(n - 1);
    // On the device a voxel looks at all voxels of its line here: only the shorter lines there.
    if (n > 1000 && GetParam() == Backend::cuda) continue;
    for (const Size3& size : {Size3{n, 1, 1}, Size3{1, n, 1}, Size3{1, 1, n}}) {
      const std::vector<float> found = run(mask, size, {1, 1, 1});
      EXPECT_EQ(found.front(), last);
      EXPECT_EQ(found[mask.size() / 2], last - static_cast<float>(mask.size() / 2));
      EXPECT_EQ(found.back(), 0);
    }
  }
}

TEST_P(Distance, RefusesSizesAndSpacingsThatCannotBe) {
  const Mask mask(8, 1);
  std::vector<float> out(8), short_out(7);
  const auto refuses = [&](const Size3& size, const Vec3& mm, std::vector<float>& result) {
    expect_error(ErrorCode::bad_argument, "distance transform",
                 [&] { distance_transform(device, mask, size, mm, result); });
  };
  refuses({2, 2, 2}, {1, 1, 1}, short_out);
  refuses({2, 2, 3}, {1, 1, 1}, out);
  refuses({-2, -2, 2}, {1, 1, 1}, out);
  refuses({2, 2, 2}, {1, 0, 1}, out);
  refuses({2, 2, 2}, {1, 1, -1}, out);
  refuses({2, 2, 2}, {std::nan(""), 1, 1}, out);
  refuses({2, 2, 2}, {1, std::numeric_limits<double>::infinity(), 1}, out);
}

constexpr Size3 kPairSize{40, 32, 24};
constexpr Vec3 kPairSpacing{.7, .8, 2.5};

Mask ellipsoid(const Vec3& centre, const Vec3& radius) {
  Mask mask;
  for (int z = 0; z < 24; ++z) {
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 40; ++x) {
        const Vec3 r{(x - centre[0]) / radius[0], (y - centre[1]) / radius[1],
                     (z - centre[2]) / radius[2]};
        mask.push_back(dot(r, r) <= 1 ? 1 : 0);
      }
    }
  }
  return mask;
}

class SurfaceDistance : public testing::OnBackend {
 protected:
  SurfaceDistances run(const Mask& a, const Mask& b, double tolerance_mm = 1) {
    return surface_distances(device, {a, b, kPairSize, kPairSpacing}, tolerance_mm);
  }
};

// MONAI 1.6.1, torch 2.11.0, of masks [1, 1, z, y, x] made as `ellipsoid` makes them:
//   kw = dict(include_background=True, spacing=(2.5, 0.8, 0.7))
//   compute_hausdorff_distance(a, b, **kw), ... (a, b, percentile=95, **kw),
//   compute_average_surface_distance(a, b, symmetric=True, **kw),
//   compute_surface_dice(a, b, class_thresholds=[1.0], **kw)
// It computes in single precision.
constexpr double kMonaiTolerance = 1e-6;  // relative

void expect_numbers(const SurfaceDistances& found, double hausdorff_mm, double hausdorff_95_mm,
                    double average_mm, double surface_dice) {
  const auto expect_near = [](double value, double expected) {
    EXPECT_NEAR(value, expected, kMonaiTolerance * expected);
  };
  expect_near(found.hausdorff_mm, hausdorff_mm);
  expect_near(found.hausdorff_95_mm, hausdorff_95_mm);
  expect_near(found.average_mm, average_mm);
  expect_near(found.surface_dice, surface_dice);
}

TEST_P(SurfaceDistance, AgreesWithMonaiOnTwoThatOverlap) {
  const Mask a = ellipsoid({18, 15, 11}, {9, 8, 6}), b = ellipsoid({20, 16, 12}, {10, 7, 5});
  expect_numbers(run(a, b), 5.253570079803467, 4.0534539222717285, 1.2904084920883179,
                 0.47676581144332886);
}

TEST_P(SurfaceDistance, AgreesWithMonaiAtTheBorderOfTheVolume) {
  const Mask a = ellipsoid({4, 15, 11}, {9, 8, 6}), b = ellipsoid({20, 31, 23}, {10, 7, 5});
  expect_numbers(run(a, b), 36.68146514892578, 34.92949295043945, 22.473758697509766, 0);
}

TEST_P(SurfaceDistance, OfTwoSingleVoxelsIsTheDistanceBetweenThem) {
  Mask a(30720, 0), b = a;
  a[0] = 1;
  b[40 * 32 * 2 + 3] = 1;  // 3 * .7 mm in x, 2 * 2.5 mm in z
  const double mm = std::sqrt(2.1 * 2.1 + 25);
  expect_numbers(run(a, b, 5.4), mm, mm, mm, 0);
  expect_numbers(run(a, b, 5.5), mm, mm, mm, 1);
}

TEST_P(SurfaceDistance, OfAMaskToItselfIsZero) {
  const Mask a = ellipsoid({18, 15, 11}, {9, 8, 6});
  expect_numbers(run(a, a, 0), 0, 0, 0, 1);
}

TEST_P(SurfaceDistance, CountsVoxelsWithANeighbourOutside) {
  // A box of 5 x 4 x 3 whose inner 3 x 2 x 1 voxels are not on its surface; all that is touches a
  // border of the volume or a 0.
  Mask a(30720, 0);
  for (std::size_t z = 0; z < 3; ++z) {
    for (std::size_t y = 0; y < 4; ++y) {
      for (std::size_t x = 0; x < 5; ++x) a[(z * 32 + y) * 40 + x] = 1;
    }
  }
  EXPECT_EQ(run(a, a).surface_voxels_a, 60 - 6);
  const SurfaceDistances full = run(Mask(30720, 1), a);
  EXPECT_EQ(full.surface_voxels_a, 30720 - 38 * 30 * 22);
  EXPECT_EQ(full.surface_voxels_b, 60 - 6);
}

TEST_P(SurfaceDistance, PercentilesLieBetweenRanks) {
  // Distances along x from a's three voxels to b's one: 0, 1.4, 2.8 mm; rank .95 * 2 = 1.9.
  Mask a(30720, 0), b = a;
  a[0] = a[2] = a[4] = b[0] = 1;
  const SurfaceDistances found = run(a, b);
  EXPECT_NEAR(found.hausdorff_95_mm, 1.4 + .9 * 1.4, 1e-6);
  EXPECT_NEAR(found.average_mm, (0 + 1.4 + 2.8 + 0) / 4, 1e-6);
  EXPECT_EQ(found.surface_dice, .5);
}

TEST_P(SurfaceDistance, OfEmptyMasks) {
  const Mask none(30720, 0), some = ellipsoid({18, 15, 11}, {9, 8, 6});
  for (const SurfaceDistances& found : {run(none, some), run(some, none)}) {
    EXPECT_EQ(found.hausdorff_mm, kInfinity);
    EXPECT_EQ(found.hausdorff_95_mm, kInfinity);
    EXPECT_EQ(found.average_mm, kInfinity);
    EXPECT_EQ(found.surface_dice, 0);
  }
  const SurfaceDistances neither = run(none, none);
  EXPECT_TRUE(std::isnan(neither.hausdorff_mm) && std::isnan(neither.hausdorff_95_mm));
  EXPECT_TRUE(std::isnan(neither.average_mm) && std::isnan(neither.surface_dice));
}

TEST_P(SurfaceDistance, RefusesMasksOfTwoSizes) {
  const Mask mask(30720, 1), other(30719, 1);
  expect_error(ErrorCode::bad_argument, "surface distances", [&] { run(mask, other); });
  expect_error(ErrorCode::bad_argument, "surface distances", [&] { run(mask, mask, -1); });
}

INSTANTIATE_TEST_SUITE_P(Backends, Distance, testing::both_backends(), testing::backend_name);
INSTANTIATE_TEST_SUITE_P(Backends, SurfaceDistance, testing::both_backends(),
                         testing::backend_name);

TEST(DistanceCpu, IsBitIdenticalForAnyNumberOfThreads) {
  const Size3 size{67, 41, 37};
  ASSERT_GE(voxel_count(size), kDistanceWorthThreads);
  const Mask mask = sparse(size, 50);
  const int before = omp_get_max_threads();
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3, 4, 5}) {
    omp_set_num_threads(threads);
    auto& out = results.emplace_back(mask.size());
    distance_transform_cpu(mask, size, {.7, .8, 2.5}, out);
  }
  omp_set_num_threads(before);
  for (const auto& result : results) {
    EXPECT_EQ(std::memcmp(result.data(), results[0].data(), mask.size() * sizeof(float)), 0);
  }
}

}  // namespace
}  // namespace osler::kernels
