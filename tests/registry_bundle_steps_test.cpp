// What each of MONAI's transforms becomes, and what of them is refused, by name and line.

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "bundle_text.hpp"
#include "throws.hpp"

namespace osler::bundle {
namespace {

using osler::testing::expect_error;
using osler::testing::inference;
using osler::testing::kArgmax;
using osler::testing::kInvert;
using osler::testing::kSpacing;
using osler::testing::kWindows;
using osler::testing::metadata;

WindowedSegmentation steps(const std::string& before, const std::string& after = kArgmax,
                           int classes = 3, const std::string& inferer = kWindows) {
  return std::get<WindowedSegmentation>(
      describe(inference(before, after, inferer), metadata(classes)).steps);
}

/// A transform of the image with these arguments.
std::string of_image(const std::string& name, const std::string& arguments) {
  return R"({"_target_": ")" + name + R"(d", "keys": "image")" +
         (arguments.empty() ? "" : ", " + arguments) + "}";
}
std::string of_pred(const std::string& name, const std::string& arguments) {
  return R"({"_target_": ")" + name + R"(d", "keys": "pred")" +
         (arguments.empty() ? "" : ", " + arguments) + "}";
}

template <typename T>
T only(const std::string& name, const std::string& arguments) {
  const auto all =
      steps(of_image(name, arguments), std::string(kArgmax) + "," + kInvert).image.steps;
  EXPECT_EQ(all.size(), 1U);
  return std::get<T>(all.at(0));
}

void refused(const std::string& name, const std::string& arguments, const std::string& word) {
  expect_error(ErrorCode::model, "inference.json line 3: " + name,
               [&] { steps(of_image(name, arguments)); });
  expect_error(ErrorCode::model, word, [&] { steps(of_image(name, arguments)); });
}

TEST(BundleSteps, UnknownTransformsAreRefusedByNameAndLine) {
  refused("RandFlip", "", "RandFlipd: is not a transform that this program knows");
  refused("scripts.mine.Foo", "", "scripts.mine.Food");
  expect_error(ErrorCode::model, "line 4: Foo: is not a transform",
               [] { steps("", R"({"_target_": "Foo"})"); });
  expect_error(ErrorCode::model, "line 5: MyInferer",
               [] { steps("", kArgmax, 3, R"({"_target_": "MyInferer"})"); });
}

TEST(BundleSteps, UnknownArgumentsAreRefusedByNameAndLine) {
  refused("Spacing", R"("pixdim": 1, "extra": 0)", "argument 'extra' is not one");
  refused("Spacing", R"("pixdim": 1, "diagonal": true)", "'diagonal' changes the answer");
  refused("Spacing", R"("pixdim": 1, "mode": 3)", "'mode'");
  refused("Spacing", R"("pixdim": 1, "padding_mode": "zeros")", "'padding_mode' ('zeros')");
  refused("Spacing", R"("pixdim": "a")", "'pixdim' ('a') is no number");
  refused("Spacing", R"("pixdim": [1, 2, 3, 4])", "has not 3 numbers");
  refused("Spacing", R"("pixdim": 1, "lazy": true)", "'lazy'");
  refused("CastToType", R"("dtype": "$torch.int16")", "'dtype'");
  refused("NormalizeIntensity", R"("nonzero": "False")", "'nonzero' ('False') is a text");
  refused("LoadImage", "", "stands twice");
}

TEST(BundleSteps, NamesMayBeLongAndOfEitherForm) {
  for (const char* target : {"Spacingd", "SpacingD", "SpacingDict", "monai.transforms.Spacingd",
                             "monai.transforms.spatial.dictionary.Spacingd"}) {
    const std::string text =
        R"({"_target_": ")" + std::string(target) + R"(", "keys": ["image"], "pixdim": 2})";
    EXPECT_EQ(steps(text).image.steps.size(), 1U) << target;
  }
  const Config arrays = Config::parse(
      R"({"preprocessing": ["@load", "$@more[0]"], "load": {"_target_": "LoadImage"},
      "more": [{"_target_": "ScaleIntensity"}], "inferer": {"_target_": "SimpleInferer"},
      "postprocessing": {"_target_": "AsDiscrete", "argmax": true}})",
      Format::json, "inference.json");
  const auto w = std::get<WindowedSegmentation>(describe(arrays, metadata()).steps);
  EXPECT_EQ(w.image.steps.size(), 1U);
  EXPECT_TRUE(w.window.whole_image);
}

