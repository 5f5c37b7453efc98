// Components against answers worked out by hand, and against a flood fill straight from the
// definition, on every backend. Other programs' answers: tests/judges/check_kernels.py.

#include "kernels/components.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <array>
#include <numeric>
#include <vector>

#include "backends.hpp"
#include "kernels/component_runs.hpp"
#include "kernels_labels.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

using testing::expect_error;
using testing::noise;
using testing::Numbers;
using testing::view_of;

constexpr std::array kAllConnectivities{Connectivity::faces, Connectivity::edges,
                                        Connectivity::corners};

struct Found {
  Numbers numbers;
  std::vector<std::int64_t> sizes;

  bool operator==(const Found&) const = default;
};

/// Flood fill from each voxel in turn that has no number yet.
template <typename T>
Found flood_fill(const std::vector<T>& labels, const Size3& size, const ComponentTask& task) {
  Found found{Numbers(labels.size(), 0), {}};
  const auto farthest = task.connectivity == Connectivity::faces   ? 1
                        : task.connectivity == Connectivity::edges ? 2
                                                                   : 3;
  for (std::size_t seed = 0; seed < labels.size(); ++seed) {
    if (labels[seed] == 0 || found.numbers[seed] != 0) continue;
    found.sizes.push_back(0);
    std::vector<std::size_t> todo{seed};
    found.numbers[seed] = static_cast<std::uint32_t>(found.sizes.size());
    while (!todo.empty()) {
      const auto at = static_cast<std::int64_t>(todo.back());
      todo.pop_back();
      ++found.sizes.back();
      const std::int64_t x = at % size[0], y = at / size[0] % size[1], z = at / size[0] / size[1];
      for (int step = 0; step < 27; ++step) {
        const int dx = step % 3 - 1, dy = step / 3 % 3 - 1, dz = step / 9 - 1;
        if (dx * dx + dy * dy + dz * dz > farthest || x + dx < 0 || x + dx >= size[0] ||
            y + dy < 0 || y + dy >= size[1] || z + dz < 0 || z + dz >= size[2]) {
          continue;
        }
        const auto next = static_cast<std::size_t>(at + dx + size[0] * (dy + size[1] * dz));
        const bool joins =
            task.joins == Joins::equal_labels ? labels[next] == labels[seed] : labels[next] != 0;
        if (!joins || found.numbers[next] != 0) continue;
        found.numbers[next] = found.numbers[seed];
        todo.push_back(next);
      }
    }
  }
  return found;
}

class Components : public testing::OnBackend {
 protected:
  template <typename T>
  Found run(const std::vector<T>& labels, const Size3& size, const ComponentTask& task) {
    Found found{Numbers(labels.size(), 12345), {}};
    found.sizes = components(device, view_of(labels, size), task, found.numbers);
    return found;
  }
  Found mask(const std::vector<std::uint8_t>& voxels, const Size3& size,
             Connectivity connectivity) {
    return run(voxels, size, {Joins::foreground, connectivity});
  }
};

TEST_P(Components, NumbersGoByTheFirstVoxelInMemory) {
  // A U whose arms meet in the last row, and a voxel between them.
  const std::vector<std::uint8_t> u{1, 0, 0, 0, 1,  //
                                    1, 0, 9, 0, 1,  //
                                    1, 0, 0, 0, 1,  //
                                    1, 1, 1, 1, 1};
  const Found found = mask(u, {5, 4, 1}, Connectivity::faces);
  EXPECT_EQ(found.numbers, (Numbers{1, 0, 0, 0, 1,  //
                                    1, 0, 2, 0, 1,  //
                                    1, 0, 0, 0, 1,  //
                                    1, 1, 1, 1, 1}));
  EXPECT_EQ(found.sizes, (std::vector<std::int64_t>{11, 1}));
}

TEST_P(Components, NeighboursAtFacesEdgesAndCorners) {
  const Size3 size{3, 3, 3};
  // From the centre: one voxel that shares an edge, one that shares a corner.
  for (const auto& [dx, dy, dz, least] :
       {std::array{1, 0, 0, 6}, std::array{0, -1, 0, 6}, std::array{0, 0, 1, 6},
        std::array{1, 1, 0, 18}, std::array{-1, 1, 0, 18}, std::array{1, 0, -1, 18},
        std::array{0, 1, 1, 18}, std::array{0, -1, 1, 18}, std::array{1, 1, 1, 26},
        std::array{-1, 1, 1, 26}, std::array{1, -1, 1, 26}, std::array{-1, -1, 1, 26}}) {
    std::vector<std::uint8_t> voxels(27, 0);
    voxels[13] = 1;
    voxels[static_cast<std::size_t>(13 + dx + 3 * dy + 9 * dz)] = 1;
    for (const Connectivity connectivity : kAllConnectivities) {
      const bool one = static_cast<int>(connectivity) >= least;
      EXPECT_EQ(mask(voxels, size, connectivity).sizes.size(), one ? 1U : 2U)
          << dx << dy << dz << " of " << static_cast<int>(connectivity);
    }
  }
}

TEST_P(Components, NothingWrapsAroundTheEndOfARowOrASlice) {
  // Neighbours in memory, not in space.
  EXPECT_EQ(mask({0, 0, 1, 1, 0, 0}, {3, 2, 1}, Connectivity::corners).sizes.size(), 2U);
  EXPECT_EQ(
      mask({0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0}, {2, 3, 2}, Connectivity::corners).sizes.size(),
      2U);
}

