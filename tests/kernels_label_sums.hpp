#pragma once
// Labels and values for the tests of sums, and sums beside sums.

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "kernels/label_statistics.hpp"
#include "kernels_stored.hpp"

namespace osler::testing {

/// Runs of labels 0 ... `labels`, short ones and long ones.
inline std::vector<std::uint8_t> patches(const Size3& size, unsigned labels, std::mt19937& random) {
  std::vector<std::uint8_t> all;
  const auto voxels = static_cast<std::size_t>(voxel_count(size));
  while (all.size() < voxels) {
    const std::size_t run = std::min<std::size_t>(voxels - all.size(), 1 + random() % 60);
    all.insert(all.end(), run, static_cast<std::uint8_t>(random() % (labels + 1)));
  }
  return all;
}

template <typename T>
Stored<T> random_values(const Size3& size, std::mt19937& random) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < voxel_count(size); ++i) values.push_back(static_cast<T>(random()));
  return Stored<T>(std::move(values), size);
}

/// Bit for bit.
inline void expect_equal(const std::vector<kernels::LabelStatistics>& found,
                         const std::vector<kernels::LabelStatistics>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t l = 0; l < found.size(); ++l) {
    const kernels::LabelStatistics &a = found[l], &b = expected[l];
    EXPECT_EQ(a.voxels, b.voxels) << l;
    EXPECT_EQ(a.weight, b.weight) << l;
    EXPECT_EQ(a.centre, b.centre) << l;
    EXPECT_EQ(a.box_begin, b.box_begin) << l;
    EXPECT_EQ(a.box_end, b.box_end) << l;
    EXPECT_EQ(a.valued, b.valued) << l;
    EXPECT_EQ(a.mean, b.mean) << l;
    EXPECT_EQ(a.sd, b.sd) << l;
    EXPECT_EQ(a.min, b.min) << l;
    EXPECT_EQ(a.max, b.max) << l;
  }
}

}  // namespace osler::testing
