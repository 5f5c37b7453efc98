// MONAI bundles to model packages: the released ones, and what each transform becomes.

#include "registry/bundle.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "bundle_text.hpp"
#include "throws.hpp"

namespace osler::bundle {
namespace {

namespace fs = std::filesystem;
using osler::testing::copy_bundle;
using osler::testing::expect_error;
using osler::testing::TemporaryFolder;
using osler::testing::write_text;
using osler::testing::zoo;

// SHA-256 of "abc" (FIPS 180-4).
constexpr char kSha256OfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

struct Zoo : ::testing::Test {
  void SetUp() override { OSLER_NEEDS(zoo(), "monai_zoo"); }
  ModelPackage read(const std::string& name) {
    copy_bundle(name, folder.path());
    return read_bundle(folder.path());
  }
  /// The bundle is refused with a text that holds `word`.
  void refused(const std::string& name, const std::string& word) {
    copy_bundle(name, folder.path());
    expect_error(ErrorCode::model, word, [&] { read_bundle(folder.path()); });
  }
  Classification classifier(const std::string& name) {
    const ModelPackage p = read(name);
    EXPECT_EQ(p.channels.size(), 1U);
    EXPECT_TRUE(p.segments.empty());
    return *p.classification();
  }
  TemporaryFolder folder;
};

template <typename T>
const T& step(const WindowedSegmentation& w, std::size_t i) {
  return std::get<T>(w.image.steps.at(i));
}

TEST_F(Zoo, Spleen) {
  const ModelPackage p = read("spleen_ct_segmentation");
  EXPECT_EQ(p.name, "spleen-ct-segmentation");
  EXPECT_EQ(p.title, "Spleen CT segmentation");
  EXPECT_EQ(p.version, "0.5.9");
  EXPECT_EQ(p.manufacturer, "MONAI team");
  EXPECT_EQ(p.intended_use, "This is an example, not to be used for diagnostic purposes");
  EXPECT_EQ(p.licence,
            "Apache License, Version 2.0, January 2004 (LICENSE); "
            "Copyright (c) MONAI Consortium");
  EXPECT_EQ(p.wants.modalities, (std::vector<std::string>{"CT"}));
  EXPECT_EQ(p.channels, (std::vector<std::string>{"image"}));
  EXPECT_EQ(p.classes, 2);
  ASSERT_EQ(p.weights.size(), 1U);
  EXPECT_EQ(p.weights[0].file, "models/model.ts");
  EXPECT_EQ(p.weights[0].format.name, "torchscript");
  EXPECT_EQ(p.weights[0].sha256, kSha256OfAbc);
  ASSERT_EQ(p.segments.size(), 1U);
  EXPECT_EQ(p.segments[0].label, "spleen");
  EXPECT_EQ(p.segments[0].output, 1);
  EXPECT_EQ(p.segments[0].value, 1);
  EXPECT_EQ(p.segments[0].type, (Code{"78961009", "SCT", "Spleen"}));
  EXPECT_FALSE(p.segments[0].laterality);

  const WindowedSegmentation& w = *p.windowed();
  EXPECT_EQ(w.image.orient.axes, "SAR");
  ASSERT_EQ(w.image.steps.size(), 2U);
  const auto& resample = step<ResampleStep>(w, 0);
  EXPECT_EQ(resample.spacing_mm, (Vec3{2, 1.5, 1.5}));
  EXPECT_EQ(resample.alignment, ResampleStep::Alignment::first_voxel);
  EXPECT_EQ(resample.interpolation, StepInterpolation::linear);
  const auto& rescale = step<RescaleStep>(w, 1);
  EXPECT_EQ(rescale.from, RescaleStep::From::values);
  EXPECT_EQ(rescale.a, -57);
  EXPECT_EQ(rescale.b, 164);
  EXPECT_EQ(rescale.c, 0);
  EXPECT_EQ(rescale.d, 1);
  EXPECT_TRUE(rescale.clip);
  EXPECT_EQ(w.window.rule, WindowStep::Rule::monai);
  EXPECT_EQ(w.window.patch, (Size3{96, 96, 96}));
  EXPECT_EQ(w.window.step, (Vec3{0.5, 0.5, 0.5}));
  EXPECT_FALSE(w.window.gaussian);
  EXPECT_EQ(w.labels.activation, Activation::softmax);
  EXPECT_FALSE(w.labels.regions);
  EXPECT_FALSE(w.labels.on_network_grid);
  EXPECT_TRUE(w.labels.filters.empty());
}

TEST_F(Zoo, WholeBody) {
  const ModelPackage p = read("wholeBody_ct_segmentation");
  EXPECT_EQ(p.classes, 105);
  ASSERT_EQ(p.segments.size(), 104U);
  EXPECT_EQ(p.segments[1].label, "kidney_right");
  EXPECT_EQ(p.segments[1].type.value, "64033007");
  EXPECT_EQ(p.segments[1].laterality->meaning, "Right");
  EXPECT_EQ(p.segments[17].type, (Code{"vertebrae_L5", "99MONAI", "vertebrae_L5"}));
  EXPECT_EQ(p.segments[52].label, "iliac_vena_left");
  EXPECT_EQ(p.segments[52].type.value, "iliac_vena_left");
  const WindowedSegmentation& w = *p.windowed();
  EXPECT_EQ(step<ResampleStep>(w, 0).spacing_mm, (Vec3{1.5, 1.5, 1.5})) << "of an expression";
  EXPECT_TRUE(step<ResampleStep>(w, 0).no_zero_beside_others) << "what is counted is not 0";
  const auto& normalise = step<NormaliseStep>(w, 1);
  EXPECT_EQ(normalise.statistics, NormaliseStep::Statistics::nonzero);
  EXPECT_TRUE(normalise.only_counted);
  EXPECT_FALSE(normalise.per_channel);
  const auto& rescale = step<RescaleStep>(w, 2);
  EXPECT_EQ(rescale.from, RescaleStep::From::range);
  EXPECT_EQ(rescale.c, -1);
  EXPECT_EQ(rescale.d, 1);
  EXPECT_FALSE(rescale.per_channel);
  EXPECT_EQ(w.window.step, (Vec3{0.75, 0.75, 0.75})) << "of a reference into a dict";
  EXPECT_TRUE(w.window.gaussian);
  EXPECT_EQ(w.window.beyond, PadWith::outermost);
  EXPECT_TRUE(w.labels.on_network_grid) << "decided first, then to the source by nearest";
}

TEST_F(Zoo, Brats) {
  const ModelPackage p = read("brats_mri_segmentation");
  EXPECT_EQ(p.channels, (std::vector<std::string>{"T1c", "T1", "T2", "FLAIR"}));
  EXPECT_EQ(p.wants.modalities, (std::vector<std::string>{"MR"}));
  const WindowedSegmentation& w = *p.windowed();
  EXPECT_EQ(w.image.orient.axes, "kji") << "no Orientation: the file's own axes";
  ASSERT_EQ(w.image.steps.size(), 1U);
  EXPECT_TRUE(step<NormaliseStep>(w, 0).per_channel);
  EXPECT_EQ(w.window.patch, (Size3{160, 240, 240}));
  EXPECT_EQ(w.labels.activation, Activation::sigmoid);
  EXPECT_TRUE(w.labels.regions);
  EXPECT_EQ(w.labels.threshold, 0.5);
  EXPECT_EQ(w.labels.order, (std::vector<int>{1, 0, 2}));
  ASSERT_EQ(p.segments.size(), 3U);
  EXPECT_EQ(p.segments[0].label, "Tumor core");
  EXPECT_EQ(p.segments[0].output, 0);
  EXPECT_EQ(p.segments[0].value, 1);
  EXPECT_EQ(p.segments[0].category.value, "49755003");
  EXPECT_EQ(p.segments[1].value, 2);
  EXPECT_EQ(p.segments[2].value, 4);
}

TEST_F(Zoo, MultiOrganIsYaml) {
  const ModelPackage p = read("multi_organ_segmentation");
  ASSERT_EQ(p.segments.size(), 7U);
  EXPECT_EQ(p.segments[2].type.meaning, "Liver");
  EXPECT_EQ(p.intended_use, "Not stated by the bundle. Not for clinical use.");
  const WindowedSegmentation& w = *p.windowed();
  EXPECT_EQ(step<ResampleStep>(w, 0).spacing_mm, (Vec3{1, 1, 1}));
  EXPECT_EQ(w.window.step, (Vec3{0.375, 0.375, 0.375}));
}

TEST_F(Zoo, ProstateInterpolatesLabelNumbers) {
  const ModelPackage p = read("prostate_mri_anatomy");
  ASSERT_EQ(p.segments.size(), 2U);
  const WindowedSegmentation& w = *p.windowed();
  ASSERT_EQ(w.image.steps.size(), 3U);
  EXPECT_EQ(step<NormaliseStep>(w, 2).statistics, NormaliseStep::Statistics::all);
  EXPECT_TRUE(w.labels.on_network_grid);
  EXPECT_TRUE(w.labels.interpolate_numbers);
  ASSERT_EQ(w.labels.filters.size(), 1U);
  EXPECT_TRUE(w.labels.filters[0].on_network_grid);
  EXPECT_FALSE(w.labels.filters[0].together);
}

TEST_F(Zoo, SwinUnetr) {
  const ModelPackage p = read("swin_unetr_btcv_segmentation");
  ASSERT_EQ(p.segments.size(), 13U);
  EXPECT_EQ(p.segments[1].label, "Right Kidney");
  EXPECT_EQ(p.segments[1].type.meaning, "Kidney");
  EXPECT_EQ(p.segments[2].type.value, "Left Kideny") << "what is misspelt is not guessed";
  EXPECT_FALSE(p.segments[2].laterality);
}

TEST_F(Zoo, BreastDensityClassifiesPictures) {
  const Classification c = classifier("breast_density_classification");
  EXPECT_TRUE(c.planar);
  EXPECT_FALSE(c.colour);
  EXPECT_EQ(c.repeat_to, 3);
  EXPECT_EQ(c.image.orient.axes, "jik") << "MONAI shows pictures with x along the rows";
  ASSERT_EQ(c.image.steps.size(), 2U);
  const auto& resize = std::get<ResizeStep>(c.image.steps[1]);
  EXPECT_EQ(resize.size, (Size3{299, 299, 1}));
  EXPECT_EQ(resize.interpolation, StepInterpolation::area) << "MONAI's default";
  EXPECT_EQ(c.activation, Activation::sigmoid);
  EXPECT_FALSE(c.multi_label);
  ASSERT_EQ(c.classes.size(), 4U);
  EXPECT_EQ(c.classes[3].label, "D");
  EXPECT_EQ(c.classes[3].output, 3);
  EXPECT_EQ(c.classes[3].code, (Code{"D", "99MONAI", "D"}));
  EXPECT_FALSE(c.classes[3].threshold) << "the most probable one is present";
}

TEST_F(Zoo, EndoscopicInbodyClassifiesColourPictures) {
  const Classification c = classifier("endoscopic_inbody_classification");
  EXPECT_TRUE(c.colour);
  EXPECT_EQ(c.repeat_to, 1);
  EXPECT_EQ(std::get<ResizeStep>(c.image.steps.at(0)).interpolation, StepInterpolation::linear);
  EXPECT_TRUE(std::get<NormaliseStep>(c.image.steps.at(1)).only_counted);
  EXPECT_EQ(c.activation, Activation::softmax) << "said in the limits: the bundle has none";
  EXPECT_NE(read_bundle(folder.path()).limits.at(2).find("softmax"), std::string::npos);
  ASSERT_EQ(c.classes.size(), 2U);
  EXPECT_EQ(c.classes[0].label, "in body");
}

TEST_F(Zoo, LungNoduleDetectionIsRefusedByItsInferer) {
  refused("lung_nodule_ct_detection", "scripts.detection_inferer.RetinaNetInferer");
}

TEST_F(Zoo, UnestIsReadAndWantsItsWeights) {
  copy_bundle("wholeBrainSeg_Large_UNEST_segmentation", folder.path());
  EXPECT_EQ(read_bundle(folder.path()).segments.size(), 132U);
  fs::remove(folder.path() / "models" / "model.ts");
  expect_error(ErrorCode::model, "tools/export/monai", [&] { read_bundle(folder.path()); });
}

TEST_F(Zoo, OslerJsonPinsTheWeightsAndStatesModalities) {
  copy_bundle("spleen_ct_segmentation", folder.path());
  const auto beside = [&](const std::string& text) {
    write_text(folder.path() / "osler.json", text);
  };
  beside(std::string(R"({"sha256": ")") + kSha256OfAbc +
         R"(", "modalities": ["CT", "PT"], "body_parts": ["ABDOMEN"]})");
  const ModelPackage p = read_bundle(folder.path());
  EXPECT_EQ(p.wants.modalities.size(), 2U);
  EXPECT_EQ(p.wants.body_parts, (std::vector<std::string>{"ABDOMEN"}));
  beside(R"({"sha256": "00"})");
  expect_error(ErrorCode::model, "osler.json states", [&] { read_bundle(folder.path()); });
  beside(R"({"sha": "00"})");
  expect_error(ErrorCode::model, "osler.json line 1: 'sha'", [&] { read_bundle(folder.path()); });
}

TEST_F(Zoo, DigestCoversDescriptionAndWeights) {
  const std::string before = read("spleen_ct_segmentation").digest;
  write_text(folder.path() / "models" / "model.ts", "abd");
  const std::string other_weights = read_bundle(folder.path()).digest;
  EXPECT_NE(other_weights, before);
  const fs::path file = folder.path() / "configs" / "inference.json";
  write_text(file, osler::testing::read_text(file) + "\n");
  EXPECT_NE(read_bundle(folder.path()).digest, other_weights);
}

TEST(Bundle, IsOneWhereMetadataAre) {
  const TemporaryFolder folder;
  EXPECT_FALSE(is_bundle(folder.path()));
  fs::create_directories(folder.path() / "configs");
  write_text(folder.path() / "configs" / "metadata.json", "{}");
  EXPECT_TRUE(is_bundle(folder.path()));
  expect_error(ErrorCode::model, "no inference.json", [&] { read_bundle(folder.path()); });
}

TEST(BundleNames, KnowWhatIsCertain) {
  EXPECT_EQ(name_structure("adrenal_gland_left").type.value, "23451007");
  EXPECT_EQ(name_structure("adrenal_gland_left").laterality->meaning, "Left");
  EXPECT_EQ(name_structure("Right Kidney").type.value, "64033007");
  EXPECT_EQ(name_structure("IVC").type.meaning, "Inferior vena cava");
  EXPECT_EQ(name_structure("left right").type.scheme, "99MONAI");
  const NamedStructure odd = name_structure("Right-AOrG--anterior-orbital-gyrus\n");
  EXPECT_EQ(odd.type.value, "Right-AOrG--ante");
  EXPECT_EQ(odd.label, "Right-AOrG--anterior-orbital-gyrus\\x0a");
  EXPECT_LE(name_structure(std::string(100, 'x')).label.size(), 64U);
}

TEST(BundleNames, NeighboursHaveDifferentColours) {
  for (std::size_t n = 0; n + 1 < 256; ++n) EXPECT_NE(colour_of(n), colour_of(n + 1)) << n;
}

TEST(BundleNames, KnowDicomsModalities) {
  EXPECT_EQ(modalities_of("MRI"), (std::vector<std::string>{"MR"}));
  EXPECT_EQ(modalities_of("X-ray"), (std::vector<std::string>{"CR", "DX"}));
  EXPECT_TRUE(modalities_of("something").empty());
}

}  // namespace
}  // namespace osler::bundle
