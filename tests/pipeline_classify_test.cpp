// Pictures and volumes of known means through a classifier of means.

#include "pipeline/classify.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "classifier_package.hpp"
#include "phantom_dicom.hpp"
#include "pipeline/pictures.hpp"
#include "pipeline/run.hpp"
#include "throws.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::PhantomPicture;
using testing::PhantomSeries;
using testing::TemporaryFolder;
using EditFile = std::function<void(DcmDataset&, std::size_t)>;

constexpr double kTolerance = 1e-6;  ///< single precision in the network

/// exp(m) / (exp(m) + exp(-m)) for a mean of `value`.
double bright(double value) {
  return 1 / (1 + std::exp(-2 * value / 100));
}

/// Radiographs of one value each: 10, 20, 30, ...
PhantomSeries radiographs(std::size_t count, const EditFile& edit = {}) {
  PhantomSeries series;
  series.modality = "CR";
  series.positions_mm = std::vector<Vec3>(count, Vec3{0, 0, 0});
  series.edit = [edit](DcmDataset& data, std::size_t file) {
    const auto value = static_cast<Uint16>(10 * (file + 1));
    put_picture(data, PhantomPicture{.rows = 3,
                                     .columns = 5,
                                     .photometric = "MONOCHROME2",
                                     .samples = std::vector<Uint16>(15, value)});
    data.putAndInsertString(DCM_BodyPartExamined, "CHEST");
    if (edit) edit(data, file);
  };
  return series;
}

void put_colour(DcmDataset& data, std::vector<Uint16> pixel) {
  std::vector<Uint16> samples;
  for (int i = 0; i < 15; ++i) samples.insert(samples.end(), pixel.begin(), pixel.end());
  put_picture(data, PhantomPicture{.rows = 3, .columns = 5, .samples = samples});
}

using EditPackage = std::function<void(Json&)>;

struct Scene {
  TemporaryFolder folder;
  fs::path package = folder.path() / "package";

  explicit Scene(const EditPackage& edit = {}) {
    const std::string weights = testing::mean_network();
    Json description = testing::classifier_description(weights);
    if (edit) edit(description);
    testing::write_classifier_package(package, description, weights);
  }

  RunReport run(const PhantomSeries& series) {
    write_phantom(series, folder.path() / "in");
    RunOptions options;
    options.inputs = {folder.path() / "in"};
    options.out = folder.path() / "out";
    options.models = {package.string()};
    options.device = "cpu";
    return osler::run(options);
  }

  Findings findings(const PhantomSeries& series) {
    const RunReport report = run(series);
    if (report.outcomes.size() != 1 || !report.outcomes[0].failure.empty()) {
      throw std::runtime_error(report.outcomes.empty() ? "nothing" : report.outcomes[0].failure);
    }
    return report.outcomes[0].findings;
  }
};

std::vector<std::string> codes_of(const std::vector<Reason>& reasons) {
  std::vector<std::string> codes;
  for (const Reason& reason : reasons) codes.push_back(reason.code);
  return codes;
}

using Strings = std::vector<std::string>;

TEST(ClassifyPictures, EachPictureHasItsOwnProbabilities) {
  Scene scene;
  const Findings f = scene.findings(radiographs(3));
  EXPECT_EQ(f.status, Status::complete);
  ASSERT_EQ(f.evaluations.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    const double p = bright(10.0 * static_cast<double>(i / 2 + 1));
    EXPECT_EQ(f.evaluations[i].image, i / 2);
    EXPECT_NEAR(f.evaluations[i].probability, i % 2 == 0 ? p : 1 - p, kTolerance);
    EXPECT_EQ(f.evaluations[i].present, i % 2 == 0);
  }
  EXPECT_EQ(f.source.instances.size(), 3U);
  for (const char* file : {"sr.dcm", "report.html", "findings.json"}) {
    EXPECT_TRUE(fs::exists(scene.folder.path() / "out" / f.source.study_uid / file)) << file;
  }
}

