// How unsure a model is of a voxel. Expected values by hand, from the definition of Shannon
// entropy.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "pipeline/probabilities.hpp"
#include "throws.hpp"

namespace osler {
namespace {

constexpr float kTolerance = 1e-6F;  // probabilities are 32-bit floats

TEST(Entropy, IsNothingForCertaintyAndOneForNoIdea) {
  // Three classes of four voxels, class after class.
  const std::vector<float> probabilities{1, 0,    1.0F / 3, 0.5F,   //
                                         0, 0,    1.0F / 3, 0.25F,  //
                                         0, 1.0F, 1.0F / 3, 0.25F};
  std::vector<float> out(4, -1);
  entropy_of(probabilities, false, out);
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[1], 0);
  EXPECT_NEAR(out[2], 1, kTolerance);
  EXPECT_LE(out[2], 1);
  // 1/2 ln 2 + 2 x 1/4 ln 4 = 3/2 ln 2, of ln 3.
  EXPECT_NEAR(out[3], 1.5 * std::log(2.0) / std::log(3.0), kTolerance);
}

TEST(Entropy, OfRegionsIsThatOfTheMostDoubtfulOne) {
  // Two regions of three voxels; they do not add up to one.
  const std::vector<float> probabilities{0.9F, 1, 0,  //
                                         0.5F, 1, 0.25F};
  std::vector<float> out(3);
  entropy_of(probabilities, true, out);
  EXPECT_NEAR(out[0], 1, kTolerance) << "0.5 is a coin's";
  EXPECT_EQ(out[1], 0) << "both certainly there";
  // 1/4 log2 4 + 3/4 log2 (4/3) = 2 - 3/4 log2 3
  EXPECT_NEAR(out[2], 2 - 0.75 * std::log2(3.0), kTolerance);
}

TEST(Entropy, OfASingleClassIsNothing) {
  std::array<float, 2> out{-1, -1};
  entropy_of(std::array{1.0F, 1.0F}, false, out);
  EXPECT_EQ(out, (std::array{0.0F, 0.0F}));
}

TEST(Entropy, RefusesSizesThatDoNotMatch) {
  std::array<float, 2> out{};
  testing::expect_error(ErrorCode::bad_argument, "do not match", [&] {
    entropy_of(std::array{1.0F, 0.0F, 0.0F}, false, out);
  });
}

}  // namespace
}  // namespace osler
