#include "dicom/scan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.hpp"
#include "phantom_dicom.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"

namespace osler::dicom {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::PhantomSeries;
using testing::stack_of;
using testing::TemporaryFolder;

ScanResult scan_one(const fs::path& input) {
  return scan(std::vector<fs::path>{input});
}

PhantomSeries three_slices(const std::string& series_uid) {
  PhantomSeries series;
  series.series_uid = series_uid;
  series.positions_mm = stack_of(3, {0, 0, 0}, {0, 0, 2});
  return series;
}

TEST(Scan, GroupsFilesOfAllFoldersByStudyAndSeries) {
  const TemporaryFolder folder;
  write_phantom(three_slices("1.2.826.0.1.3680043.10.999.1.2"), folder.path() / "a");
  write_phantom(three_slices("1.2.826.0.1.3680043.10.999.1.1"), folder.path() / "b" / "c");
  PhantomSeries other = three_slices("1.2.826.0.1.3680043.10.999.2.1");
  other.study_uid = "1.2.826.0.1.3680043.10.999.2";
  write_phantom(other, folder.path() / "a");  // over the first: the same names
  write_phantom(three_slices("1.2.826.0.1.3680043.10.999.1.2"), folder.path() / "d");

  const ScanResult found = scan_one(folder.path());
  EXPECT_TRUE(found.unreadable.empty());
  ASSERT_EQ(found.studies.size(), 2U);
  EXPECT_EQ(found.studies[0].uid, "1.2.826.0.1.3680043.10.999.1");
  ASSERT_EQ(found.studies[0].series.size(), 2U);
  EXPECT_EQ(found.studies[0].series[0].uid, "1.2.826.0.1.3680043.10.999.1.1");
  EXPECT_EQ(found.studies[0].series[1].instances.size(), 3U);
  EXPECT_EQ(found.studies[1].series.at(0).modality, "MR");
}

TEST(Scan, CountsFilesThatAreThereTwice) {
  const TemporaryFolder folder;
  write_phantom(three_slices("1.2.3.1"), folder.path() / "a");
  write_phantom(three_slices("1.2.3.1"), folder.path() / "b");
  const ScanResult found = scan_one(folder.path());
  EXPECT_EQ(found.duplicates, 3);
  EXPECT_EQ(found.studies.at(0).series.at(0).instances.size(), 3U);
}

TEST(Scan, ListsWhatIsNotDicom) {
  const TemporaryFolder folder;
  testing::write_text(folder.path() / "empty", "");
  testing::write_text(folder.path() / "notes.txt", std::string(500, 'x'));
  write_phantom(three_slices("1.2.3.1"), folder.path());
  const ScanResult found = scan_one(folder.path());
  ASSERT_EQ(found.unreadable.size(), 2U);
  EXPECT_EQ(found.unreadable[0].file, folder.path() / "empty");
  EXPECT_EQ(found.unreadable[0].reason, "not a DICOM file");
  EXPECT_EQ(found.unreadable[1].reason, "not a DICOM file");
  EXPECT_EQ(found.studies.at(0).series.at(0).instances.size(), 3U);
}

/// Files of before Part 10, or saved by tools that leave preamble and meta header out.
TEST(Scan, ReadsDataSetsWithoutAMetaHeader) {
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianImplicit, EXS_LittleEndianExplicit, EXS_BigEndianExplicit}) {
    const TemporaryFolder folder;
    PhantomSeries series;
    series.positions_mm = {{0, 0, 0}};
    const auto written = write_phantom(series, folder.path() / "in");
    DcmFileFormat file;
    ASSERT_TRUE(file.loadFile(written[0].c_str()).good());
    ASSERT_TRUE(file.getDataset()->loadAllDataIntoMemory().good());
    const auto bare = folder.path() / "bare" / "image";
    fs::create_directories(bare.parent_path());
    ASSERT_TRUE(file.getDataset()->saveFile(bare.c_str(), syntax).good());
    const dicom::Series found = testing::read_only_series(bare.parent_path());
    ASSERT_EQ(found.instances.size(), 1U);
    EXPECT_EQ(found.instances[0].transfer_syntax_uid, DcmXfer(syntax).getXferID());
    EXPECT_EQ(found.instances[0].pixels.columns, 5);
    EXPECT_TRUE(found.instances[0].has_pixel_data);
  }
}

