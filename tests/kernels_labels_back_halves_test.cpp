// Interpolated scores that are rounded to halves before they are compared, as nnU-Net stores them.

#include <gtest/gtest.h>

#include "backends.hpp"
#include "labels_back_reference.hpp"

namespace osler::kernels {
namespace {

using namespace reference;

class LabelsBackInHalves : public testing::OnBackend {
 protected:
  std::vector<std::uint8_t> run(const ScoresView& scores, const LabelsBackTask& task) {
    std::vector<std::uint8_t> labels(static_cast<std::size_t>(voxel_count(task.out_size)), 77);
    labels_back(device, scores, task, labels);
    return labels;
  }
};

TEST_P(LabelsBackInHalves, TheLowerOfEqualClassesWins) {
  // At .17002: .51006 and .51006 + .17002 * 2^-9. Halves lie 2^-11 apart there: 1044.6 and 1045.28
  // of them, both 1045, though class 1 is ahead at both ends.
  const Scores s{2, {2, 1, 1}, {0, 3, 0x1p-24F, 3 + 0x1p-9F}};
  LabelsBackTask task;
  task.out_size = {1, 1, 1};
  task.out_to_in = scaled({1, 1, 1}, {.17002, 0, 0});
  task.label_of = {5, 6};
  EXPECT_EQ(run(s.view(), task), std::vector<std::uint8_t>{6});
  task.rounded_to_halves = true;
  EXPECT_EQ(run(s.view(), task), std::vector<std::uint8_t>{5});
}

TEST_P(LabelsBackInHalves, EqualsThePlainInterpolation) {
  for (const Way& way : ways()) {
    Scores s{3, {13, 13, 12}, {}};
    std::mt19937 random(7);
    for (std::int64_t i = 0; i < 3 * s.voxels(); ++i) {  // 1/16 is a step of halves here
      s.values.push_back(100 + static_cast<float>(random() % 4) / 16);
    }
    LabelsBackTask task;
    task.out_size = way.out_size;
    task.out_to_in = way.out_to_in;
    task.label_of = counting(3);
    task.outside = 255;
    const std::vector<std::uint8_t> unrounded = run(s.view(), task);
    task.rounded_to_halves = true;
    EXPECT_EQ(wrong_labels(s, task, run(s.view(), task)), 0) << way.name;
    if (std::string_view(way.name) != "same") {
      EXPECT_GT(wrong_labels(s, task, unrounded), 0) << way.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, LabelsBackInHalves, testing::both_backends(),
                         testing::backend_name);

}  // namespace
}  // namespace osler::kernels