TEST(BundleSteps, DisabledTransformsAreLeftOut) {
  const std::string text = of_image("RandFlip", R"("_disabled_": "$not False", "_desc_": "later")");
  EXPECT_TRUE(steps(text).image.steps.empty());
}

TEST(BundleSteps, ListsHoldOneValuePerKey) {
  const std::string text =
      R"({"_target_": "Spacingd", "keys": ["label", "image"], "pixdim": 2, "mode": ["nearest", "bilinear"]})";
  const auto w = steps(text);
  EXPECT_EQ(std::get<ResampleStep>(w.image.steps.at(0)).interpolation, StepInterpolation::linear);
  expect_error(ErrorCode::model, "leave out the image",
               [] { steps(R"({"_target_": "Spacingd", "keys": "label", "pixdim": 2})"); });
}

TEST(BundleSteps, OrientationTurnsAxesRound) {
  EXPECT_EQ(steps("").image.orient.axes, "kji");
  EXPECT_EQ(steps(of_image("Orientation", R"("axcodes": "LPS")")).image.orient.axes, "SPL");
  EXPECT_EQ(steps(of_image("Orientation", R"("as_closest_canonical": true)")).image.orient.axes,
            "SAR");
  refused("Orientation", R"("axcodes": "RAA")", "'axcodes'");
  expect_error(ErrorCode::model, "behind a transform that changes the grid", [] {
    steps(std::string(kSpacing) + "," + of_image("Orientation", R"("axcodes": "RAS")"));
  });
}

TEST(BundleSteps, SpacingIsFilledWithItsLastAndKeepsWhatIsNotAbove0) {
  EXPECT_EQ(only<ResampleStep>("Spacing", R"("pixdim": [1, 2, 3])").spacing_mm, (Vec3{3, 2, 1}));
  EXPECT_EQ(only<ResampleStep>("Spacing", R"("pixdim": [1, 2])").spacing_mm, (Vec3{2, 2, 1}));
  EXPECT_EQ(only<ResampleStep>("Spacing", R"("pixdim": 1.5)").spacing_mm, (Vec3{1.5, 1.5, 1.5}));
  EXPECT_EQ(only<ResampleStep>("Spacing", R"("pixdim": [1, 2, -1])").spacing_mm, (Vec3{0, 2, 1}));
}

TEST(BundleSteps, ScaleIntensity) {
  const auto plain = only<RescaleStep>("ScaleIntensity", "");
  EXPECT_EQ(plain.from, RescaleStep::From::range);
  EXPECT_EQ(plain.c, 0);
  EXPECT_EQ(plain.d, 1);
  EXPECT_FALSE(plain.per_channel) << "MONAI's default is all channels together";
  const auto factor = R"("minv": null, "maxv": null, "factor": 1)";
  EXPECT_EQ(only<NormaliseStep>("ScaleIntensity", factor).scale, 0.5);
  EXPECT_EQ(only<RescaleStep>("ScaleIntensity", R"("minv": null, "maxv": 9)").d, 1);
}

TEST(BundleSteps, ScaleIntensityRange) {
  const auto open = only<RescaleStep>("ScaleIntensityRange", R"("a_min": 10, "a_max": 20)");
  EXPECT_EQ(open.c, 0);
  EXPECT_EQ(open.d, 1);
  EXPECT_FALSE(open.clip);
  refused("ScaleIntensityRange", R"("a_min": 1, "a_max": 1)", "'a_max' is a_min");
  refused("ScaleIntensityRange", R"("a_min": 1)", "'a_max' is missing");
  refused("ScaleIntensityRange", R"("a_min": 1, "a_max": 2, "b_min": 0, "clip": true)", "one side");
}

TEST(BundleSteps, ScaleIntensityRangePercentiles) {
  const auto relative =
      only<RescaleStep>("ScaleIntensityRangePercentiles",
                        R"("lower": 10, "upper": 90, "b_min": 0, "b_max": 200, "relative": true)");
  EXPECT_EQ(relative.from, RescaleStep::From::percentiles);
  EXPECT_EQ(relative.a, 10);
  EXPECT_EQ(relative.b, 90);
  EXPECT_EQ(relative.c, 20) << "MONAI's own example";
  EXPECT_EQ(relative.d, 180);
}