TEST(Scan, ListsAFileThatEndsInItsMetaHeader) {
  const TemporaryFolder folder;
  const auto files = write_phantom(three_slices("1.2.3.1"), folder.path());
  fs::resize_file(files[1], 200);  // 128 preamble, some of the meta header
  const ScanResult found = scan_one(folder.path());
  ASSERT_EQ(found.unreadable.size(), 1U);
  EXPECT_EQ(found.unreadable[0].file, files[1]);
  EXPECT_TRUE(found.unreadable[0].is_dicom);
  EXPECT_EQ(found.studies.at(0).series.at(0).instances.size(), 2U);
}

// Its series must not pass for whole without it, so it stands there as damaged.
TEST(Scan, KeepsATruncatedFileInItsSeriesIfThatIsKnown) {
  const TemporaryFolder folder;
  const auto files = write_phantom(three_slices("1.2.3.1"), folder.path());
  fs::resize_file(files[1], fs::file_size(files[1]) - 2);  // in the middle of its pixel data
  const ScanResult found = scan_one(folder.path());
  ASSERT_EQ(found.unreadable.size(), 1U);
  EXPECT_EQ(found.unreadable[0].file, files[1]);
  const auto& instances = found.studies.at(0).series.at(0).instances;
  ASSERT_EQ(instances.size(), 3U);
  for (const Instance& i : instances) EXPECT_EQ(i.damage.empty(), i.file != files[1]);
}

TEST(Scan, ListsAFileWithoutIdentifiers) {
  const TemporaryFolder folder;
  PhantomSeries series = three_slices("1.2.3.1");
  series.edit = [](DcmDataset& data, std::size_t file) {
    if (file == 0) data.findAndDeleteElement(DCM_StudyInstanceUID);
    if (file == 1) data.putAndInsertString(DCM_SeriesInstanceUID, "1..2");
  };
  write_phantom(series, folder.path());
  const ScanResult found = scan_one(folder.path());
  EXPECT_EQ(found.unreadable.size(), 2U);
  EXPECT_NE(found.unreadable.at(0).reason.find("UID"), std::string::npos);
  EXPECT_EQ(found.studies.at(0).series.at(0).instances.size(), 1U);
}

TEST(Scan, AnEmptyFolderHoldsNothing) {
  const TemporaryFolder folder;
  const ScanResult found = scan_one(folder.path());
  EXPECT_TRUE(found.studies.empty());
  EXPECT_TRUE(found.unreadable.empty());
}

TEST(Scan, AMissingPathIsAnErrorThatNamesIt) {
  expect_error(ErrorCode::bad_input, "/nowhere/at-all", [] { scan_one("/nowhere/at-all"); });
}

TEST(Scan, StopsAtTheLimitOfFiles) {
  const TemporaryFolder folder;
  write_phantom(three_slices("1.2.3.1"), folder.path());
  Limits limits;
  limits.max_files = 2;
  expect_error(ErrorCode::bad_input, "more than 2 files",
               [&] { scan(std::vector<fs::path>{folder.path()}, limits); });
}

