// Image steps worked out by hand on a few voxels; nnU-Net's resize against values of scikit-image
// 0.26 and SciPy 1.17 (the commands stand beside them); tests/models holds whole images against
// nnU-Net and MONAI.

#include "preprocess/network_image.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "throws.hpp"

namespace osler {
namespace {

Volume volume_of(const Size3& size, const std::vector<float>& values,
                 const Vec3& spacing = {1, 1, 1}) {
  Volume volume;
  volume.grid = {
      size,
      Affine::from_columns({spacing[0], 0, 0}, {0, spacing[1], 0}, {0, 0, spacing[2]}, {0, 0, 0}),
      {}};
  volume.type = ScalarType::f32;
  volume.slices.resize(static_cast<std::size_t>(size[2]));
  volume.voxels = std::make_unique<std::byte[]>(volume.bytes());
  std::memcpy(volume.voxels.get(), values.data(), volume.bytes());
  return volume;
}

NetworkImage shown(const std::vector<const Volume*>& channels, std::vector<ImageStep> steps,
                   const std::string& axes = "ijk",
                   const std::map<std::string, StageLabels>& stages = {}) {
  const ImageSteps all{{axes}, std::move(steps)};
  return make_network_image({}, {channels, all, stages, 1 << 20});
}

std::vector<float> shown(const Volume& volume, std::vector<ImageStep> steps,
                         const std::string& axes = "ijk") {
  return shown({&volume}, std::move(steps), axes).values;
}

void expect_near(const std::vector<float>& found, const std::vector<double>& expected,
                 double tolerance = 1e-6) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(found[i]), expected[i], tolerance) << i;
  }
}

TEST(NetworkImage, ReordersTheSourcesAxes) {
  const Volume v = volume_of({2, 1, 3}, {1, 2, 3, 4, 5, 6});  // columns 2, slices 3
  const NetworkImage kji = shown({&v}, {}, "kji");
  EXPECT_EQ(kji.grid.size, (Size3{3, 1, 2}));
  expect_near(kji.values, {1, 3, 5, 2, 4, 6});
  expect_near(shown(v, {}, "RAS"), {2, 1, 4, 3, 6, 5});  // to the right is against columns
}

TEST(NetworkImage, CropsToWhatIsNotZeroInAnyChannelHolesFilled) {
  const Volume a = volume_of({5, 1, 1}, {0, 0, 7, 0, 0});
  const Volume b = volume_of({5, 1, 1}, {0, 0, 0, 3, 0});
  const NetworkImage image = shown({&a, &b}, {CropStep{}});
  EXPECT_EQ(image.channels, 2);
  EXPECT_EQ(image.grid.size, (Size3{2, 1, 1}));
  expect_near(image.values, {7, 0, 0, 3});
  EXPECT_EQ(image.seen_begin, (Size3{2, 0, 0}));
  EXPECT_EQ(image.seen_end, (Size3{4, 1, 1}));
  const Volume nothing = volume_of({2, 1, 1}, {0, 0});
  testing::expect_error(ErrorCode::bad_input, "every voxel of the image is 0",
                        [&] { shown(nothing, {CropStep{}}); });
}

TEST(NetworkImage, NormalisesByStatisticsOfWhatCounts) {
  NormaliseStep step;
  step.statistics = NormaliseStep::Statistics::all;
  const Volume v = volume_of({4, 1, 1}, {0, 2, 4, 6});  // mean 3, variance 5
  const double sd = std::sqrt(5.0);
  expect_near(shown(v, {step}), {-3 / sd, -1 / sd, 1 / sd, 3 / sd});
  step.statistics = NormaliseStep::Statistics::nonzero;  // mean 4, variance 8 / 3
  const double of_rest = std::sqrt(8.0 / 3);
  expect_near(shown(v, {step}), {-4 / of_rest, -2 / of_rest, 0, 2 / of_rest});
  step.only_counted = true;
  expect_near(shown(v, {step}), {0, -2 / of_rest, 0, 2 / of_rest});
  // A hole inside of what is not zero counts in the mask of the crop: 0 of 2, 0, 4 has mean 2.
  step.statistics = NormaliseStep::Statistics::content;
  std::vector<float> ring(27, 3);
  ring[13] = 0;
  double mean = 26.0 * 3 / 27;
  const double deviation = std::sqrt((26 * (3 - mean) * (3 - mean) + mean * mean) / 27);
  const Volume box = volume_of({3, 3, 3}, ring);
  EXPECT_NEAR(static_cast<double>(shown(box, {CropStep{}, step})[13]), -mean / deviation, 1e-5);
  step = {};
  step.low = 1;
  step.high = 5;
  step.shift = 1;
  step.scale = 2;
  expect_near(shown(v, {step}), {0, .5, 1.5, 2});
}

