// The sample studies: written twice the same, with the geometry that the recipe states.

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/error.hpp"
#include "dicom_samples/dicom_series.hpp"
#include "dicom_samples/head_ct.hpp"
#include "dicom_samples/head_mr.hpp"
#include "dicom_samples/inv3.hpp"

namespace osler::sample {
namespace {

namespace fs = std::filesystem;

const fs::path kColin27 = "/usr/share/mricron/templates/ch2.nii.gz";
constexpr double kPositionTolerance_mm = 1e-6;  // ImagePositionPatient holds six decimals
constexpr double kDirectionTolerance = 1e-9;    // ImageOrientationPatient holds ten
constexpr double kCoilGain = 0.3;               // the simulated coil's gain is 1 within this

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "osler-sample-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

double number(DcmDataset& data, const DcmTagKey& tag, unsigned long position) {
  Float64 value = std::nan("");
  EXPECT_TRUE(data.findAndGetFloat64(tag, value, position).good()) << tag.toString();
  return value;
}

/// 3 columns, 4 rows, 2 slices of made-up pixels, oblique.
DicomSeries small_series() {
  DicomSeries series;
  series.sop_class_uid = UID_MRImageStorage;
  series.identity = {"sample_test"};
  series.attributes = {{"Modality", "MR"}, {"PatientName", "Sample^Test"}};
  series.size = {3, 4, 2};
  series.voxel_to_lps =
      Affine::from_columns({0, 0.3, 0.4}, {0, -1.6, 1.2}, {3.0, 0, 0}, {10.25, -20.5, 30.125});
  series.numbered_backwards = true;
  for (std::uint16_t i = 0; i < 24; ++i) series.pixels.push_back(i);
  return series;
}

/// A gzipped tar as InVesalius writes it: a 2 x 3 x 2 volume (x, y, z), the values given.
void write_inv3(const fs::path& file, const std::vector<std::int16_t>& values) {
  const std::string plist =
      "<plist><dict><key>matrix</key><dict><key>shape</key><array><integer>2</integer>"
      "<integer>3</integer><integer>2</integer></array></dict><key>spacing</key><array>"
      "<real>0.5</real><real>0.75</real><real>1.5</real></array></dict></plist>";
  const std::string matrix(reinterpret_cast<const char*>(values.data()), values.size() * 2);
  const gzFile out = gzopen(file.c_str(), "wb");
  const std::vector<std::pair<std::string, std::string>> members = {
      {"tmp/main.plist", plist},
      {"tmp/mask_0.dat", std::string(700, 'm')},
      {"tmp/matrix.dat", matrix}};
  for (const auto& [name, content] : members) {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    std::array<char, 12> size{};
    std::snprintf(size.data(), size.size(), "%011lo", static_cast<unsigned long>(content.size()));
    header.replace(124, 11, size.data(), 11);
    const std::string padding((512 - content.size() % 512) % 512, '\0');
    for (const std::string& part : {header, content, padding}) {
      gzwrite(out, part.data(), static_cast<unsigned>(part.size()));
    }
  }
  const std::string end(1024, '\0');
  gzwrite(out, end.data(), static_cast<unsigned>(end.size()));
  gzclose(out);
}

const std::vector<std::int16_t> kValues = {-1024, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 4000};

TEST(SampleSeries, DecimalStringsFitTheirVr) {
  EXPECT_EQ(decimal_string(0.95, 6), "0.95");
  EXPECT_EQ(decimal_string(-0.00000000001, 10), "0");
  EXPECT_EQ(decimal_string(100.0, 6), "100");
  EXPECT_LE(decimal_string(-1234.5678901, 6).size(), 16U);
  EXPECT_LE(decimal_string(-0.12345678912, 10).size(), 16U);
}

TEST(SampleSeries, HeaderHoldsTheGeometry) {
  const TemporaryFolder folder;
  write_series(small_series(), folder.path() / "out");
  DcmFileFormat file;  // numbered backwards: the first file is the last slice
  ASSERT_TRUE(file.loadFile((folder.path() / "out/IM0001.dcm").c_str()).good());
  DcmDataset& data = *file.getDataset();
  const std::array<double, 3> position = {13.25, -20.5, 30.125};
  const std::array<double, 6> orientation = {0, 0.6, 0.8, 0, -0.8, 0.6};
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(number(data, DCM_ImagePositionPatient, i), position[i], kPositionTolerance_mm);
  }
  for (int i = 0; i < 6; ++i) {
    EXPECT_NEAR(number(data, DCM_ImageOrientationPatient, i), orientation[i], kDirectionTolerance);
  }
  EXPECT_EQ(number(data, DCM_PixelSpacing, 0), 2.0);  // between rows
  EXPECT_EQ(number(data, DCM_PixelSpacing, 1), 0.5);  // between columns
  const Uint16* pixels = nullptr;
  unsigned long count = 0;
  ASSERT_TRUE(data.findAndGetUint16Array(DCM_PixelData, pixels, &count).good());
  ASSERT_EQ(count, 12U);
  EXPECT_EQ(pixels[0], 12);
}

TEST(SampleSeries, SameSeriesGivesSameBytes) {
  const TemporaryFolder folder;
  write_series(small_series(), folder.path() / "a");
  write_series(small_series(), folder.path() / "b");
  for (const char* name : {"IM0001.dcm", "IM0002.dcm"}) {
    const std::string bytes = bytes_of(folder.path() / "a" / name);
    EXPECT_GT(bytes.size(), 500U);
    EXPECT_EQ(bytes, bytes_of(folder.path() / "b" / name)) << name;
  }
}

TEST(SampleSeries, UnknownKeywordIsRefused) {
  const TemporaryFolder folder;
  DicomSeries series = small_series();
  series.attributes.emplace_back("NoSuchKeyword", "1");
  EXPECT_THROW(write_series(series, folder.path() / "out"), Error);
  EXPECT_FALSE(fs::exists(folder.path() / "out" / "IM0001.dcm"));
}

TEST(HeadCt, RowsRunFromTheFrontAndValuesAreKept) {
  const TemporaryFolder folder;
  write_inv3(folder.path() / "small.inv3", kValues);
  const DicomSeries ct = make_head_ct(folder.path() / "small.inv3");
  EXPECT_EQ(ct.size, (Size3{2, 3, 2}));
  // Stored value = HU + 1024, 12 bits; the last row of a slice in the project comes first here.
  const std::vector<std::uint16_t> expected = {1028, 1029, 1026, 1027, 0,    1025,
                                               1034, 4095, 1032, 1033, 1030, 1031};
  EXPECT_EQ(ct.pixels, expected);
  EXPECT_EQ(ct.voxel_to_lps.column(1), (Vec3{0, 0.75, 0}));
  EXPECT_EQ(ct.voxel_to_lps({1, 2, 1}), (Vec3{0.25, 0.75, 0.75}));
}

TEST(HeadCt, DamagedProjectsAreRefused) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "damaged.inv3";
  write_inv3(file, {kValues.begin(), kValues.end() - 1});
  EXPECT_THROW(read_inv3(file), Error) << "matrix.dat is too short";
  write_inv3(file, kValues);
  fs::resize_file(file, fs::file_size(file) / 2);
  EXPECT_THROW(read_inv3(file), Error) << "cut in half";
  std::ofstream(file) << "no archive";
  EXPECT_THROW(read_inv3(file), Error) << "no archive";
  EXPECT_THROW(read_inv3(folder.path() / "absent.inv3"), Error) << "absent";
}

