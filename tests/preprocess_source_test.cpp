#include "preprocess/source.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace osler {
namespace {

Volume two_slices() {
  Volume volume;
  volume.grid.size = {2, 1, 2};
  volume.type = ScalarType::u16;
  volume.voxels = std::make_unique<std::byte[]>(8);
  const std::uint16_t values[] = {1, 2, 3, 4};
  std::memcpy(volume.voxels.get(), values, 8);
  SliceSource first, second;
  first.slope = .25;
  second.slope = 4;
  second.intercept = -1024;
  volume.slices = {first, second};
  return volume;
}

TEST(VolumeSource, ShowsTheVolumesOwnVoxelsAndEachSlicesRescale) {
  const Volume volume = two_slices();
  const VolumeSource source(volume);
  const kernels::SourceView& view = source.view();
  EXPECT_EQ(view.voxels, volume.voxels.get()) << "copied";
  EXPECT_EQ(view.type, ScalarType::u16);
  EXPECT_EQ(view.size, (Size3{2, 1, 2}));
  EXPECT_EQ(view.slope[0], .25F);
  EXPECT_EQ(view.slope[1], 4);
  EXPECT_EQ(view.intercept[0], 0);
  EXPECT_EQ(view.intercept[1], -1024);
  EXPECT_FALSE(view.has_padding);
}

TEST(VolumeSource, HandsThePaddingOn) {
  Volume volume = two_slices();
  volume.padding = Volume::Padding{2, 3};
  const VolumeSource source(volume);
  kernels::ResampleTask task;
  task.out_size = {2, 1, 2};
  std::vector<float> out(4);
  kernels::resample_cpu(source.view(), task, out);
  // 1 * .25 | padding is 0 | padding is 0 | 4 * 4 - 1024
  EXPECT_EQ(out, (std::vector<float>{.25F, 0, 0, -1008}));
}

}  // namespace
}  // namespace osler
