// Volumes written as DICOM images. Geometry and values are held against the volume that went in
// through this project's own reader; the end-to-end scenario to_dicom_test.py holds them against
// dciodvfy, pydicom, SimpleITK and dcm2niix.

#include "objects/image_series.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "objects/pixel_coding.hpp"
#include "phantom_dicom.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"
#include "volume/plan.hpp"

namespace osler::objects {
namespace {

using osler::testing::expect_error;
using osler::testing::PhantomSeries;
using osler::testing::read_only_series;
using osler::testing::read_text;
using osler::testing::stack_of;
using osler::testing::TemporaryFolder;
using osler::testing::write_phantom;

constexpr double kDecimalStringMm = 1e-9;  // 16 characters of a position within a metre

template <class Scalar>
Volume volume_of(ScalarType type, const std::vector<Scalar>& values, const Affine& affine) {
  Volume volume;
  volume.grid = {{3, 2, static_cast<std::int64_t>(values.size() / 6)}, affine};
  volume.type = type;
  volume.modality = "OT";
  volume.slices.resize(values.size() / 6);
  for (std::size_t k = 0; k < volume.slices.size(); ++k) volume.slices[k].frame = int(k) + 1;
  volume.voxels = std::make_unique<std::byte[]>(volume.bytes());
  std::memcpy(volume.voxels.get(), values.data(), volume.bytes());
  return volume;
}

// Turned by the angle of the 3-4-5 triangle; the third axis leans by 0.3 mm along the rows.
const Affine kLeaning =
    Affine::from_columns({.5, 0, 0}, {0, .6, .45}, {.3, -1.2, 1.6}, {-10.123456789, 20, -30});

const std::vector<std::int16_t> kValues{-1000, 0, 5, 7, 32767, -32768, 1, 2, 3, 4, 5, 6,
                                        9,     8, 7, 6, 5,     4,      3, 2, 1, 0, 1, 2};

SeriesPlan planned(const dicom::Series& series) {
  return plan_series(series);
}

std::vector<double> real_values(const Volume& volume) {
  std::vector<double> values;
  for (std::size_t k = 0; k < volume.slices.size(); ++k) {
    const PixelCoding as_it_is{.low = 0, .step = 1, .is_signed = true, .exact = true};
    for (const std::uint16_t word : coded_slice(volume, as_it_is, k)) {
      const double stored = volume.type == ScalarType::i16
                                ? static_cast<double>(static_cast<std::int16_t>(word))
                                : static_cast<double>(word);
      values.push_back(volume.slices[k].slope * stored + volume.slices[k].intercept);
    }
  }
  return values;
}

const ImageDescription kMr{"MR", "Doe^Jane", "42", "t1"};

std::string element(const std::filesystem::path& file, const DcmTagKey& tag) {
  DcmFileFormat object;
  EXPECT_TRUE(object.loadFile(file.c_str()).good());
  OFString value;
  object.getDataset()->findAndGetOFStringArray(tag, value);
  return value.c_str();
}

TEST(WriteImageSeries, ReadsBackAsTheSameGridAndValues) {
  const TemporaryFolder folder;
  const Volume volume = volume_of(ScalarType::i16, kValues, kLeaning);
  const ImageSeries written = write_image_series(volume, kMr, folder.path());
  EXPECT_EQ(written.files, 4U);
  EXPECT_EQ(written.largest_error, 0);
  EXPECT_EQ(written.folder, folder.path() / written.series_uid);
  const dicom::Series series = read_only_series(folder.path());
  const SeriesPlan plan = planned(series);
  ASSERT_EQ(plan.volumes.size(), 1U);
  for (const Reason& r : plan.reasons) EXPECT_EQ(r.code, "gantry_tilt");
  const Volume read = load_volume(plan.volumes[0]);
  EXPECT_EQ(read.grid.size, volume.grid.size);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(read.grid.index_to_lps.m[i], kLeaning.m[i], kDecimalStringMm) << i;
  }
  ASSERT_EQ(read.type, ScalarType::i16);
  EXPECT_EQ(std::memcmp(read.voxels.get(), kValues.data(), read.bytes()), 0);
}

TEST(WriteImageSeries, TwiceGivesTheSameFilesAnotherPatientOthers) {
  const TemporaryFolder a, b, c;
  const Volume volume = volume_of(ScalarType::i16, kValues, kLeaning);
  const ImageSeries first = write_image_series(volume, kMr, a.path());
  write_image_series(volume, kMr, a.path());
  const ImageSeries second = write_image_series(volume, kMr, b.path());
  EXPECT_EQ(first.series_uid, second.series_uid);
  for (const char* name : {"0001.dcm", "0004.dcm"}) {
    EXPECT_EQ(read_text(first.folder / name), read_text(second.folder / name)) << name;
  }
  ImageDescription other = kMr;
  other.patient_id = "43";
  const ImageSeries third = write_image_series(volume, other, c.path());
  EXPECT_NE(third.series_uid, first.series_uid);
  EXPECT_NE(element(third.folder / "0001.dcm", DCM_SOPInstanceUID),
            element(first.folder / "0001.dcm", DCM_SOPInstanceUID));
}

TEST(WriteImageSeries, SaysWhatItIs) {
  const TemporaryFolder folder;
  const Volume volume = volume_of(ScalarType::i16, kValues, kLeaning);
  ImageDescription description{"CT", "M\u00fcller^J\u00f6rg", "42", "chest"};
  const ImageSeries written = write_image_series(volume, description, folder.path());
  const auto file = written.folder / "0001.dcm";
  EXPECT_EQ(element(file, DCM_SOPClassUID), "1.2.840.10008.5.1.4.1.1.2");
  EXPECT_EQ(element(file, DCM_ImageType), "DERIVED\\SECONDARY\\AXIAL");
  EXPECT_EQ(element(file, DCM_RescaleType), "HU");
  EXPECT_EQ(element(file, DCM_SpecificCharacterSet), "ISO_IR 192");
  EXPECT_EQ(element(file, DCM_PatientName), "M\u00fcller^J\u00f6rg");
  EXPECT_EQ(element(file, DCM_SeriesDescription), "chest");
}

TEST(WriteImageSeries, SlopeAndInterceptComeBackExactly) {
  const TemporaryFolder folder;
  Volume volume = volume_of(ScalarType::u8, std::vector<std::uint8_t>(12, 200), kLeaning);
  for (SliceSource& s : volume.slices) s.slope = 0.1F, s.intercept = -3.7F;
  write_image_series(volume, kMr, folder.path());
  const dicom::Series series = read_only_series(folder.path());
  const Volume read = load_volume(planned(series).volumes.at(0));
  EXPECT_EQ(static_cast<float>(read.slices[0].slope), 0.1F);
  EXPECT_EQ(static_cast<float>(read.slices[0].intercept), -3.7F);
  for (const double v : real_values(read)) EXPECT_NEAR(v, 0.1F * 200 - 3.7, 1e-6);
}

TEST(WriteImageSeries, FloatsAreRoundedByHalfAStepAtMost) {
  const TemporaryFolder folder;
  std::vector<float> values;
  for (int i = 0; i < 24; ++i) values.push_back(std::sqrt(static_cast<float>(i)) - 1.5F);
  const Volume volume = volume_of(ScalarType::f32, values, kLeaning);
  const ImageSeries written = write_image_series(volume, kMr, folder.path());
  // From -1.5 to sqrt(23) - 1.5 in 65535 steps.
  const double step = std::sqrt(23.0) / 65535;
  EXPECT_GT(written.largest_error, 0);
  EXPECT_LE(written.largest_error, step / 2 * (1 + 1e-6));
  const dicom::Series series = read_only_series(folder.path());
  const auto read = real_values(load_volume(planned(series).volumes.at(0)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(read[i], values[i], written.largest_error * (1 + 1e-9)) << i;
  }
}

TEST(WriteImageSeries, RefusesWhatImagesCannotHold) {
  const TemporaryFolder folder;
  const Affine skew = Affine::from_columns({1, 0, 0}, {.01, 1, 0}, {0, 0, 1}, {0, 0, 0});
  expect_error(ErrorCode::bad_input, "not at right angles", [&] {
    write_image_series(volume_of(ScalarType::i16, kValues, skew), kMr, folder.path());
  });
  std::vector<float> values(12, 1);
  values[5] = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorCode::bad_input, "not numbers", [&] {
    write_image_series(volume_of(ScalarType::f32, values, kLeaning), kMr, folder.path());
  });
  expect_error(ErrorCode::bad_input, "modality PT", [&] {
    write_image_series(volume_of(ScalarType::i16, kValues, kLeaning), {"PT", "", "", ""},
                       folder.path());
  });
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ChooseCoding, KeepsWhatFitsAndMovesWhatItsRangeLets) {
  const auto coding = [](const std::vector<std::int32_t>& values) {
    return choose_coding(volume_of(ScalarType::i32, values, kLeaning));
  };
  const PixelCoding small = coding({0, 1, 2, 3, 4, 65535});
  EXPECT_TRUE(small.exact && !small.is_signed && small.low == 0);
  const PixelCoding negative = coding({-5, 1, 2, 3, 4, 32767});
  EXPECT_TRUE(negative.exact && negative.is_signed && negative.low == 0);
  const PixelCoding moved = coding({100000, 1, 2, 3, 4, 5});
  EXPECT_FALSE(moved.exact);
  const PixelCoding high = coding({100000, 100001, 165535, 100003, 100004, 100005});
  EXPECT_TRUE(high.exact && high.low == 100000 && high.step == 1);
}

TEST(ChooseCoding, AConstantIsExact) {
  const Volume volume = volume_of(ScalarType::f32, std::vector<float>(12, .25F), kLeaning);
  const PixelCoding coding = choose_coding(volume);
  EXPECT_TRUE(coding.exact);
  EXPECT_EQ(coded_slice(volume, coding, 1), std::vector<std::uint16_t>(6, 0));
  EXPECT_EQ(coded_rescale(volume, coding, 1).intercept, .25);
}

/// A compressed series with what a rewritten one must keep.
PhantomSeries compressed() {
  PhantomSeries series;
  series.positions_mm = stack_of(5, {-10, 20, -30}, {0, 0, 2});
  series.stored = [](const Vec3& p) { return std::llround(100 * p[0] + 10 * p[1] + p[2]); };
  series.syntax = EXS_RLELossless;
  series.padding_value = -2000;
  series.edit = [](DcmDataset& data, std::size_t file) {
    data.putAndInsertString(DCM_ImageType, "ORIGINAL\\PRIMARY\\M\\ND");
    data.putAndInsertString(DCM_PatientName, "Roe^Richard");
    data.putAndInsertString(DCM_WindowCenter, file == 0 ? "40" : "50");
    data.putAndInsertString(DCM_WindowWidth, "400");
    data.putAndInsertString(DCM_EchoTime, "4.92");
    data.putAndInsertString(DCM_LossyImageCompression, "01");
    data.putAndInsertString(DCM_LossyImageCompressionRatio, "7.5");
  };
  return series;
}

TEST(RewriteImageSeries, KeepsValuesPlaceAndWhatTheSourceSays) {
  const TemporaryFolder in, out;
  write_phantom(compressed(), in.path());
  const dicom::Series source = read_only_series(in.path());
  const Volume volume = load_volume(planned(source).volumes.at(0));
  const ImageSeries written = rewrite_image_series(volume, out.path());
  const dicom::Series series = read_only_series(out.path());
  const Volume read = load_volume(planned(series).volumes.at(0));
  EXPECT_EQ(read.grid.index_to_lps.m, volume.grid.index_to_lps.m);
  ASSERT_EQ(read.bytes(), volume.bytes());
  EXPECT_EQ(std::memcmp(read.voxels.get(), volume.voxels.get(), volume.bytes()), 0);
  EXPECT_TRUE(read.lossy);
  ASSERT_TRUE(read.padding);
  EXPECT_EQ(read.padding->low, -2000);
  EXPECT_EQ(read.study_uid, volume.study_uid);
  EXPECT_NE(read.series_uid, volume.series_uid);

  const auto first = written.folder / "0001.dcm";
  EXPECT_EQ(element(first, DCM_ImageType), "DERIVED\\PRIMARY\\M\\ND");
  EXPECT_EQ(element(first, DCM_PatientName), "Roe^Richard");
  EXPECT_EQ(element(first, DCM_WindowCenter), "40");
  EXPECT_EQ(element(written.folder / "0002.dcm", DCM_WindowCenter), "50");
  EXPECT_EQ(element(first, DCM_EchoTime), "4.92");
  EXPECT_EQ(element(first, DCM_LossyImageCompressionRatio), "7.5");
  DcmFileFormat object;
  ASSERT_TRUE(object.loadFile(first.c_str()).good());
  EXPECT_EQ(object.getDataset()->getOriginalXfer(), EXS_LittleEndianExplicit);
  DcmItem* item = nullptr;
  ASSERT_TRUE(object.getDataset()->findAndGetSequenceItem(DCM_SourceImageSequence, item).good());
  OFString uid;
  item->findAndGetOFString(DCM_ReferencedSOPInstanceUID, uid);
  EXPECT_EQ(uid, volume.slices[0].sop_instance_uid.c_str());
}

}  // namespace
}  // namespace osler::objects