TEST(BundleSteps, NormalizeIntensity) {
  const auto all = only<NormaliseStep>("NormalizeIntensity", "");
  EXPECT_EQ(all.statistics, NormaliseStep::Statistics::all);
  EXPECT_FALSE(all.only_counted);
  const auto given = only<NormaliseStep>("NormalizeIntensity", R"("subtrahend": 5, "divisor": 0)");
  EXPECT_EQ(given.statistics, NormaliseStep::Statistics::none);
  EXPECT_EQ(given.shift, 5);
  EXPECT_EQ(given.scale, 1) << "MONAI divides by 1 where it is 0";
  const std::string two = of_image(
      "NormalizeIntensity", R"("subtrahend": [1, 2], "divisor": [3, 4], "channel_wise": true)");
  const Config config = inference(two, kArgmax);
  const Preprocessing before = read_preprocessing(config, config.find("preprocessing"), 3);
  EXPECT_EQ(std::get<NormaliseStep>(before.image.steps.at(1)).channel, 1);
  EXPECT_EQ(std::get<NormaliseStep>(before.image.steps.at(1)).scale, 4);
  expect_error(ErrorCode::model, "more channels than there are", [&] { steps(two); });
  refused("NormalizeIntensity", R"("subtrahend": 1)", "not both given");
  refused("NormalizeIntensity", R"("subtrahend": 1, "divisor": 1, "nonzero": true)", "'nonzero'");
}

TEST(BundleSteps, CropForeground) {
  const auto crop = only<CropStep>(
      "CropForeground",
      R"("source_key": "image", "select_fn": "$lambda x: x > -500", "margin": [1, 2, 3],
      "allow_smaller": true, "k_divisible": 16)");
  EXPECT_EQ(crop.to, CropStep::To::above);
  EXPECT_EQ(crop.value, -500);
  EXPECT_EQ(crop.margin, (Size3{3, 2, 1}));
  EXPECT_EQ(crop.multiple_of, (Size3{16, 16, 16}));
  refused("CropForeground", R"("source_key": "label")", "'source_key' ('label')");
  refused("CropForeground", R"("source_key": "image", "select_fn": "$lambda x: -x > 1")",
          "'select_fn'");
  refused("CropForeground", R"("source_key": "image", "margin": 2)", "allow_smaller");
}

TEST(BundleSteps, PadAndResize) {
  const auto pad =
      only<PadStep>("SpatialPad", R"("spatial_size": [32, -1, 64], "method": "end", "value": -1)");
  EXPECT_EQ(pad.to, (Size3{64, 0, 32}));
  EXPECT_TRUE(pad.at_end);
  EXPECT_EQ(pad.value, -1);
  const auto divisible = only<PadStep>("DivisiblePad", R"("k": 16, "mode": "reflect")");
  EXPECT_EQ(divisible.multiple_of, (Size3{16, 16, 16}));
  EXPECT_EQ(divisible.with, PadWith::mirrored);
  const auto w = steps(of_image("Resize", R"("spatial_size": [8, 9, -1], "mode": "trilinear")"),
                       std::string(kInvert) + "," + kArgmax);
  EXPECT_EQ(std::get<ResizeStep>(w.image.steps.at(0)).size, (Size3{0, 9, 8}));
  refused("Resize", R"("spatial_size": 8, "align_corners": true)", "'align_corners'");
  refused("Resize", R"("spatial_size": 8, "mode": "bicubic")", "'bicubic'");
  refused("SpatialPad", R"("spatial_size": 8, "mode": "wrap")", "'mode' ('wrap')");
}

TEST(BundleSteps, WindowsMayTakeTheImagesSize) {
  const auto w =
      steps("", kArgmax, 3,
            R"({"_target_": "monai.inferers.SlidingWindowInferer", "roi_size": [96, -1, null],
      "overlap": [0, 0.25, 0.5], "mode": "gaussian", "sigma_scale": 0.25, "cval": -1,
      "device": "$boom"})");
  EXPECT_EQ(w.window.patch, (Size3{0, 0, 96}));
  EXPECT_EQ(w.window.step, (Vec3{0.5, 0.75, 1}));
  EXPECT_TRUE(w.window.gaussian);
  EXPECT_EQ(w.window.sigma_scale, 0.25);
  EXPECT_EQ(w.window.value, -1);
  EXPECT_EQ(steps("").window.step, (Vec3{0.75, 0.75, 0.75})) << "MONAI's default overlap";
  expect_error(ErrorCode::model, "line 5: SlidingWindowInferer: argument 'overlap'", [] {
    steps("", kArgmax, 3, R"({"_target_": "SlidingWindowInferer", "roi_size": 8, "overlap": 1})");
  });
  expect_error(ErrorCode::model, "'padding_mode' ('circular')", [] {
    steps("", kArgmax, 3,
          R"({"_target_": "SlidingWindowInferer", "roi_size": 8, "padding_mode": "circular"})");
  });
}

