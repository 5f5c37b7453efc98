// Which series is which channel, and on which grid channels are seen.

#include <gtest/gtest.h>

#include <cstring>

#include "pipeline/channel_choice.hpp"
#include "pipeline/channels.hpp"
#include "throws.hpp"

namespace osler {
namespace {

dicom::Series series_of(const std::string& uid, const std::string& description) {
  dicom::Series series;
  series.uid = uid;
  series.modality = "MR";
  series.instances.emplace_back();
  series.instances.back().series_description = description;
  return series;
}

ModelPackage package_of(const std::vector<std::string>& channels) {
  ModelPackage package;
  package.name = "tumour";
  package.channels = channels;
  package.wants.modalities = {"MR"};
  return package;
}

std::vector<std::string> chosen(const dicom::Study& study, const std::vector<std::string>& channels,
                                const ChannelWishes& wishes = {}) {
  std::vector<std::string> uids;
  for (const dicom::Series* series : choose_channels(study, package_of(channels), wishes).series) {
    uids.push_back(series->uid);
  }
  return uids;
}

const dicom::Study& brain() {
  static const dicom::Study study{
      "1",
      {series_of("1.1", "t2_flair_tra"), series_of("1.2", "T1 mprage sag"),
       series_of("1.3", "T1w post Gd"), series_of("1.4", "T2 TSE ax")}};
  return study;
}

TEST(ChooseChannels, FindsSeriesByTheWordsOfTheirDescriptions) {
  EXPECT_EQ(chosen(brain(), {"T1", "T1c", "T2", "FLAIR"}),
            (std::vector<std::string>{"1.2", "1.3", "1.4", "1.1"}));
  EXPECT_EQ(chosen(brain(), {"FLAIR", "T1gd"}), (std::vector<std::string>{"1.1", "1.3"}));
}

TEST(ChooseChannels, SaysWhichChannelIsNotClear) {
  dicom::Study twice = brain();
  twice.series.push_back(series_of("1.5", "T2 BLADE cor"));
  const ChannelChoice choice = choose_channels(twice, package_of({"T2", "PD"}), {});
  EXPECT_TRUE(choice.series.empty());
  ASSERT_EQ(choice.reasons.size(), 2U);
  EXPECT_NE(choice.reasons[0].detail.find("T2 could be 2 series"), std::string::npos);
  EXPECT_NE(choice.reasons[1].detail.find("PD is none of the study's series"), std::string::npos);
  EXPECT_NE(choice.reasons[1].detail.find("--channel 'PD=SERIES_UID'"), std::string::npos);
  EXPECT_EQ(chosen(twice, {"T2", "FLAIR"}, {{"T2", "1.4"}}),
            (std::vector<std::string>{"1.4", "1.1"}));
}

TEST(ChooseChannels, TakesNoSeriesForTwoChannels) {
  const ChannelChoice choice =
      choose_channels(brain(), package_of({"T1", "T2"}), {{"T1", "1.4"}, {"T2", "1.4"}});
  EXPECT_TRUE(choice.series.empty());
}

SharedVolume volume_of(const Size3& size, double mm, const std::vector<float>& values,
                       const std::string& frame) {
  auto volume = std::make_shared<Volume>();
  volume->grid = {size, Affine::from_columns({mm, 0, 0}, {0, mm, 0}, {0, 0, mm}, {0, 0, 0}), {}};
  volume->type = ScalarType::f32;
  volume->slices.resize(static_cast<std::size_t>(size[2]));
  volume->frame_of_reference_uid = frame;
  volume->series_uid = "1.9";
  volume->voxels = std::make_unique<std::byte[]>(volume->bytes());
  std::memcpy(volume->voxels.get(), values.data(), volume->bytes());
  return volume;
}

TEST(OnOneGrid, ResamplesWithinOneFrameOfReference) {
  const SharedVolume first = volume_of({3, 1, 1}, 2, {1, 2, 3}, "7");
  const SharedVolume finer = volume_of({6, 1, 1}, 1, {0, 10, 20, 30, 40, 50}, "7");
  const ChannelVolumes same = on_one_grid({first, first}, {"a", "b"});
  EXPECT_EQ(same[1], first);
  const ChannelVolumes channels = on_one_grid({first, finer}, {"a", "b"});
  EXPECT_EQ(channels[1]->grid, first->grid);
  float values[3];
  std::memcpy(values, channels[1]->voxels.get(), sizeof values);
  EXPECT_FLOAT_EQ(values[0], 0);
  EXPECT_FLOAT_EQ(values[1], 20);
  EXPECT_FLOAT_EQ(values[2], 40);
}

TEST(OnOneGrid, RefusesWhatNothingRegisters) {
  const SharedVolume first = volume_of({3, 1, 1}, 2, {1, 2, 3}, "7");
  const SharedVolume elsewhere = volume_of({6, 1, 1}, 1, {0, 10, 20, 30, 40, 50}, "8");
  testing::expect_error(ErrorCode::bad_input, "channel b lies on another grid than a", [&] {
    on_one_grid({first, elsewhere}, {"a", "b"});
  });
}

}  // namespace
}  // namespace osler
