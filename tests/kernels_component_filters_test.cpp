// Filters of components against answers worked out by hand, on every backend. Other programs'
// answers: tests/judges/check_kernels.py.

#include "kernels/component_filters.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "backends.hpp"
#include "kernels/component_runs.hpp"
#include "kernels_labels.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

using testing::expect_error;
using Bytes = std::vector<std::uint8_t>;
using Words = std::vector<std::uint16_t>;

template <typename T>
LabelMap map_of(std::vector<T>& labels, const Size3& size) {
  return {labels.data(), testing::scalar_type_of<T>(), size};
}

class ComponentFilters : public testing::OnBackend {
 protected:
  template <typename T>
  std::vector<T> largest(std::vector<T> labels, const Size3& size,
                         Connectivity connectivity = Connectivity::faces) {
    keep_largest_components(device, map_of(labels, size), connectivity);
    return labels;
  }
  Bytes without_small(Bytes labels, const Size3& size, std::int64_t least) {
    remove_small_components(device, map_of(labels, size), Connectivity::faces, least);
    return labels;
  }
  template <typename T>
  std::vector<T> filled(std::vector<T> labels, const Size3& size, const Words& classes,
                        Connectivity of_holes = Connectivity::faces) {
    fill_holes(device, map_of(labels, size), classes, of_holes);
    return labels;
  }
};

TEST_P(ComponentFilters, KeepTheLargestOfEachClass) {
  EXPECT_EQ(largest(Bytes{1, 1, 0, 1, 2, 0, 2, 2, 2, 1, 1, 1}, {12, 1, 1}),
            (Bytes{0, 0, 0, 0, 0, 0, 2, 2, 2, 1, 1, 1}));
  EXPECT_EQ(largest(Words{300, 0, 300, 300, 40000, 0, 300, 40000}, {8, 1, 1}),
            (Words{0, 0, 300, 300, 40000, 0, 0, 0}));
}

TEST_P(ComponentFilters, KeepTheFirstOfTwoOfOneSize) {
  EXPECT_EQ(largest(Bytes{0, 5, 5, 0, 5, 5}, {6, 1, 1}), (Bytes{0, 5, 5, 0, 0, 0}));
  // Along y, so that their rows interleave in memory.
  EXPECT_EQ(largest(Bytes{5, 0, 5, 5, 0, 5}, {3, 2, 1}), (Bytes{5, 0, 0, 5, 0, 0}));
}