// ---------------------------------------------------------------- behind the network

TEST(BundleSteps, OrderOfDecisionAndInvertChoosesTheGrid) {
  const std::string nearest = of_pred("Invert", R"("transform": "@preprocessing")");
  const std::string argmax = kArgmax, linear = kInvert;
  EXPECT_FALSE(steps(kSpacing, linear + "," + argmax).labels.on_network_grid);
  EXPECT_TRUE(steps(kSpacing, argmax + "," + nearest).labels.on_network_grid);
  EXPECT_TRUE(steps(kSpacing, nearest + "," + argmax).labels.on_network_grid);
  EXPECT_TRUE(steps(kSpacing, argmax).labels.on_network_grid) << "resampled when it is saved";
  EXPECT_FALSE(steps("", argmax + "," + linear).labels.on_network_grid) << "nothing to resample";
  const std::string pad = of_image("DivisiblePad", R"("k": 16)");
  expect_error(ErrorCode::model, "has no Invert", [&] { steps(pad, argmax); });
  EXPECT_TRUE(steps(pad, argmax + "," + linear).labels.on_network_grid);
  expect_error(ErrorCode::model, "decides nothing", [&] { steps("", of_pred("Activations", "")); });
  expect_error(ErrorCode::model, "'transform'", [&] {
    steps("", of_pred("Invert", R"("transform": {"_target_": "Compose", "transforms": []})"));
  });
}

TEST(BundleSteps, NumbersThatWereInterpolatedAreMarked) {
  const LabelStep labels = steps(kSpacing, std::string(kArgmax) + "," + kInvert).labels;
  EXPECT_TRUE(labels.interpolate_numbers);
  EXPECT_TRUE(labels.on_network_grid);
  EXPECT_FALSE(steps(kSpacing, kArgmax).labels.interpolate_numbers);
}

TEST(BundleSteps, ActivationsAndThresholds) {
  const std::string sigmoid = of_pred("Activations", R"("sigmoid": true)");
  const auto w = steps("", sigmoid + "," + of_pred("AsDiscrete", R"("threshold": 0.5)"));
  EXPECT_TRUE(w.labels.regions);
  EXPECT_EQ(w.labels.activation, Activation::sigmoid);
  expect_error(ErrorCode::model, "argument 'other'",
               [] { steps("", of_pred("Activations", R"("other": "$lambda x: x")")); });
  expect_error(ErrorCode::model, "softmax and sigmoid",
               [] { steps("", of_pred("Activations", R"("softmax": true, "sigmoid": true)")); });
  expect_error(ErrorCode::model, "'to_onehot'",
               [] { steps("", of_pred("AsDiscrete", R"("argmax": true, "to_onehot": 2)")); });
}

TEST(BundleSteps, FiltersOfLabels) {
  const std::string argmax = kArgmax;
  const std::string largest =
      of_pred("KeepLargestConnectedComponent", R"("applied_labels": [1, 2], "independent": false)");
  const auto before = steps(kSpacing, argmax + "," + largest + "," + kInvert, 3).labels;
  ASSERT_EQ(before.filters.size(), 1U);
  EXPECT_EQ(before.filters[0].kind, LabelFilter::Kind::keep_largest);
  EXPECT_EQ(before.filters[0].values, (std::vector<int>{1, 2}));
  EXPECT_TRUE(before.filters[0].together);
  EXPECT_EQ(before.filters[0].connectivity, 26);
  EXPECT_TRUE(before.filters[0].on_network_grid);
  const auto after = steps(kSpacing, std::string(kInvert) + "," + argmax + "," + largest).labels;
  EXPECT_FALSE(after.filters.at(0).on_network_grid);

  const auto small = steps("", argmax + "," + of_pred("RemoveSmallObjects", R"("min_size": 9)"), 2);
  EXPECT_EQ(small.labels.filters.at(0).min_voxels, 9);
  EXPECT_EQ(small.labels.filters.at(0).connectivity, 6) << "MONAI's default here is faces";
  const auto kept = steps("", argmax + "," + of_pred("LabelFilter", R"("applied_labels": 2)"));
  EXPECT_EQ(kept.labels.filters.at(0).values, (std::vector<int>{2}));
  const auto holes = steps("", argmax + "," + of_pred("FillHoles", R"("connectivity": 1)"), 2);
  EXPECT_EQ(holes.labels.filters.at(0).connectivity, 6);

  const auto refuse = [&](const std::string& name, const std::string& arguments,
                          const std::string& word) {
    expect_error(ErrorCode::model, word,
                 [&] { steps("", argmax + "," + of_pred(name, arguments)); });
  };
  refuse("RemoveSmallObjects", "", "several labels in one channel");
  refuse("FillHoles", "", "take each other's voxels");
  refuse("KeepLargestConnectedComponent", R"("num_components": 2)", "'num_components'");
  refuse("KeepLargestConnectedComponent", R"("applied_labels": 0)", "the background");
  expect_error(ErrorCode::model, "may overlap", [] {
    steps("", of_pred("AsDiscrete", R"("threshold": 0.5)") + "," +
                  of_pred("KeepLargestConnectedComponent", ""));
  });
}