TEST(NetworkImage, NormalisesChannelsApartOrTogether) {
  const Volume a = volume_of({2, 1, 1}, {1, 3}), b = volume_of({2, 1, 1}, {5, 7});
  NormaliseStep step;
  step.statistics = NormaliseStep::Statistics::all;
  expect_near(shown({&a, &b}, {step}).values, {-1, 1, -1, 1});
  step.per_channel = false;  // mean 4, variance 5
  const double sd = std::sqrt(5.0);
  expect_near(shown({&a, &b}, {step}).values, {-3 / sd, -1 / sd, 1 / sd, 3 / sd});
  step = {};
  step.shift = 1;
  step.scale = 2;
  step.channel = 1;
  expect_near(shown({&a, &b}, {step}).values, {1, 3, 2, 3});
}

TEST(NetworkImage, RescalesRangesPercentilesAndGivenValues) {
  const Volume v = volume_of({5, 1, 1}, {0, 1, 2, 3, 10});
  RescaleStep step;
  expect_near(shown(v, {step}), {0, .1, .2, .3, 1});
  step.c = -1;
  expect_near(shown(v, {step}), {-1, -.8, -.6, -.4, 1});
  step = {};
  step.from = RescaleStep::From::values;
  step.a = 1;
  step.b = 3;
  step.clip = true;
  expect_near(shown(v, {step}), {0, 0, .5, 1, 1});
  step.from = RescaleStep::From::percentiles;  // of 5 values: 25 is the second, 75 the fourth
  step.a = 25;
  step.b = 75;
  step.clip = false;
  expect_near(shown(v, {step}), {-.5, 0, .5, 1, 4.5});
  // A constant image, as monai.transforms 1.6.1 gives it: ScaleIntensity(2, 3),
  // ScaleIntensityRangePercentiles(25, 75, 2, 3, clip=True).
  const Volume flat = volume_of({2, 1, 1}, {7, 7});
  step = {};
  step.c = 2;
  step.d = 3;
  expect_near(shown(flat, {step}), {14, 14});
  step.from = RescaleStep::From::percentiles;
  step.a = 25;
  step.b = 75;
  step.clip = true;
  expect_near(shown(flat, {step}), {2, 2});
}

