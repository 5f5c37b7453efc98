#include "postprocess/probabilities.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/error.hpp"
#include "throws.hpp"

namespace osler {
namespace {

/// Logits of three classes at two voxels, D H W = 1 1 2.
Tensor logits(std::vector<float> values) {
  return {{1, 3, 1, 1, 2}, std::move(values)};
}

TEST(Softmax, EqualsTheHandResult) {
  // Voxel 0: 0, ln 2, ln 5 -> 1/8, 2/8, 5/8. Voxel 1: 1, 1, 1 -> thirds.
  const Probabilities p = softmax(logits({0, 1, std::log(2.0F), 1, std::log(5.0F), 1}), Affine{});
  EXPECT_EQ(p.classes, 3);
  EXPECT_EQ(p.size, (Size3{2, 1, 1}));
  EXPECT_NEAR(p.of(0)[0], .125, 1e-6);
  EXPECT_NEAR(p.of(1)[0], .25, 1e-6);
  EXPECT_NEAR(p.of(2)[0], .625, 1e-6);
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(p.of(c)[1], 1.0 / 3, 1e-6);
}

TEST(Softmax, LargeLogitsNeitherOverflowNorVanish) {
  const Probabilities p = softmax(logits({1000, -1000, 1000, -1000, -1000, -1000}), Affine{});
  EXPECT_NEAR(p.of(0)[0], .5, 1e-6);
  EXPECT_NEAR(p.of(1)[0], .5, 1e-6);
  EXPECT_EQ(p.of(2)[0], 0);
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(p.of(c)[1], 1.0 / 3, 1e-6) << "all negative";
}

TEST(Softmax, TurnsDepthHeightWidthIntoXyzOfTheGrid) {
  const Affine grid = Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {7, 8, 9});
  const Probabilities p = softmax({{1, 2, 2, 3, 4}, std::vector<float>(48, 0)}, grid);
  EXPECT_EQ(p.size, (Size3{4, 3, 2}));
  EXPECT_EQ(p.index_to_lps.m, grid.m);
}

TEST(Softmax, RefusesABatch) {
  testing::expect_error(ErrorCode::bad_argument, "batch", [] {
    softmax({{2, 2, 1, 1, 1}, std::vector<float>(4, 0)}, Affine{});
  });
}

TEST(Foreground, IsTheSumOfAllClassesButTheFirst) {
  Probabilities p;
  p.classes = 3;
  p.size = {2, 1, 1};
  p.values = {.5F, 1, .125F, 0, .375F, 0};
  EXPECT_EQ(foreground(p), (std::vector<float>{.5F, 0}));
}

}  // namespace
}  // namespace osler