TEST(HeadMr, PoseIsARotationAndAShift) {
  const Affine pose = head_mr_pose();
  EXPECT_NEAR(pose.determinant(), 1.0, 1e-12);
  EXPECT_NEAR(dot(pose.column(0), pose.column(1)), 0.0, 1e-12);
  EXPECT_EQ(pose({0, 0, 0}), (Vec3{4.5, -11.0, 18.0}));
  // Turned by 7, -5 and 9 degrees: the head's left keeps to the patient's left, and so on.
  for (int axis = 0; axis < 3; ++axis) EXPECT_GT(pose.column(axis)[axis], 0.97);
}

TEST(HeadMr, SagittalSlicesOfTheHeadTwiceTheSame) {
  if (!fs::exists(kColin27)) GTEST_SKIP() << "mricron-data is not installed: no " << kColin27;
  const DicomSeries mr = make_head_mr(kColin27);
  const Vec3 normal = cross(mr.voxel_to_lps.column(0), mr.voxel_to_lps.column(1));
  EXPECT_GT(dot(normal, mr.voxel_to_lps.column(2)), 0.0);
  EXPECT_LT(mr.voxel_to_lps.column(2)[0], -1.0);  // from left to right
  EXPECT_NEAR(std::abs(mr.voxel_to_lps.determinant()), 0.95 * 0.95 * 1.05, 1e-9);

  // What SimpleITK reads in the template (mean of 3 x 3 x 3 voxels, 1 mm) at RAS points where left
  // and right differ by more than a factor of two, each in an even surrounding.
  struct Landmark {
    Vec3 ras_mm;
    double value;
  };
  const std::array<Landmark, 5> landmarks = {{{{22, -24, 72}, 113.4},
                                              {{-22, -24, 75}, 41.7},
                                              {{24, -54, 62}, 119.3},
                                              {{30, 5, -46}, 97.0},
                                              {{-26, -40, 30}, 111.4}}};
  for (const auto& [ras_mm, value] : landmarks) {
    const Vec3 at = inverse(mr.voxel_to_lps)(head_mr_pose()({-ras_mm[0], -ras_mm[1], ras_mm[2]}));
    double sum = 0.0;
    for (int n = 0; n < 27; ++n) {
      const auto x = std::llround(at[0]) + n % 3 - 1, y = std::llround(at[1]) + n / 3 % 3 - 1,
                 z = std::llround(at[2]) + n / 9 - 1;
      sum += mr.pixels[(z * mr.size[1] + y) * mr.size[0] + x];
    }
    EXPECT_NEAR(sum / 27.0 / (8.0 * value), 1.0, kCoilGain) << ras_mm[0] << ' ' << ras_mm[1];
  }
  EXPECT_EQ(make_head_mr(kColin27).pixels, mr.pixels);
}

}  // namespace
}  // namespace osler::sample
