// Bit planes against bytes worked out by hand and against planes packed voxel by voxel; runs
// against an encoder of RLE.

#include "kernels/bit_planes.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "backends.hpp"
#include "kernels/component_runs.hpp"
#include "throws.hpp"

namespace osler::kernels {

std::ostream& operator<<(std::ostream& out, const BitPlane& plane) {
  return out << "label " << int{plane.label} << " in slice " << plane.slice;
}

namespace {

using testing::expect_error;
using Bytes = std::vector<std::uint8_t>;
using Planes = std::vector<BitPlane>;
using Order = std::vector<std::int64_t>;

/// Labels 0 to `labels` in runs of `mean_run` voxels or so.
Bytes runs_of(const Size3& size, unsigned labels, unsigned mean_run) {
  std::mt19937 random(labels + 31 * mean_run);
  Bytes map(static_cast<std::size_t>(voxel_count(size)));
  std::uint8_t label = 0;
  for (std::uint8_t& voxel : map) {
    if (random() % mean_run == 0) label = static_cast<std::uint8_t>(random() % (labels + 1));
    voxel = label;
  }
  return map;
}

/// As the header says, bit by bit.
Bytes packed_plainly(const Bytes& labels, const Size3& size, const Planes& planes) {
  const auto pixels = static_cast<std::size_t>(size[0] * size[1]);
  Bytes packed((pixels * planes.size() + 15) / 16 * 2);
  for (std::size_t p = 0; p < planes.size(); ++p) {
    for (std::size_t i = 0; i < pixels; ++i) {
      const std::size_t bit = p * pixels + i;
      if (labels[static_cast<std::size_t>(planes[p].slice) * pixels + i] != planes[p].label)
        continue;
      packed[bit / 8] = static_cast<std::uint8_t>(packed[bit / 8] | (1U << (bit % 8)));
    }
  }
  return packed;
}

/// One row in RLE (PS3.5 annex G): a byte n < 128 before n + 1 bytes as they are, or 257 - n before
/// the byte that comes n times.
Bytes encoded(const Bytes& row) {
  Bytes out;
  std::size_t literal = 0;  // where the open Literal Run counts its bytes, if one is open
  bool open = false;
  for (std::size_t i = 0; i < row.size();) {
    std::size_t end = i;
    while (end < row.size() && row[end] == row[i]) ++end;
    if (end - i == 1) {
      if (!open || out[literal] == 127) {
        literal = out.size();
        out.push_back(255);
        open = true;
      }
      out[literal] = static_cast<std::uint8_t>(out[literal] + 1);
      out.push_back(row[i]);
    } else {
      open = false;
      for (std::size_t left = end - i; left > 0;) {
        const std::size_t n = std::min<std::size_t>(left, 128);
        out.push_back(static_cast<std::uint8_t>(n == 1 ? 0 : 257 - n));
        out.push_back(row[i]);
        left -= n;
      }
    }
    i = end;
  }
  return out;
}

Bytes decoded(const Bytes& code) {
  Bytes row;
  for (std::size_t i = 0; i < code.size();) {
    const std::size_t n = code[i];
    if (n < 128) {
      const auto from = code.begin() + static_cast<std::ptrdiff_t>(i) + 1;
      row.insert(row.end(), from, from + static_cast<std::ptrdiff_t>(n) + 1);
      i += n + 2;
    } else {
      row.insert(row.end(), 257 - n, code[i + 1]);
      i += 2;
    }
  }
  return row;
}

class BitPlanes : public testing::OnBackend {
 protected:
  Bytes packed(const Bytes& labels, const Size3& size, const Planes& planes) {
    Bytes out(bit_plane_bytes(size, planes.size()), 0xa5);  // what was there before is overwritten
    pack_bit_planes(device, labels, size, planes, out);
    return out;
  }
  Planes filled(const Bytes& labels, const Size3& size, const Bytes& segments,
                const Order& order = {}) {
    return filled_planes(label_slices(device, labels, size), segments, order);
  }
};

TEST_P(BitPlanes, FollowEachOtherWithoutPadding) {
  // 3 x 3 x 2. Label 1: a cross, then the four corners; label 2: the corners, then the centre.
  const Bytes labels{2, 1, 2, 1, 1, 1, 2, 1, 2,  //
                     1, 0, 1, 0, 2, 0, 1, 0, 1};
  const Planes planes{{0, 1}, {1, 1}, {0, 2}, {1, 2}};
  EXPECT_EQ(filled(labels, {3, 3, 2}, {1, 2}), planes);
  // 010111010 101000101 101000101 000010000, in eights: 01011101 01010001 01101000 10100001 0000,
  // each with its first bit lowest; a sixth byte makes the length even.
  EXPECT_EQ(packed(labels, {3, 3, 2}, planes), (Bytes{0xba, 0x8a, 0x16, 0x85, 0x00, 0x00}));
}

TEST_P(BitPlanes, OfFewerPixelsThanAByteHas) {
  // 3 x 1 x 2: 101 | 110, as bits 0 to 5 of one byte.
  EXPECT_EQ(packed({1, 0, 1, 1, 1, 0}, {3, 1, 2}, {{0, 1}, {1, 1}}), (Bytes{0x1d, 0}));
  // 1 x 1 x 9: a bit a frame.
  const Bytes nine{5, 5, 0, 5, 5, 0, 5, 5, 5};
  EXPECT_EQ(packed(nine, {1, 1, 9}, filled(nine, {1, 1, 9}, {5})), (Bytes{0x7f, 0}));
}

TEST_P(BitPlanes, CrossBytesAndKeepToTheirLabel) {
  // 7 x 9 = 63 pixels of label 1; then bits 63, 64 and 65 are of labels 2, 1 and 2.
  Bytes labels(2 * 63, 1);
  labels[63] = labels[65] = 2;
  Bytes expected(16, 0xff);
  expected[7] = 0x7f;
  expected[8] = 0xfd;
  expected[15] = 0x3f;
  EXPECT_EQ(packed(labels, {7, 9, 2}, {{0, 1}, {1, 1}}), expected);
  expected.assign(16, 0);
  expected[7] = 0x80;
  expected[8] = 0x02;
  EXPECT_EQ(packed(labels, {7, 9, 2}, {{0, 2}, {1, 2}}), expected);
}

TEST_P(BitPlanes, LeaveOutWhatIsEmptyOrNotAskedFor) {
  const Bytes labels{0, 0, 0, 7, 255, 0, 0, 0, 7, 3};
  const Size3 size{2, 1, 5};
  EXPECT_EQ(filled(labels, size, {7, 4, 255}), (Planes{{1, 7}, {4, 7}, {2, 255}}));
  EXPECT_EQ(filled(labels, size, {4}), Planes{});
  EXPECT_EQ(filled(labels, size, {}), Planes{});
  EXPECT_EQ(packed(labels, size, {}), Bytes{});
  EXPECT_EQ(packed(labels, size, {{3, 7}}), (Bytes{0, 0})) << "a plane may be empty";
  EXPECT_EQ(packed(labels, size, {{1, 0}}), (Bytes{1, 0})) << "the background is a label too";
}

TEST_P(BitPlanes, TakeTheSlicesInTheOrderGiven) {
  const Bytes labels{1, 0, 2, 0, 1, 2};  // 2 x 1 x 3
  const Size3 size{2, 1, 3};
  const Planes reversed{{2, 1}, {0, 1}, {2, 2}, {1, 2}};
  EXPECT_EQ(filled(labels, size, {1, 2}, {2, 1, 0}), reversed);
  EXPECT_EQ(packed(labels, size, reversed), (Bytes{0x65, 0}));  // 10 | 10 | 01 | 10
  EXPECT_EQ(filled(labels, size, {2, 1}, {1}), (Planes{{1, 2}}));
}

TEST_P(BitPlanes, AreThosePackedVoxelByVoxel) {
  for (const Size3& size :
       {Size3{1, 1, 1}, Size3{5, 3, 7}, Size3{16, 4, 9}, Size3{31, 33, 5}, Size3{255, 7, 3},
        Size3{256, 2, 4}, Size3{257, 5, 6}, Size3{64, 64, 1}}) {
    for (const unsigned mean_run : {1U, 3U, 40U, 5000U}) {
      const Bytes labels = runs_of(size, 9, mean_run);
      Bytes segments{3, 1, 200, 2, 8};
      Planes planes = filled(labels, size, segments);
      EXPECT_EQ(packed(labels, size, planes), packed_plainly(labels, size, planes));
      std::ranges::reverse(planes);
      EXPECT_EQ(packed(labels, size, planes), packed_plainly(labels, size, planes));
    }
  }
}

TEST_P(BitPlanes, SlicesTellWhichLabelsTheyHold) {
  const Size3 size{19, 11, 6};
  const Bytes labels = runs_of(size, 255, 2);
  const std::vector<LabelSlice> slices = label_slices(device, labels, size);
  ASSERT_EQ(slices.size(), 6U);
  for (std::size_t z = 0; z < 6; ++z) {
    const auto begin = labels.begin() + static_cast<std::ptrdiff_t>(z) * 209;
    for (int label = 0; label < 256; ++label) {
      EXPECT_EQ(slices[z].holds[label] != 0, std::count(begin, begin + 209, label) > 0);
    }
  }
}

TEST_P(BitPlanes, RunsAreThoseCountedByHand) {
  // Rows of 6: one run | 3 + 3 | four single voxels and 2 | six single voxels.
  const Bytes labels{0, 0, 0, 0, 0, 0,  //
                     0, 0, 0, 4, 4, 4,  //
                     1, 2, 1, 2, 9, 9,  //
                     1, 2, 3, 4, 5, 6};
  const std::vector<LabelSlice> slices = label_slices(device, labels, {6, 2, 2});
  ASSERT_EQ(slices.size(), 2U);
  EXPECT_EQ(slices[0].runs, 3);
  EXPECT_EQ(slices[0].rle_bytes, 6);
  EXPECT_EQ(slices[1].runs, 11);
  EXPECT_EQ(slices[1].rle_bytes, (4 + 1) + 2 + (6 + 1));
}

TEST_P(BitPlanes, RleBytesAreThoseOfAnEncoder) {
  for (const std::int64_t columns : {1, 2, 31, 32, 127, 128, 129, 130, 256, 257, 258, 511}) {
    for (const unsigned mean_run : {1U, 2U, 7U, 400U, 1000000U}) {
      const Size3 size{columns, 3, 2};
      const Bytes labels = runs_of(size, 250, mean_run);
      const std::vector<LabelSlice> slices = label_slices(device, labels, size);
      for (std::size_t z = 0; z < 2; ++z) {
        std::size_t bytes = 0;
        for (std::size_t y = 0; y < 3; ++y) {
          const auto from = labels.begin() + static_cast<std::ptrdiff_t>(z * 3 + y) * columns;
          const Bytes row(from, from + columns);
          ASSERT_EQ(decoded(encoded(row)), row);
          bytes += encoded(row).size();
        }
        EXPECT_EQ(slices[z].rle_bytes, static_cast<std::int64_t>(bytes))
            << columns << " columns, runs of " << mean_run;
      }
    }
  }
}

TEST_P(BitPlanes, OfNothingAreNothing) {
  EXPECT_EQ(label_slices(device, {}, {4, 4, 0}), std::vector<LabelSlice>{});
  EXPECT_EQ(label_slices(device, {}, {0, 4, 2}), std::vector<LabelSlice>(2));
  EXPECT_EQ(filled({}, {4, 0, 2}, {1}), Planes{});
  EXPECT_EQ(packed({}, {0, 4, 2}, {{1, 1}}), Bytes{});
}

TEST_P(BitPlanes, RefuseWhatDoesNotFitTogether) {
  const Bytes labels(8, 1);
  const auto refused = [&](const Size3& size, const Planes& planes, const char* word) {
    Bytes out(2 * planes.size());
    expect_error(ErrorCode::bad_argument, word,
                 [&] { pack_bit_planes(device, labels, size, planes, out); });
  };
  refused({2, 2, 3}, {{0, 1}}, "another size");
  refused({-2, -2, 2}, {{0, 1}}, "negative");
  refused({2, 2, 2}, {{2, 1}}, "slice 2 of 2");
  refused({2, 2, 2}, {{-1, 1}}, "slice -1 of 2");
  refused({1, 1, 8}, {{1, 1}, {0, 1}, {1, 1}}, "output");
  expect_error(ErrorCode::bad_argument, "twice", [&] {
    Bytes out(2);
    pack_bit_planes(device, labels, {1, 1, 8}, Planes{{1, 1}, {0, 1}, {1, 1}}, out);
  });
  expect_error(ErrorCode::bad_argument, "another size", [&] {
    label_slices(device, labels, {2, 2, 1});
  });
  expect_error(ErrorCode::bad_argument, "slice 2 of 2", [&] {
    filled(labels, {2, 2, 2}, {1}, {0, 2});
  });
}

INSTANTIATE_TEST_SUITE_P(Backends, BitPlanes, testing::both_backends(), testing::backend_name);

TEST(BitPlanesCpu, AreTheSameForAnyNumberOfThreads) {
  const Size3 size{97, 83, 67};  // no multiple of 8: each plane shares a byte with the next
  ASSERT_GE(voxel_count(size), kWorthThreads);
  const Bytes labels = runs_of(size, 12, 30);
  Bytes segments;
  for (int label = 0; label <= 12; ++label) segments.push_back(static_cast<std::uint8_t>(label));
  const int before = omp_get_max_threads();
  std::vector<std::vector<LabelSlice>> slices;
  std::vector<Bytes> packed;
  for (const int threads : {1, 2, 3, 4, 5}) {
    omp_set_num_threads(threads);
    slices.push_back(label_slices_cpu(labels, size));
    const Planes planes = filled_planes(slices.back(), segments);
    packed.emplace_back(bit_plane_bytes(size, planes.size()), 0xff);
    pack_bit_planes_cpu(labels, size, planes, packed.back());
  }
  omp_set_num_threads(before);
  EXPECT_EQ(packed.front(), packed_plainly(labels, size, filled_planes(slices.front(), segments)));
  for (const auto& result : slices) EXPECT_EQ(result, slices.front());
  for (const Bytes& result : packed) EXPECT_EQ(result, packed.front());
}

}  // namespace
}  // namespace osler::kernels
