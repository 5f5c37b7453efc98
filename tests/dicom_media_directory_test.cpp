// DICOMDIR as input: the files that it names, and no others. One of DCMTK's, and some by hand.

#include <dcmtk/dcmdata/dcddirif.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dicom/scan.hpp"
#include "phantom_dicom.hpp"
#include "phantom_directory.hpp"
#include "throws.hpp"

namespace osler::dicom {
namespace {

namespace fs = std::filesystem;
using testing::DirectoryRecord;
using testing::expect_error;
using testing::PhantomSeries;
using testing::TemporaryFolder;
using testing::write_directory;

const std::string kStudy = "1.2.826.0.1.3680043.10.999.1";
const std::string kSeries = "1.2.826.0.1.3680043.10.999.1.1";

ScanResult scan_one(const fs::path& input, const Limits& limits = {}) {
  return scan(std::vector<fs::path>{input}, limits);
}

/// A disc with three slices, DISC/SE1/IM1 to IM3, and what else stands in its DICOMDIR.
class Disc : public ::testing::Test {
 protected:
  Disc() {
    PhantomSeries series;
    series.positions_mm = testing::stack_of(3, {0, 0, 0}, {0, 0, 2});
    series.edit = [](DcmDataset& data, std::size_t) {  // what DCMTK asks of a file on a disc
      data.putAndInsertString(DCM_PatientName, "PHANTOM");
      data.putAndInsertString(DCM_PatientID, "P1");
      data.putAndInsertString(DCM_StudyDate, "20260101");
      data.putAndInsertString(DCM_StudyTime, "120000");
      data.putAndInsertString(DCM_StudyID, "1");
      data.putAndInsertString(DCM_SeriesNumber, "1");
    };
    const auto files = write_phantom(series, folder_.path() / "SE1");
    for (std::size_t i = 0; i < 3; ++i) {
      fs::rename(files[i], folder_.path() / "SE1" / ("IM" + std::to_string(i + 1)));
    }
  }

  fs::path dicomdir() const { return folder_.path() / "DICOMDIR"; }

  static DirectoryRecord image(int number, const std::string& file_id, int next) {
    return {"IMAGE", kSeries + "." + std::to_string(number), file_id, next, -1, true};
  }
  /// STUDY, SERIES and three IMAGEs, linked as they should be.
  static std::vector<DirectoryRecord> sound() {
    return {{"STUDY", kStudy, "", -1, 1},
            {"SERIES", kSeries, "", -1, 2},
            image(1, "SE1\\IM1", 3),
            image(2, "SE1\\IM2", 4),
            image(3, "SE1\\IM3", -1)};
  }
  std::size_t instances(const ScanResult& found) {
    return found.studies.empty() ? 0 : found.studies.at(0).series.at(0).instances.size();
  }
  std::size_t whole_instances(const ScanResult& found) {
    std::size_t count = 0;
    for (const Study& study : found.studies) {
      for (const Series& series : study.series) {
        for (const Instance& i : series.instances) count += i.damage.empty() ? 1 : 0;
      }
    }
    return count;
  }