TEST(ClassifyPictures, TheyAreInTheOrderOfTheirNumbers) {
  Scene scene;
  PhantomSeries series = radiographs(3);
  series.instance_numbers = {7, 2, 5};
  const Findings f = scene.findings(series);
  EXPECT_NEAR(f.evaluations[0].probability, bright(20), kTolerance);
  EXPECT_NEAR(f.evaluations[2].probability, bright(30), kTolerance);
  EXPECT_NEAR(f.evaluations[4].probability, bright(10), kTolerance);
}

TEST(ClassifyPictures, Monochrome1IsTurnedOver) {
  Scene scene;
  const Findings f = scene.findings(radiographs(1, [](DcmDataset& data, std::size_t) {
    data.putAndInsertString(DCM_PhotometricInterpretation, "MONOCHROME1");
  }));
  EXPECT_NEAR(f.evaluations[0].probability, bright(245), kTolerance);
}

TEST(ClassifyPictures, GreyIsShownThreeTimesOnRequest) {
  const auto weighted = [](Json& json) {
    // Channels differ after this, so that all three must be there.
    json["steps"].insert(json["steps"].begin() + 2,
                         Json{{"step", "normalise"}, {"shift", 0.3}, {"scale", 1}, {"channel", 2}});
    json["steps"][3]["repeat_to"] = 3;
  };
  Scene scene(weighted);
  const Findings f = scene.findings(radiographs(1));
  EXPECT_NEAR(f.evaluations[0].probability, bright(10 - 30.0 / 3), kTolerance);
}

TEST(ClassifyPictures, ColoursAreThreeChannels) {
  Scene scene([](Json& json) {
    json["steps"].insert(json["steps"].begin() + 2,
                         Json{{"step", "normalise"}, {"shift", 0}, {"scale", 0.5}, {"channel", 0}});
    json["steps"][3]["colour"] = "rgb";
  });
  const auto colour = [](DcmDataset& data, std::size_t) { put_colour(data, {30, 60, 120}); };
  EXPECT_NEAR(scene.findings(radiographs(1, colour)).evaluations[0].probability,
              bright((60 + 60 + 120) / 3.0), kTolerance);
}

TEST(ClassifyPictures, WhatDoesNotFitIsNamed) {
  const auto reasons = [](const EditFile& edit, const EditPackage& package = {}) {
    Scene scene(package);
    const RunReport report = scene.run(radiographs(1, edit));
    EXPECT_EQ(report.exit_code, kExitBadInput);
    return report.not_used.empty() ? Strings{} : codes_of(report.not_used[0].reasons);
  };
  const auto colour = [](DcmDataset& data, std::size_t) { put_colour(data, {1, 2, 3}); };
  const auto takes_colour = [](Json& json) { json["steps"][2]["colour"] = "rgb"; };
  const auto put = [](const DcmTagKey& tag, const char* value) {
    return [=](DcmDataset& data, std::size_t) { data.putAndInsertString(tag, value); };
  };
  EXPECT_EQ(reasons(colour), Strings{"colour_image"});
  EXPECT_EQ(reasons({}, takes_colour), Strings{"grey_image"});
  EXPECT_EQ(reasons(put(DCM_Modality, "MR")), Strings{"modality"});
  EXPECT_EQ(reasons(put(DCM_BodyPartExamined, "HAND")), Strings{"body_part"});
  EXPECT_EQ(reasons(put(DCM_PhotometricInterpretation, "HSV")),
            Strings{"photometric_interpretation"});
  EXPECT_EQ(reasons([](DcmDataset& data, std::size_t) {
              put_picture(data, PhantomPicture{.rows = 3,
                                               .columns = 5,
                                               .frames = 2,
                                               .photometric = "MONOCHROME2",
                                               .samples = std::vector<Uint16>(30, 1)});
            }),
            Strings{"several_frames"});
}