TEST(BundleSteps, ChannelsBecomeNumbersByAChainOfWhere) {
  const auto read = [](const std::string& function) {
    const Config config = inference("", of_pred("AsDiscrete", R"("threshold": 0.5)") + "," +
                                            of_pred("Lambda", "\"func\": \"$" + function + "\""));
    return describe(config, metadata(3));
  };
  const Description d = read("lambda x: torch.where(x[[2]] > 0, 4, torch.where(x[0] == 1, 1, 0))");
  const LabelStep& labels = std::get<WindowedSegmentation>(d.steps).labels;
  EXPECT_EQ(labels.order, (std::vector<int>{0, 2})) << "what is asked for first wins: it is last";
  ASSERT_EQ(d.segments.size(), 2U);
  EXPECT_EQ(d.segments[0].output, 0);
  EXPECT_EQ(d.segments[0].value, 1);
  EXPECT_EQ(d.segments[1].output, 2);
  EXPECT_EQ(d.segments[1].value, 4);
  for (const char* function :
       {"lambda x: x", "lambda x: torch.where(x[0] > 0, 1, 2)", "lambda x: x.sum(0)",
        "lambda x: torch.where(x[0] > 1, 1, 0)", "lambda x, y: torch.where(x[0] > 0, 1, 0)",
        "lambda x: torch.where(x[0] > 0, 1, torch.where(x[0] > 0, 2, 0))",
        "lambda x: torch.where(x[0] > 0, 1.5, 0)", "lambda x: numpy.where(x[0] > 0, 1, 0)"}) {
    expect_error(ErrorCode::model, "chain of torch.where", [&] { read(function); });
  }
  expect_error(ErrorCode::model, "channel that there is not",
               [&] { read("lambda x: torch.where(x[3] > 0, 1, 0)"); });
  expect_error(ErrorCode::model, "out of 1 to 255",
               [&] { read("lambda x: torch.where(x[1] > 0, 300, 0)"); });
}

TEST(BundleSteps, ComposeInItselfIsRefused) {
  const Config config = Config::parse(
      R"({"preprocessing": {"_target_": "Compose", "transforms": ["@preprocessing"]},
      "inferer": {"_target_": "SimpleInferer"}, "postprocessing": []})",
      Format::json, "inference.json");
  expect_error(ErrorCode::model, "contains itself", [&] { describe(config, metadata()); });
}

TEST(BundleSteps, OddMetadataAreRefused) {
  const Config good = inference("", kArgmax);
  const auto refuse = [&](const std::string& text, const std::string& word) {
    const Config odd = Config::parse(text, Format::json, "metadata.json");
    expect_error(ErrorCode::model, word, [&] { describe(good, odd); });
  };
  refuse("{}", "metadata.json line 1: 'network_data_format' is missing");
  refuse(R"({"network_data_format": {"inputs": 3, "outputs": {}}})", "'inputs' has the wrong type");
  const auto with = [](const std::string& image, const std::string& pred) {
    return R"({"network_data_format": {"inputs": {"image": {"modality": "CT", )" + image +
           R"(}}, "outputs": {"pred": {)" + pred + "}}}}";
  };
  const std::string shape = R"("spatial_shape": [8, 8, 8])";
  refuse(with(R"("num_channels": 99999999999, )" + shape, R"("num_channels": 2, )" + shape),
         "'num_channels' is out of range");
  refuse(with(R"("num_channels": 1, )" + shape,
              R"("num_channels": 2, "channel_def": {"7": "a"}, )" + shape),
         "'channel_def'");
  refuse(with(R"("num_channels": 1, )" + shape, R"("num_channels": 1, )" + shape), "no segment");
  refuse(with(R"("num_channels": 1, )" + shape, R"("num_channels": 300, )" + shape), "255");
}

}  // namespace
}  // namespace osler::bundle