  TemporaryFolder folder_;
};

TEST_F(Disc, IsReadAsDcmtkWroteIt) {
  DicomDirInterface writer;
  writer.enableInventMode();
  writer.disableConsistencyCheck();
  ASSERT_TRUE(
      writer.createNewDicomDir(DicomDirInterface::AP_GeneralPurpose, dicomdir().c_str()).good());
  ASSERT_TRUE(writer.addDicomFile("SE1/IM1", folder_.path().c_str()).good());
  ASSERT_TRUE(writer.addDicomFile("SE1/IM3", folder_.path().c_str()).good());
  ASSERT_TRUE(writer.writeDicomDir().good());
  const ScanResult found = scan_one(dicomdir());
  EXPECT_TRUE(found.unreadable.empty());
  ASSERT_EQ(instances(found), 2U) << "IM2 is not named";
  EXPECT_EQ(found.studies.at(0).series.at(0).uid, kSeries);
}

TEST_F(Disc, NamesItsFilesByRecords) {
  write_directory(dicomdir(), sound());
  const ScanResult found = scan_one(dicomdir());
  EXPECT_TRUE(found.unreadable.empty());
  EXPECT_EQ(instances(found), 3U);
}

TEST_F(Disc, GivenBesideItsFolderCountsNothingTwice) {
  write_directory(dicomdir(), sound());
  const ScanResult found = scan(std::vector<fs::path>{dicomdir(), folder_.path() / "SE1"});
  EXPECT_EQ(found.duplicates, 0);
  EXPECT_EQ(instances(found), 3U);
}

TEST_F(Disc, RecordsThatAreNotInUseAreSkippedWithAllBelow) {
  auto records = sound();
  records[3].in_use = false;
  write_directory(dicomdir(), records);
  EXPECT_EQ(instances(scan_one(dicomdir())), 2U);
  records[1].in_use = false;
  write_directory(dicomdir(), records);
  EXPECT_EQ(instances(scan_one(dicomdir())), 0U);
}

TEST_F(Disc, MayBeMountedWithOtherCaseAndVersionNumbers) {
  write_directory(dicomdir(), sound());
  fs::rename(folder_.path() / "SE1", folder_.path() / "se1");
  fs::rename(folder_.path() / "se1" / "IM2", folder_.path() / "se1" / "im2.;1");
  fs::rename(folder_.path() / "se1" / "IM3", folder_.path() / "se1" / "IM3;1");
  const ScanResult found = scan_one(dicomdir());
  EXPECT_TRUE(found.unreadable.empty());
  EXPECT_EQ(whole_instances(found), 3U);
}

TEST_F(Disc, AFileThatIsNamedButAbsentStandsInItsSeriesAsDamaged) {
  write_directory(dicomdir(), sound());
  fs::remove(folder_.path() / "SE1" / "IM2");
  for (const fs::path& input : {dicomdir(), folder_.path()}) {
    const ScanResult found = scan_one(input);
    ASSERT_EQ(found.unreadable.size(), 1U) << input;
    EXPECT_EQ(found.unreadable[0].file, folder_.path() / "SE1" / "IM2");
    EXPECT_EQ(found.unreadable[0].series_uid, kSeries);
    EXPECT_TRUE(found.unreadable[0].is_dicom);
    ASSERT_EQ(instances(found), 3U);
    EXPECT_FALSE(found.studies[0].series[0].instances[1].damage.empty());
    EXPECT_EQ(whole_instances(found), 2U);
  }
}

TEST_F(Disc, AFileThatIsElsewhereIsNotLost) {
  write_directory(dicomdir(), sound());
  fs::rename(folder_.path() / "SE1" / "IM2", folder_.path() / "renamed by hand.dcm");
  const ScanResult found = scan_one(folder_.path());
  EXPECT_TRUE(found.unreadable.empty());
  EXPECT_EQ(whole_instances(found), 3U);
}

TEST_F(Disc, AsAFolderLosesNothingByItsDicomdir) {
  write_directory(dicomdir(), sound());
  testing::write_text(folder_.path() / "SE1" / "notes.txt", "notes that are no DICOM");
  const ScanResult found = scan_one(folder_.path());
  ASSERT_EQ(found.unreadable.size(), 1U);
  EXPECT_FALSE(found.unreadable[0].is_dicom);
  EXPECT_EQ(whole_instances(found), 3U);
}

// PS3.10 8.2: up to 8 components of up to 8 of A-Z, 0-9 and _.
TEST_F(Disc, IdsThatAreNotAllowedAreListedAndNeverFollowed) {
  const fs::path outside = folder_.path().string() + "-outside.dcm";
  fs::copy_file(folder_.path() / "SE1" / "IM1", outside);
  for (const std::string& id :
       {std::string("..\\") + outside.filename().string(), std::string("..\\SE1\\IM1"),
        outside.string(), std::string("SE1\\.\\IM1"), std::string("SE1/IM1"),
        std::string("SE1\\\\IM1"), std::string("LONGERTHAN8\\IM1"),
        std::string("A\\B\\C\\D\\E\\F\\G\\H\\I")}) {
    auto records = sound();
    records[2].file_id = id;
    write_directory(dicomdir(), records);
    const ScanResult found = scan_one(dicomdir());
    ASSERT_EQ(found.unreadable.size(), 1U) << id;
    EXPECT_EQ(found.unreadable[0].series_uid, kSeries);
    EXPECT_EQ(whole_instances(found), 2U) << id;
    EXPECT_EQ(whole_instances(scan_one(folder_.path())), 3U) << "all below a folder is read";
  }
  fs::remove(outside);
}

TEST_F(Disc, LinksThatLeadOutAreNotFollowed) {
  const TemporaryFolder outside;
  write_directory(dicomdir(), sound());
  fs::rename(folder_.path() / "SE1" / "IM1", outside.path() / "IM1");
  fs::create_symlink(outside.path() / "IM1", folder_.path() / "SE1" / "IM1");
  fs::create_symlink("IM3", folder_.path() / "SE1" / "IM4");  // stays inside
  auto records = sound();
  records[4].file_id = "SE1\\IM4";
  write_directory(dicomdir(), records);
  const ScanResult found = scan_one(dicomdir());
  ASSERT_EQ(found.unreadable.size(), 1U);
  EXPECT_EQ(found.unreadable[0].file, folder_.path() / "SE1" / "IM1");
  EXPECT_EQ(whole_instances(found), 2U);

  fs::rename(folder_.path() / "SE1", outside.path() / "SE1");
  fs::create_directory_symlink(outside.path() / "SE1", folder_.path() / "SE1");
  EXPECT_EQ(whole_instances(scan_one(dicomdir())), 0U);
}

TEST_F(Disc, ThatIsDamagedIsAnErrorThatAsksForTheFolder) {
  const auto expect_damaged = [&](const char* what) {
    expect_error(ErrorCode::bad_input, "give the folder instead", [&] { scan_one(dicomdir()); });
    expect_error(ErrorCode::bad_input, what, [&] { scan_one(dicomdir()); });
    const ScanResult found = scan_one(folder_.path());
    EXPECT_EQ(whole_instances(found), 3U) << what;
    ASSERT_EQ(found.unreadable.size(), 1U) << what;
    EXPECT_EQ(found.unreadable[0].file, dicomdir());
  };
  write_directory(dicomdir(), sound(), 2);
  expect_damaged("no record begins");

  auto records = sound();
  records[4].next = 2;
  write_directory(dicomdir(), records);
  expect_damaged("circle");

  records = sound();
  records[3].next = -1;
  write_directory(dicomdir(), records);
  expect_damaged("no other record leads to");

  write_directory(dicomdir(), sound());
  fs::resize_file(dicomdir(), fs::file_size(dicomdir()) - 40);
  expect_damaged("truncated");

  testing::write_text(dicomdir(), std::string(400, 'x'));
  expect_damaged("not a DICOM file");
}

TEST_F(Disc, NestedRecordsHaveALimit) {
  std::vector<DirectoryRecord> records;
  for (int i = 0; i < 100; ++i) records.push_back({"PRIVATE", "", "", -1, i < 99 ? i + 1 : -1});
  write_directory(dicomdir(), records);
  expect_error(ErrorCode::bad_input, "nested too deep", [&] { scan_one(dicomdir()); });
}

TEST_F(Disc, RecordsHaveALimit) {
  write_directory(dicomdir(), sound());
  Limits limits;
  limits.max_files = 4;
  expect_error(ErrorCode::bad_input, "more than 4 records", [&] { scan_one(dicomdir(), limits); });
}

TEST(Scan, AnObjectOfNoPatientLosesNothing) {  // PS3.4 GG: a hanging protocol has no study
  const TemporaryFolder folder;
  PhantomSeries series;
  series.positions_mm = testing::stack_of(2, {0, 0, 0}, {0, 0, 2});
  series.edit = [](DcmDataset& data, std::size_t file) {
    if (file == 0) return;
    data.putAndInsertString(DCM_SOPClassUID, UID_HangingProtocolStorage);
    data.findAndDeleteElement(DCM_StudyInstanceUID);
    data.findAndDeleteElement(DCM_SeriesInstanceUID);
  };
  write_phantom(series, folder.path());
  const ScanResult found = scan_one(folder.path());
  ASSERT_EQ(found.unreadable.size(), 1U);
  EXPECT_FALSE(found.unreadable[0].is_dicom);
}

}  // namespace
}  // namespace osler::dicom