TEST(ClassifyPictures, OthersOfTheSeriesAreLeftOutWithAWarning) {
  Scene scene;
  const Findings f = scene.findings(radiographs(2, [](DcmDataset& data, std::size_t file) {
    if (file == 0) put_colour(data, {1, 2, 3});
  }));
  ASSERT_EQ(f.evaluations.size(), 2U);
  EXPECT_NEAR(f.evaluations[0].probability, bright(20), kTolerance);
  EXPECT_EQ(codes_of(f.source.warnings), Strings{"colour_image"});
}

TEST(ClassifyPictures, AGateMayRefuseTheUncertain) {
  const auto gate = [](double least) {
    return [least](Json& json) {
      json["gates"] = {{{"name", "certain"},
                        {"signal", "least_highest_probability"},
                        {"meaning", "is it certain?"},
                        {"at_least", least}}};
    };
  };
  Scene certain(gate(0.54)), uncertain(gate(0.56));
  EXPECT_EQ(certain.findings(radiographs(2)).status, Status::complete);
  const Findings f = uncertain.findings(radiographs(2));
  EXPECT_EQ(f.status, Status::partial);
  EXPECT_TRUE(f.evaluations.empty());
  EXPECT_FALSE(f.refusals.empty());
}

TEST(ClassifyPictures, ANetworkOfOtherOutputsIsTheModelsFault) {
  Scene scene([](Json& json) {
    json["gives"]["classes"] = 3;
    json["gives"]["evaluations"].push_back(testing::class_of(2));
  });
  const RunReport report = scene.run(radiographs(1));
  ASSERT_EQ(report.outcomes.size(), 1U);
  EXPECT_NE(report.outcomes[0].failure.find("3 classes"), std::string::npos)
      << report.outcomes[0].failure;
}

TEST(ClassifyPictures, SeveralNetworksAreTheMeanOfTheirScores) {
  Scene scene([](Json& json) { json["weights"] = {json["weights"], json["weights"]}; });
  EXPECT_NEAR(scene.findings(radiographs(1)).evaluations[0].probability, bright(10), kTolerance);
}

TEST(ClassifyVolume, AllOfTheSeriesIsOneImage) {
  Scene scene([](Json& json) {
    json["steps"][2]["dimensions"] = 3;
    json["wants"]["modalities"] = {"CT"};
  });
  PhantomSeries series;
  series.modality = "CT";
  series.positions_mm = testing::stack_of(4, {0, 0, 0}, {0, 0, 2});
  series.slope = 1;
  series.intercept = -100;
  series.stored = [](const Vec3& p) {
    return static_cast<std::int64_t>(std::lround(80 + 10 * p[2]));
  };
  const Findings f = scene.findings(series);
  ASSERT_EQ(f.evaluations.size(), 2U);
  EXPECT_FALSE(f.evaluations[0].image);
  EXPECT_NEAR(f.evaluations[0].probability, bright(-20 + 10 * 3), kTolerance);
}

TEST(ChannelsOf, PaddingIsAsDarkAsWhatIsDarkest) {
  dicom::Picture picture;
  picture.rows = 1;
  picture.columns = 4;
  picture.values = std::vector<float>{5, -2000, 3, 9};
  picture.padding = {false, true, false, false};
  picture.pixel_size = dicom::PixelSize{{0.2, 0.1}, dicom::PixelSizeFrom::imager_pixel_spacing};
  const auto channels = channels_of(picture, Classification{});
  ASSERT_EQ(channels.size(), 1U);
  const auto* values = reinterpret_cast<const float*>(channels[0].voxels.get());
  EXPECT_EQ(std::vector<float>(values, values + 4), (std::vector<float>{5, 3, 3, 9}));
  EXPECT_NEAR(channels[0].grid.spacing_mm()[0], 0.1, 1e-12);
  EXPECT_NEAR(channels[0].grid.spacing_mm()[1], 0.2, 1e-12);
}

}  // namespace
}  // namespace osler