TEST(NetworkImage, LiftsZerosBesideOthersWhereAskedTo) {
  // -1, 0, 1, 0, 0, 0 half a voxel apart; only what lies beside others is lifted.
  const Volume v = volume_of({6, 1, 1}, {-1, 1, 0, 0, 0, 0});
  ResampleStep step;
  step.spacing_mm = {.5, 0, 0};
  step.alignment = ResampleStep::Alignment::first_voxel;
  const std::vector<float> plain = shown(v, {step});
  expect_near(plain, {-1, 0, 1, .5, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(plain[1], 0);
  step.no_zero_beside_others = true;
  const std::vector<float> lifted = shown(v, {step});
  expect_near(lifted, {-1, 0, 1, .5, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_GT(lifted[1], 0) << "between -1 and 1";
  EXPECT_GT(lifted[4], 0) << "beside .5";
  EXPECT_EQ(lifted[5], 0) << "what was lifted lifts no other";
}

TEST(NetworkImage, PadsAndCropsToMultiples) {
  const Volume v = volume_of({3, 1, 1}, {1, 2, 3});
  PadStep pad;
  pad.to = {6, 1, 1};
  const NetworkImage padded = shown({&v}, {pad});
  expect_near(padded.values, {0, 1, 2, 3, 0, 0});  // 3 more: one before, two behind
  EXPECT_EQ(padded.grid.to_source({1, 0, 0}), (Vec3{0, 0, 0}));
  EXPECT_EQ(padded.seen_end, (Size3{3, 1, 1}));
  pad.at_end = true;
  pad.with = PadWith::outermost;
  expect_near(shown(v, {pad}), {1, 2, 3, 3, 3, 3});
  pad = {};
  pad.multiple_of = {4, 1, 1};
  pad.with = PadWith::mirrored;
  expect_near(shown(v, {pad}), {1, 2, 3, 2});
  CropStep above;
  above.to = CropStep::To::above;
  above.value = 1;
  expect_near(shown(v, {above}), {2, 3});
  above.margin = {1, 0, 0};
  expect_near(shown(v, {above}), {1, 2, 3});
}

TEST(NetworkImage, AveragesWhatAnOutputVoxelCovers) {
  const Volume v = volume_of({5, 1, 1}, {1, 2, 3, 4, 5});
  // torch.nn.functional.adaptive_avg_pool1d: [0, 2), [1, 4), [3, 5) for 3 of 5
  expect_near(shown(v, {ResizeStep{{3, 1, 1}, StepInterpolation::area}}), {1.5, 3, 4.5});
  expect_near(shown(v, {ResizeStep{{0, 0, 0}, StepInterpolation::linear}}), {1, 2, 3, 4, 5});
}

/// resize(numpy.array([0, 1, 4, 9, 16, 9.]), (9,), 3, mode="edge", anti_aliasing=False)
TEST(NetworkImage, ResizesAsScikitImageDoes) {
  const Volume v = volume_of({6, 1, 1}, {0, 1, 4, 9, 16, 9}, {1.5, 1, 1});
  NnunetResampleStep step;
  step.spacing_mm = {1, 0, 0};
  step.separate = false;
  expect_near(shown(v, {step}),
              {0, 0.26914536, 1.38561236, 3.4333234, 5.8826859, 10.49973452, 15.75828127,
               13.08845727, 8.33752278},
              1e-4);
}

TEST(NetworkImage, ResizesSlicesOneByOneWhereTheyLieFarApart) {
  // Two slices 4 mm apart, 1 x 4 voxels of 1 mm; to 0.5 mm in plane and 2 mm across.
  const Volume v = volume_of({4, 1, 2}, {0, 2, 4, 6, 10, 10, 10, 10}, {1, 1, 4});
  NnunetResampleStep step;
  step.spacing_mm = {.5, 1, 2};
  step.order = 1;
  const NetworkImage image = shown({&v}, {step});
  EXPECT_EQ(image.grid.size, (Size3{8, 1, 4}));
  const std::vector<double> row{0, .5, 1.5, 2.5, 3.5, 4.5, 5.5, 6};
  std::vector<double> expected;
  for (int slice = 0; slice < 4; ++slice) {
    for (const double value : row) expected.push_back(slice < 2 ? value : 10);
  }
  expect_near(image.values, expected);
}

TEST(NetworkImage, AddsLabelsOfAStageAndCropsToThem) {
  const Volume v = volume_of({6, 1, 1}, {1, 2, 3, 4, 5, 6});
  const std::vector<std::uint8_t> labels{0, 0, 2, 2, 1, 0};
  const std::map<std::string, StageLabels> stages{
      {"organ", {labels, {{"liver", 1}, {"spleen", 2}}, {{40, 1}, {7, 2}}}}};
  const NetworkImage added = shown({&v}, {AddLabelsStep{"organ", {7, 40}}}, "ijk", stages);
  EXPECT_EQ(added.channels, 3);
  expect_near(added.values, {1, 2, 3, 4, 5, 6, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0});
  CropStep crop;
  crop.to = CropStep::To::labels;
  crop.stage = "organ";
  crop.labels = {"spleen"};
  crop.margin_mm = 1;
  const NetworkImage cropped = shown({&v}, {crop}, "ijk", stages);
  expect_near(cropped.values, {2, 3, 4, 5});
  EXPECT_EQ(cropped.seen_begin[0], 1);
  EXPECT_EQ(cropped.seen_end[0], 5);
  // Half as many voxels: the last is half label 40, half background, and the background is nearest.
  NnunetResampleStep coarser;
  coarser.spacing_mm = {2, 0, 0};
  coarser.separate = false;
  const NetworkImage half = shown({&v}, {coarser, AddLabelsStep{"organ", {7, 40}}}, "ijk", stages);
  expect_near({half.values.begin() + 3, half.values.end()}, {0, 1, 0, 0, 0, 0});
}

TEST(NetworkImage, RefusesLabelsAfterAResampling) {
  const Volume v = volume_of({4, 1, 1}, {1, 2, 3, 4});
  const std::vector<std::uint8_t> labels{0, 1, 1, 0};
  CropStep crop;
  crop.to = CropStep::To::labels;
  crop.stage = "a";
  ResampleStep resample;
  resample.spacing_mm = {1.7, 0, 0};
  testing::expect_error(ErrorCode::model, "resampled before", [&] {
    shown({&v}, {resample, crop}, "ijk", {{"a", {labels, {}, {}}}});
  });
}

}  // namespace
}  // namespace osler