TEST(Scan, TellsOfEachFileOnce) {
  const TemporaryFolder folder;
  write_phantom(three_slices("1.2.3.1"), folder.path());
  std::vector<std::int64_t> done;
  scan(std::vector<fs::path>{folder.path()}, {},
       [&](std::string_view stage, std::int64_t n, std::int64_t total) {
         EXPECT_EQ(stage, "scan");
         EXPECT_EQ(total, 3);
         done.push_back(n);
       });
  EXPECT_EQ(done, (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(Scan, ReadsTheHeaderAndGuessesNothing) {
  const TemporaryFolder folder;
  PhantomSeries series;
  series.positions_mm = {{-1.5, 2.25, 1e-3}};
  series.instance_numbers = {77};
  series.spacing_mm = {0.5, 0.75};
  series.bits_stored = 12;
  series.high_bit = 11;
  series.edit = [](DcmDataset& data, std::size_t) {
    data.putAndInsertString(DCM_BodyPartExamined, "BRAIN");
    data.putAndInsertString(DCM_LossyImageCompression, "01");
    data.putAndInsertString(DCM_AnatomicalOrientationType, "BIPED");
    data.putAndInsertString(DCM_PatientID, "P1");
  };
  write_phantom(series, folder.path());
  const Instance found = testing::read_only_series(folder.path()).instances.at(0);
  EXPECT_EQ(found.frames.at(0).position_mm, (Vec3{-1.5, 2.25, 1e-3}));
  EXPECT_EQ(found.frames.at(0).orientation, (std::array<double, 6>{1, 0, 0, 0, 1, 0}));
  EXPECT_EQ(found.frames.at(0).spacing_mm, (std::array<double, 2>{0.5, 0.75}))
      << "{between rows, columns}";
  EXPECT_EQ(found.instance_number, 77);
  EXPECT_EQ(found.body_part, "BRAIN");
  EXPECT_EQ(found.lossy_image_compression, "01");
  EXPECT_EQ(found.anatomical_orientation_type, "BIPED");
  EXPECT_EQ(found.frames.at(0).image_type, (std::vector<std::string>{"ORIGINAL", "PRIMARY"}));
  EXPECT_EQ(found.pixels.rows, 4);
  EXPECT_EQ(found.pixels.columns, 5);
  EXPECT_EQ(found.pixels.bits_stored, 12);
  EXPECT_EQ(found.pixels.high_bit, 11);
  EXPECT_TRUE(found.pixels.is_signed);
  EXPECT_EQ(found.pixels.frames, 1);
  EXPECT_TRUE(found.has_pixel_data);
  EXPECT_EQ(found.pixel_data_bytes, 40);
  EXPECT_FALSE(found.frames.at(0).rescale_slope);
  EXPECT_FALSE(found.frames.at(0).rescale_intercept);
  EXPECT_FALSE(found.pixel_padding_value);
  EXPECT_FALSE(found.frames.at(0).told_apart_by.echo_time_ms);
  EXPECT_FALSE(found.frames.at(0).slice_thickness_mm);
}

TEST(Scan, ReadsPaddingInThePixelRepresentation) {  // case 14
  for (const bool is_signed : {true, false}) {
    const TemporaryFolder folder;
    PhantomSeries series;
    series.positions_mm = {{0, 0, 0}};
    series.is_signed = is_signed;
    series.padding_value = 63536;  // written as US, as LIDC's scanner does; signed it is -2000
    write_phantom(series, folder.path());
    const Instance found = testing::read_only_series(folder.path()).instances.at(0);
    EXPECT_EQ(found.pixel_padding_value, is_signed ? -2000 : 63536);
  }
}

TEST(Scan, TakesNumbersThatAreNoneForAbsent) {  // case 25
  const TemporaryFolder folder;
  PhantomSeries series;
  series.positions_mm = {{0, 0, 0}};
  series.edit = [](DcmDataset& data, std::size_t) {
    data.putAndInsertString(DCM_PixelSpacing, "nan\\1");
    data.putAndInsertString(DCM_ImagePositionPatient, "0\\inf\\0");
    data.putAndInsertString(DCM_ImageOrientationPatient, "1\\0\\0\\0\\1");
  };
  write_phantom(series, folder.path());
  const Instance found = testing::read_only_series(folder.path()).instances.at(0);
  EXPECT_FALSE(found.frames.at(0).spacing_mm);
  EXPECT_FALSE(found.frames.at(0).position_mm);
  EXPECT_FALSE(found.frames.at(0).orientation);
}

}  // namespace
}  // namespace osler::dicom