TEST_P(Components, OnlyEqualLabelsJoinWhereAskedFor) {
  const std::vector<std::uint16_t> labels{7,   7, 300, 300,  //
                                          300, 7, 7,   0};
  const Found found = run(labels, {4, 2, 1}, {Joins::equal_labels, Connectivity::faces});
  EXPECT_EQ(found.numbers, (Numbers{1, 1, 2, 2, 3, 1, 1, 0}));
  EXPECT_EQ(found.sizes, (std::vector<std::int64_t>{4, 2, 1}));
  const Found all = run(labels, {4, 2, 1}, {Joins::foreground, Connectivity::faces});
  EXPECT_EQ(all.sizes, (std::vector<std::int64_t>{7}));
}

TEST_P(Components, RunsThatFollowEachOtherMeetAtTheirCorner) {
  // Both 1s end, and both 2s begin, at the same place: 1 meets 1 and 2 meets 2 crosswise.
  const std::vector<std::uint8_t> labels{1, 1, 2, 2,  //
                                         2, 2, 1, 1};
  const Found found = run(labels, {4, 2, 1}, {Joins::equal_labels, Connectivity::corners});
  EXPECT_EQ(found.numbers, (Numbers{1, 1, 2, 2, 2, 2, 1, 1}));
}

TEST_P(Components, AwkwardLengthsOfARow) {
  for (const std::int64_t n : {1, 7, 8, 9, 63, 64, 65, 127, 128, 255, 256, 257, 1000003}) {
    const auto length = static_cast<std::size_t>(n);
    const Found full = mask(std::vector<std::uint8_t>(length, 1), {n, 1, 1}, Connectivity::faces);
    EXPECT_EQ(full.numbers, Numbers(length, 1)) << n;
    EXPECT_EQ(full.sizes, std::vector<std::int64_t>{n});
    std::vector<std::uint8_t> gaps(length);  // 1 0 1 0 ...
    for (std::size_t i = 0; i < length; ++i) gaps[i] = i % 2 == 0 ? 255 : 0;
    const Found many = mask(gaps, {1, n, 1}, Connectivity::faces);
    EXPECT_EQ(many.sizes, std::vector<std::int64_t>((length + 1) / 2, 1)) << n;
    EXPECT_EQ(many.numbers.back(), length % 2 == 0 ? 0U : (length + 1) / 2) << n;
  }
}

TEST_P(Components, OfNothingAreNone) {
  for (const Size3& size : {Size3{0, 0, 0}, Size3{0, 5, 4}, Size3{5, 0, 4}, Size3{5, 4, 0}}) {
    EXPECT_TRUE(mask({}, size, Connectivity::corners).sizes.empty());
  }
  const Found found = mask(std::vector<std::uint8_t>(24, 0), {2, 3, 4}, Connectivity::corners);
  EXPECT_EQ(found.numbers, Numbers(24, 0));
  EXPECT_TRUE(found.sizes.empty());
}

TEST_P(Components, AreWhatAFloodFillFinds) {
  int joined = 0;
  for (const Size3& size :
       {Size3{17, 13, 11}, Size3{67, 5, 7}, Size3{1, 31, 29}, Size3{130, 3, 1}}) {
    const auto voxels = static_cast<std::size_t>(voxel_count(size));
    for (const int percent : {8, 20, 35, 70}) {
      for (const Connectivity connectivity : kAllConnectivities) {
        for (const Joins joins : {Joins::foreground, Joins::equal_labels}) {
          const ComponentTask task{joins, connectivity};
          const auto bytes = noise<std::uint8_t>(voxels, percent, 3);
          const Found expected = flood_fill(bytes, size, task);
          joined += expected.sizes.size() < voxels / 100 ? 1 : 0;
          EXPECT_EQ(run(bytes, size, task), expected) << percent;
          const auto words = noise<std::uint16_t>(voxels, percent, 2);
          EXPECT_EQ(run(words, size, task), flood_fill(words, size, task)) << percent;
        }
      }
    }
  }
  EXPECT_GT(joined, 3) << "the noise holds no large components";
}

TEST_P(Components, RefusesWhatItCannotHold) {
  const std::vector<std::uint8_t> one(1, 1);
  Numbers numbers(1);
  const auto refuses = [&](const LabelView& view) {
    expect_error(ErrorCode::bad_argument, "components",
                 [&] { components(device, view, {}, numbers); });
  };
  refuses({one.data(), ScalarType::i16, {1, 1, 1}});
  refuses({one.data(), ScalarType::u8, {-1, -1, 1}});
  refuses({one.data(), ScalarType::u8, {2, 1, 1}});
  refuses({one.data(), ScalarType::u8, {65536, 65536, 1}});
  refuses({one.data(), ScalarType::u8, {std::int64_t{1} << 62, 8, 1}});
}

INSTANTIATE_TEST_SUITE_P(Backends, Components, testing::both_backends(), testing::backend_name);

TEST(ComponentsCpu, AreTheSameForAnyNumberOfThreads) {
  const Size3 size{97, 83, 67};
  ASSERT_GE(voxel_count(size), kWorthThreads);
  const int before = omp_get_max_threads();
  for (const int percent : {12, 30}) {
    const auto labels =
        noise<std::uint8_t>(static_cast<std::size_t>(voxel_count(size)), percent, 2);
    for (const Connectivity connectivity : kAllConnectivities) {
      const ComponentTask task{Joins::equal_labels, connectivity};
      const Found expected = flood_fill(labels, size, task);
      for (const int threads : {1, 2, 3, 4, 5, 16}) {
        omp_set_num_threads(threads);
        Found found{Numbers(labels.size()), {}};
        found.sizes = components_cpu(view_of(labels, size), task, found.numbers);
        EXPECT_EQ(found, expected) << threads;
      }
    }
  }
  omp_set_num_threads(before);
}

}  // namespace
}  // namespace osler::kernels
