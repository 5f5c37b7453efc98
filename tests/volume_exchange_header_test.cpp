// What is told of a NIfTI or MetaImage file before its values are read, labels, and the file's own
// order. Positions of header fields are those of nifti1.h; affines are worked out by hand.

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "throws.hpp"
#include "volume/exchange.hpp"
#include "volume_phantom.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

using testing::expect_error;
using testing::PlannedSeries;
using testing::ramp_series;
using testing::stack_of;
using testing::TemporaryFolder;

using Codes = std::vector<std::string>;

constexpr std::size_t kQformCode = 252, kSformCode = 254, kOffsetX = 268, kSrowZ = 312;

void set(std::string& bytes, std::size_t offset, auto value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

template <typename T>
T at(const std::string& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// 5 x 4 x 3 voxels of 1 x 1 x 2 mm, first at (1, 2, 3), as a NIfTI file whose header can be
/// changed.
class ExchangeFile : public ::testing::Test {
 protected:
  void SetUp() override {
    volume_ = load_volume(
        PlannedSeries(ramp_series(stack_of(3, {1, 2, 3}, {0, 0, 2}))).plan.volumes.at(0));
    write_nifti(volume_, path_);
    good_ = testing::read_text(path_);
  }
  /// Codes of the warnings after a change of the header, without the two that all files have.
  Codes doubts(const std::function<void(std::string&)>& change) {
    std::string file = good_;
    change(file);
    testing::write_text(path_, file);
    Codes codes;
    for (const Reason& r : read_exchange_header(path_).warnings) {
      EXPECT_FALSE(r.refuses) << r.code;
      codes.push_back(r.code);
    }
    EXPECT_EQ(Codes(codes.begin(), codes.begin() + 2),
              (Codes{"no_dicom_source", "intensities_unknown"}));
    return {codes.begin() + 2, codes.end()};
  }
  /// Slices from top to bottom: the step turns round and begins at z = 7, the values change places.
  void make_left_handed() {
    std::string file = good_;
    set(file, kSrowZ, 0.F);
    set(file, kSrowZ + 8, -2.F);
    set(file, kSrowZ + 12, 7.F);
    const std::string first = file.substr(352, 40), last = file.substr(432, 40);
    file.replace(352, 40, last).replace(432, 40, first);
    testing::write_text(path_, file);
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "a.nii";
  Volume volume_;
  std::string good_;
};

TEST_F(ExchangeFile, HeaderGivesTheGridThatReadingGives) {
  make_left_handed();
  const ExchangeHeader header = read_exchange_header(path_);
  EXPECT_EQ(header.grid.size, (Size3{5, 4, 3}));
  EXPECT_EQ(header.grid.index_to_lps.m, read_exchange(path_).grid.index_to_lps.m);
  EXPECT_EQ(header.grid.index_to_lps.m, volume_.grid.index_to_lps.m);
}

TEST_F(ExchangeFile, HeaderAloneIsReadEvenIfTheValuesAreNotThere) {
  testing::write_text(path_, good_.substr(0, 352));
  EXPECT_EQ(read_exchange_header(path_).grid.size, (Size3{5, 4, 3}));
  expect_error(ErrorCode::bad_input, "truncated", [&] { read_exchange(path_); });
}

TEST_F(ExchangeFile, SidesAreNeverConfirmedByTheFile) {
  EXPECT_EQ(doubts([](std::string&) {}), Codes{"sides_unconfirmed"});
  EXPECT_EQ(doubts([](std::string& f) { set(f, kSformCode, std::int16_t{0}); }),
            (Codes{"sides_unconfirmed", "qform_only"}));
  EXPECT_EQ(doubts([](std::string& f) { set(f, kSformCode, std::int16_t{2}); }),
            (Codes{"sides_unconfirmed", "aligned_to_another_image"}));
  EXPECT_EQ(doubts([](std::string& f) { set(f, kSformCode, std::int16_t{4}); }),
            (Codes{"sides_unconfirmed", "template_space"}));
  EXPECT_EQ(doubts([](std::string& f) { set(f, kQformCode, std::int16_t{0}); }),
            Codes{"sides_unconfirmed"});
}

TEST_F(ExchangeFile, SformAndQformThatDifferAreSaid) {
  // 0.5 mm is rounding, 5 mm another place.
  EXPECT_EQ(doubts([](std::string& f) { set(f, kOffsetX, -1.5F); }), Codes{"sides_unconfirmed"});
  EXPECT_EQ(doubts([](std::string& f) { set(f, kOffsetX, 4.F); }),
            (Codes{"sides_unconfirmed", "affines_differ"}));
}

TEST_F(ExchangeFile, HeaderRefusesWhatReadingRefuses) {
  const auto refused = [&](const std::string& word, auto&& change) {
    std::string file = good_;
    change(file);
    testing::write_text(path_, file);
    expect_error(ErrorCode::bad_input, word, [&] { read_exchange_header(path_); });
  };
  refused("where its voxels lie", [](std::string& f) { set(f, kQformCode, 0); });
  refused("one volume",
          [](std::string& f) { set(f, 40, std::int16_t{4}), set(f, 48, std::int16_t{2}); });
  refused("type 128", [](std::string& f) { set(f, 70, std::int16_t{128}); });
  refused("truncated", [](std::string& f) { f.resize(100); });
  testing::write_text(path_, good_);
  dicom::Limits small;
  small.max_volume_bytes = 119;
  expect_error(ErrorCode::bad_input, "at most 119", [&] { read_exchange_header(path_, small); });
}

TEST_F(ExchangeFile, AFourthDimensionOfOneIsAVolume) {
  std::string file = good_;
  set(file, 40, std::int16_t{4});
  testing::write_text(path_, file);
  EXPECT_EQ(read_exchange(path_).grid.size, (Size3{5, 4, 3}));
}

TEST_F(ExchangeFile, MetaImageHeaderGivesTheSameGrid) {
  write_meta_image(volume_, folder_.path() / "a.mha");
  const ExchangeHeader header = read_exchange_header(folder_.path() / "a.mha");
  EXPECT_EQ(header.grid.index_to_lps.m, volume_.grid.index_to_lps.m);
  EXPECT_EQ(header.warnings.back().code, "sides_unconfirmed");
}

TEST_F(ExchangeFile, FileOrderIsRestored) {
  make_left_handed();
  Volume read = read_exchange(path_);
  EXPECT_TRUE(is_turned_round(read));
  EXPECT_EQ(read.slices.front().frame, 3);
  restore_file_order(read);
  EXPECT_FALSE(is_turned_round(read));
  EXPECT_LT(read.grid.index_to_lps.determinant(), 0);
  write_nifti(read, folder_.path() / "b.nii");
  const std::string again = testing::read_text(folder_.path() / "b.nii");
  const std::string wanted = testing::read_text(path_);
  EXPECT_EQ(again.substr(352), wanted.substr(352));
  EXPECT_EQ(again.substr(280, 48), wanted.substr(280, 48));  // srow_x, srow_y, srow_z
  EXPECT_EQ(at<float>(again, 76), -1);                       // pixdim[0]: left-handed
}

TEST_F(ExchangeFile, LabelsStandInTheOrderOfTheFile) {
  std::vector<std::uint8_t> labels(60, 0);
  labels[2] = 7;  // third voxel of the lowest slice
  for (const bool left_handed : {false, true}) {
    if (left_handed) make_left_handed();
    const Volume read = read_exchange(path_);
    write_nifti_labels(labels, read.grid, is_turned_round(read), folder_.path() / "labels.nii");
    const std::string file = testing::read_text(folder_.path() / "labels.nii");
    ASSERT_EQ(file.size(), 352U + 60);
    EXPECT_EQ(at<std::int16_t>(file, 70), 2);     // DT_UINT8
    EXPECT_EQ(at<std::int16_t>(file, 68), 1002);  // NIFTI_INTENT_LABEL
    EXPECT_NE(file.substr(148, 80).find("AI, unverified"), std::string::npos);
    EXPECT_EQ(file[352 + (left_handed ? 40 : 0) + 2], 7);
    EXPECT_EQ(file.substr(280, 48), testing::read_text(path_).substr(280, 48));
    EXPECT_TRUE(read_exchange_header(folder_.path() / "labels.nii").own_labels);
  }
  EXPECT_FALSE(read_exchange_header(path_).own_labels);
  labels.pop_back();
  expect_error(ErrorCode::bad_argument, "different sizes", [&] {
    write_nifti_labels(labels, volume_.grid, false, folder_.path() / "labels.nii");
  });
}

TEST(ExchangeNames, AreToldByTheirEnding) {
  for (const char* name : {"a.nii", "a.nii.gz", "x/a.mha", "a.mhd"}) {
    EXPECT_TRUE(is_exchange_name(name)) << name;
    EXPECT_EQ(exchange_stem(name), "a") << name;
  }
  for (const char* name : {"a.dcm", "a.gz", "nii", "a.nii.bak"}) {
    EXPECT_FALSE(is_exchange_name(name)) << name;
  }
  EXPECT_EQ(exchange_stem("a.b.nii.gz"), "a.b");
}

TEST(ExchangeNames, FilesAreTakenOutOfAScanOnce) {
  const TemporaryFolder folder;
  testing::write_text(folder.path() / "a.nii", "");
  dicom::ScanResult scanned;
  scanned.unreadable = {{folder.path() / "a.nii", "not a DICOM file", false},
                        {folder.path() / "notes.txt", "not a DICOM file", false},
                        {folder.path() / "." / "a.nii", "not a DICOM file", false},
                        {folder.path() / "b.nii", "damaged", true}};
  EXPECT_EQ(take_exchange_files(scanned), std::vector<fs::path>{folder.path() / "a.nii"});
  EXPECT_EQ(scanned.duplicates, 1);
  ASSERT_EQ(scanned.unreadable.size(), 2U);
  EXPECT_EQ(scanned.unreadable[0].file.filename(), "notes.txt");
}

}  // namespace
}  // namespace osler