TEST_P(ComponentFilters, KeepTheLargestByTheNeighboursAskedFor) {
  const Bytes diagonal{1, 0, 0,  //
                       0, 1, 0,  //
                       0, 0, 1};
  EXPECT_EQ(largest(diagonal, {3, 3, 1}, Connectivity::edges), diagonal);
  EXPECT_EQ(largest(diagonal, {3, 3, 1}), (Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_P(ComponentFilters, RemoveComponentsBelowASize) {
  const Bytes labels{1, 0, 1, 1, 2, 2, 2, 0, 2};
  EXPECT_EQ(without_small(labels, {9, 1, 1}, 0), labels);
  EXPECT_EQ(without_small(labels, {9, 1, 1}, 1), labels);
  EXPECT_EQ(without_small(labels, {9, 1, 1}, 2), (Bytes{0, 0, 1, 1, 2, 2, 2, 0, 0}));
  EXPECT_EQ(without_small(labels, {9, 1, 1}, 3), (Bytes{0, 0, 0, 0, 2, 2, 2, 0, 0}));
  EXPECT_EQ(without_small(labels, {9, 1, 1}, std::int64_t{1} << 40), Bytes(9, 0));
}

/// A shell of 3 x 3 x 3 about one voxel, in a volume of 5 x 5 x 5.
Bytes shell(std::uint8_t label) {
  Bytes labels(125, 0);
  for (std::size_t z = 1; z < 4; ++z) {
    for (std::size_t y = 1; y < 4; ++y) {
      for (std::size_t x = 1; x < 4; ++x) labels[(z * 5 + y) * 5 + x] = label;
    }
  }
  labels[62] = 0;
  return labels;
}

TEST_P(ComponentFilters, FillAHoleThatNothingLeadsOutOf) {
  Bytes expected = shell(3);
  expected[62] = 3;
  EXPECT_EQ(filled(shell(3), {5, 5, 5}, {3}), expected);
  EXPECT_EQ(filled(shell(3), {5, 5, 5}, {4}), shell(3)) << "of a class that is not there";
  Bytes open = shell(3);
  open[63] = 0;  // a face of the hole opens to the outside
  EXPECT_EQ(filled(open, {5, 5, 5}, {3}), open);
}

TEST_P(ComponentFilters, HolesAreOpenAtEdgesOnlyIfAskedFor) {
  Bytes edge = shell(1);
  edge[(2 * 5 + 3) * 5 + 3] = 0;  // an edge of the shell; it touches the hole's voxel at an edge
  Bytes expected = edge;
  expected[62] = 1;
  EXPECT_EQ(filled(edge, {5, 5, 5}, {1}), expected);
  EXPECT_EQ(filled(edge, {5, 5, 5}, {1}, Connectivity::edges), edge);
}

TEST_P(ComponentFilters, WhatTouchesTheBorderOfTheVolumeIsNoHole) {
  const Bytes ring{1, 1, 1, 1, 0, 1, 1, 1, 1};
  EXPECT_EQ(filled(ring, {3, 3, 1}, {1}), ring) << "the only slice is a border";
  EXPECT_EQ(filled(Bytes{1, 0, 1}, {3, 1, 1}, {1}), (Bytes{1, 0, 1}));
}

TEST_P(ComponentFilters, OtherClassesInAHoleStay) {
  Words labels(7 * 5 * 5, 0);
  const auto at = [&](std::size_t x, std::size_t y, std::size_t z) -> std::uint16_t& {
    return labels[(z * 5 + y) * 7 + x];
  };
  for (std::size_t z = 1; z < 4; ++z) {
    for (std::size_t y = 1; y < 4; ++y) {
      for (std::size_t x = 1; x < 6; ++x) at(x, y, z) = 500;
    }
  }
  at(2, 2, 2) = 0;
  at(3, 2, 2) = 9;
  at(4, 2, 2) = 0;
  Words expected = labels;
  expected[(2 * 5 + 2) * 7 + 2] = expected[(2 * 5 + 2) * 7 + 4] = 500;
  EXPECT_EQ(filled(labels, {7, 5, 5}, {500, 9}), expected);
}

TEST_P(ComponentFilters, TheFirstClassNamedHasTheHole) {
  // A shell of 2 about a shell of 1 about a hole: 7 voxels wide.
  Bytes labels(343, 0);
  for (int i = 0; i < 343; ++i) {
    const int far = std::max({std::abs(i % 7 - 3), std::abs(i / 7 % 7 - 3), std::abs(i / 49 - 3)});
    labels[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(far == 0   ? 0
                                                                    : far == 1 ? 1
                                                                               : 2);
  }
  Bytes inner = labels, outer = labels;
  inner[171] = 1;
  outer[171] = 2;
  EXPECT_EQ(filled(labels, {7, 7, 7}, {1, 2}), inner);
  EXPECT_EQ(filled(labels, {7, 7, 7}, {2, 1}), outer);
}

TEST_P(ComponentFilters, OfNothingAreNothing) {
  EXPECT_EQ(largest(Bytes{}, {0, 3, 2}), Bytes{});
  EXPECT_EQ(without_small({}, {3, 0, 2}, 5), Bytes{});
  EXPECT_EQ(filled(Bytes{}, {3, 2, 0}, {1}), Bytes{});
  EXPECT_EQ(largest(Bytes(8, 0), {2, 2, 2}), Bytes(8, 0));
  EXPECT_EQ(filled(Bytes(8, 0), {2, 2, 2}, {1}), Bytes(8, 0));
}

TEST_P(ComponentFilters, RefuseClassesThatTheMapCannotHold) {
  Bytes labels(8, 1);
  for (const Words& classes : {Words{0}, Words{256}, Words{1, 0}}) {
    expect_error(ErrorCode::bad_argument, "fill holes", [&] {
      fill_holes(device, map_of(labels, {2, 2, 2}), classes);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ComponentFilters, testing::both_backends(),
                         testing::backend_name);

TEST(ComponentFiltersCpu, AreTheSameForAnyNumberOfThreads) {
  const Size3 size{97, 83, 67};
  const Bytes holed = testing::noise<std::uint8_t>(97 * 83 * 67, 80, 1);
  const Bytes scattered = testing::noise<std::uint8_t>(97 * 83 * 67, 32, 3);
  const Device cpu = choose_device("cpu");
  ASSERT_GE(voxel_count(size), kWorthThreads);
  const int before = omp_get_max_threads();
  std::vector<Bytes> filled, cleaned;
  for (const int threads : {1, 2, 3, 4, 5}) {
    omp_set_num_threads(threads);
    fill_holes(cpu, map_of(filled.emplace_back(holed), size), Words{1});
    const LabelMap map = map_of(cleaned.emplace_back(scattered), size);
    remove_small_components(cpu, map, Connectivity::faces, 3);
    keep_largest_components(cpu, map, Connectivity::edges);
  }
  omp_set_num_threads(before);
  EXPECT_NE(filled.front(), holed);
  EXPECT_NE(cleaned.front(), scattered);
  for (const Bytes& result : filled) EXPECT_EQ(result, filled.front());
  for (const Bytes& result : cleaned) EXPECT_EQ(result, cleaned.front());
}

}  // namespace
}  // namespace osler::kernels
