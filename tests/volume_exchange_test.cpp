// NIfTI and MetaImage files. Headers are held against the byte positions of nifti1.h and affines
// worked out by hand; the end-to-end scenario convert_test.py holds them against dcm2niix.

#include "volume/exchange.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <zlib.h>

#include "throws.hpp"
#include "volume_phantom.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

using testing::expect_error;
using testing::int16_voxels;
using testing::PhantomSeries;
using testing::PlannedSeries;
using testing::ramp_series;
using testing::stack_of;
using testing::TemporaryFolder;

constexpr double kSinglePrecisionMm = 1e-4;  // what an sform of a few hundred mm keeps

Volume volume_of(const PhantomSeries& phantom) {
  return load_volume(PlannedSeries(phantom).plan.volumes.at(0));
}

/// Oblique, anisotropic, signed: 0.5 mm between columns, 0.75 between rows, 2 between slices; rows
/// and columns turned by the angle of the 3-4-5 triangle about x.
PhantomSeries oblique() {
  PhantomSeries series = ramp_series(stack_of(6, {-10, 20, -30}, {0, -1.2, 1.6}));
  series.column = {0, .8, .6};
  series.spacing_mm = {.75, .5};
  return series;
}

/// Slices that lean: the step has 0.5 mm along the rows besides 2 mm along the normal.
PhantomSeries tilted() {
  return ramp_series(stack_of(5, {-10, 20, -30}, {0, .5, 2}));
}

template <typename T>
T at(const std::string& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void set(std::string& bytes, std::size_t offset, auto value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

void expect_same_grid(const Grid& found, const Grid& wanted) {
  EXPECT_EQ(found.size, wanted.size);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(found.index_to_lps.m[i], wanted.index_to_lps.m[i], kSinglePrecisionMm) << i;
  }
}

void expect_same_bytes(const Volume& found, const Volume& wanted) {
  ASSERT_EQ(found.type, wanted.type);
  ASSERT_EQ(found.bytes(), wanted.bytes());
  EXPECT_EQ(std::memcmp(found.voxels.get(), wanted.voxels.get(), wanted.bytes()), 0);
}

TEST(WriteNifti, HeaderIsTheOneWorkedOutByHand) {
  const TemporaryFolder folder;
  PhantomSeries series = oblique();
  series.slope = 2;
  series.intercept = -1024;
  write_nifti(volume_of(series), folder.path() / "a.nii");
  const std::string file = testing::read_text(folder.path() / "a.nii");
  ASSERT_EQ(file.size(), 352U + 5 * 4 * 6 * 2);
  EXPECT_EQ(at<std::int32_t>(file, 0), 348);
  EXPECT_EQ(file.substr(344, 3), "n+1");
  const std::int16_t dim[] = {3, 5, 4, 6, 1, 1, 1, 1};
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(at<std::int16_t>(file, 40 + 2 * i), dim[i]) << i;
  EXPECT_EQ(at<std::int16_t>(file, 70), 4);  // DT_INT16
  EXPECT_EQ(at<std::int16_t>(file, 72), 16);
  EXPECT_EQ(at<float>(file, 108), 352);  // vox_offset
  EXPECT_EQ(at<float>(file, 112), 2);    // scl_slope
  EXPECT_EQ(at<float>(file, 116), -1024);
  EXPECT_EQ(file[123], 2);                    // millimetres
  EXPECT_EQ(at<std::int16_t>(file, 252), 1);  // qform_code: scanner
  EXPECT_EQ(at<std::int16_t>(file, 254), 1);  // sform_code
  const float pixdim[] = {1, .5F, .75F, 2};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_FLOAT_EQ(at<float>(file, 76 + 4 * i), pixdim[i]) << i;
  // LPS columns (.5,0,0), (0,.6,.45), (0,-1.2,1.6), origin (-10,20,-30); x and y turned round.
  const float srow[] = {-.5F, 0, 0, 10, 0, -.6F, 1.2F, -20, 0, .45F, 1.6F, -30};
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_FLOAT_EQ(at<float>(file, 280 + 4 * i), srow[i]) << i;
  }
}

TEST(WriteNifti, QformIsTheQuaternionWorkedOutByHand) {
  const TemporaryFolder folder;
  write_nifti(volume_of(ramp_series(stack_of(3, {1, 2, 3}, {0, 0, 2}))), folder.path() / "a.nii");
  const std::string file = testing::read_text(folder.path() / "a.nii");
  // An axial LPS grid is half a turn about z in RAS: (a, b, c, d) = (0, 0, 0, 1).
  EXPECT_FLOAT_EQ(at<float>(file, 256), 0);
  EXPECT_FLOAT_EQ(at<float>(file, 260), 0);
  EXPECT_FLOAT_EQ(std::abs(at<float>(file, 264)), 1);
  EXPECT_FLOAT_EQ(at<float>(file, 268), -1);
  EXPECT_FLOAT_EQ(at<float>(file, 272), -2);
  EXPECT_FLOAT_EQ(at<float>(file, 276), 3);
}

TEST(WriteNifti, AQformAlonePlacesTheVoxelsAsWell) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.nii";
  for (const PhantomSeries& series : {oblique(), ramp_series(stack_of(3, {1, 2, 3}, {0, 0, 2}))}) {
    const Volume volume = volume_of(series);
    write_nifti(volume, path);
    std::string file = testing::read_text(path);
    set(file, 254, std::int16_t{0});
    testing::write_text(path, file);
    expect_same_grid(read_exchange(path).grid, volume.grid);
  }
}

TEST(WriteNifti, AShearedGridHasAnSformAndNoQform) {
  const TemporaryFolder folder;
  const Volume volume = volume_of(tilted());
  write_nifti(volume, folder.path() / "a.nii.gz");
  write_nifti(volume, folder.path() / "a.nii");
  EXPECT_EQ(at<std::int16_t>(testing::read_text(folder.path() / "a.nii"), 252), 0);
  const Volume read = read_exchange(folder.path() / "a.nii.gz");
  expect_same_grid(read.grid, volume.grid);
  EXPECT_NEAR(read.grid.tilt_deg(), 14.036, 1e-3);  // atan(.5 / 2)
}

TEST(Exchange, RoundTripOfEveryTypeIsExact) {
  const TemporaryFolder folder;
  for (const int bits : {8, 16, 32}) {
    for (const bool is_signed : {false, true}) {
      PhantomSeries series = oblique();
      series.bits_allocated = series.bits_stored = bits;
      series.high_bit = bits - 1;
      series.is_signed = is_signed;
      series.stored = [&](const Vec3& p) {
        return std::llround(p[0] * 3 + p[2]) + (is_signed ? 0 : 90);
      };
      const Volume volume = volume_of(series);
      for (const char* name : {"a.nii", "a.nii.gz", "a.mha"}) {
        const fs::path path = folder.path() / name;
        path.extension() == ".mha" ? write_meta_image(volume, path) : write_nifti(volume, path);
        const Volume read = read_exchange(path);
        expect_same_grid(read.grid, volume.grid);
        expect_same_bytes(read, volume);
        EXPECT_EQ(read.modality, "OT");
        ASSERT_EQ(read.slices.size(), 6U);
        EXPECT_EQ(read.slices[0].slope, 1);
        EXPECT_TRUE(read.slices[0].sop_instance_uid.empty());
      }
    }
  }
}

TEST(Exchange, MetaImageKeepsAShear) {
  const TemporaryFolder folder;
  const Volume volume = volume_of(tilted());
  write_meta_image(volume, folder.path() / "a.mha");
  const Volume read = read_exchange(folder.path() / "a.mha");
  expect_same_grid(read.grid, volume.grid);
  expect_same_bytes(read, volume);
}

TEST(Exchange, NiftiKeepsSlopeAndInterceptMetaImageHoldsRealValues) {
  const TemporaryFolder folder;
  PhantomSeries series = oblique();
  series.slope = 1;
  series.intercept = -1024;
  const Volume volume = volume_of(series);
  write_nifti(volume, folder.path() / "a.nii");
  write_meta_image(volume, folder.path() / "a.mha");
  const Volume nifti = read_exchange(folder.path() / "a.nii");
  expect_same_bytes(nifti, volume);
  EXPECT_EQ(nifti.slices.at(3).intercept, -1024);
  const auto stored = int16_voxels(volume);
  const Volume meta = read_exchange(folder.path() / "a.mha");
  ASSERT_EQ(meta.type, ScalarType::i16);
  const auto real = int16_voxels(meta);
  for (std::size_t i = 0; i < stored.size(); ++i) ASSERT_EQ(real[i], stored[i] - 1024) << i;
}

TEST(Exchange, SlicesOfDifferentSlopeBecomeFloat) {
  const TemporaryFolder folder;
  PhantomSeries series = ramp_series(stack_of(3, {0, 0, 0}, {0, 0, 2}));
  series.modality = "PT";
  series.edit = [](DcmDataset& data, std::size_t file) {
    data.putAndInsertString(DCM_RescaleSlope, file == 0 ? "0.5" : "2");
    data.putAndInsertString(DCM_RescaleIntercept, "0");
  };
  const Volume volume = volume_of(series);
  const auto stored = int16_voxels(volume);
  write_nifti(volume, folder.path() / "a.nii");
  write_meta_image(volume, folder.path() / "a.mha");
  for (const char* name : {"a.nii", "a.mha"}) {
    const Volume read = read_exchange(folder.path() / name);
    ASSERT_EQ(read.type, ScalarType::f32);
    std::vector<float> real(stored.size());
    std::memcpy(real.data(), read.voxels.get(), read.bytes());
    for (std::size_t i = 0; i < stored.size(); ++i) {
      ASSERT_EQ(real[i], static_cast<float>(stored[i]) * (i < 20 ? .5F : 2.F)) << i;
    }
  }
}

TEST(ReadExchange, ALeftHandedFileIsTakenInReverse) {
  const TemporaryFolder folder;
  const Volume volume = volume_of(ramp_series(stack_of(3, {0, 0, 4}, {0, 0, 2})));
  const fs::path path = folder.path() / "a.nii";
  write_nifti(volume, path);
  std::string file = testing::read_text(path);
  set(file, 320, -2.F);  // srow_z: down instead of up, from z = 8
  set(file, 324, 8.F);
  const std::string first = file.substr(352, 40), last = file.substr(432, 40);
  file.replace(352, 40, last).replace(432, 40, first);
  testing::write_text(path, file);
  const Volume read = read_exchange(path);
  expect_same_grid(read.grid, volume.grid);
  expect_same_bytes(read, volume);
}

TEST(ReadExchange, RefusesWhatItCannotPlaceOrHold) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.nii";
  write_nifti(volume_of(oblique()), path);
  const std::string good = testing::read_text(path);
  const auto refused = [&](const std::string& word, auto&& change) {
    std::string file = good;
    change(file);
    testing::write_text(path, file);
    expect_error(ErrorCode::bad_input, word, [&] { read_exchange(path); });
  };
  refused("where its voxels lie", [](std::string& f) { set(f, 252, 0); });  // both codes
  refused("truncated", [](std::string& f) { f.pop_back(); });
  refused("truncated", [](std::string& f) { f.resize(100); });
  refused("one volume",
          [](std::string& f) { set(f, 40, std::int16_t{4}), set(f, 48, std::int16_t{2}); });
  refused("type 128", [](std::string& f) { set(f, 70, std::int16_t{128}); });  // RGB24
  refused("no NIfTI-1", [](std::string& f) { set(f, 344, 'x'); });
  refused("side of -5", [](std::string& f) { set(f, 42, std::int16_t{-5}); });
  refused("where its voxels lie", [](std::string& f) { set(f, 280, std::nanf("")); });
  refused("at no place", [](std::string& f) { set(f, 108, std::nanf("")); });
  testing::write_text(path, good);
  dicom::Limits small;
  small.max_volume_bytes = 239;
  expect_error(ErrorCode::bad_input, "at most 239", [&] { read_exchange(path, small); });
}

TEST(ReadExchange, RefusesDamagedMetaImages) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.mha";
  write_meta_image(volume_of(oblique()), path);
  const std::string good = testing::read_text(path);
  dicom::Limits small;
  small.max_volume_bytes = 239;
  expect_error(ErrorCode::bad_input, "at most 239", [&] { read_exchange(path, small); });
  testing::write_text(path, good.substr(0, good.size() - 1));
  expect_error(ErrorCode::bad_input, "truncated", [&] { read_exchange(path); });
  testing::write_text(path, "ObjectType = Image\n");
  expect_error(ErrorCode::bad_input, "", [&] { read_exchange(path); });
}

TEST(ReadExchange, ReadsTheOtherByteOrder) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.nii";
  const Volume volume = volume_of(oblique());
  write_nifti(volume, path);
  std::string file = testing::read_text(path);
  const auto turn = [&](std::size_t first, std::size_t end, std::size_t width) {
    for (auto i = static_cast<std::ptrdiff_t>(first); i < static_cast<std::ptrdiff_t>(end);
         i += static_cast<std::ptrdiff_t>(width)) {
      std::reverse(file.begin() + i, file.begin() + i + static_cast<std::ptrdiff_t>(width));
    }
  };
  turn(0, 4, 4), turn(40, 56, 2), turn(70, 74, 2), turn(76, 120, 4), turn(252, 256, 2);
  turn(256, 328, 4), turn(352, file.size(), 2);
  testing::write_text(path, file);
  const Volume read = read_exchange(path);
  expect_same_grid(read.grid, volume.grid);
  expect_same_bytes(read, volume);
}

TEST(ReadExchange, DoublesBecomeFloats) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.nii";
  write_nifti(volume_of(oblique()), path);
  std::string file = testing::read_text(path).substr(0, 352);
  set(file, 70, std::int16_t{64});
  for (int i = 0; i < 120; ++i) {
    const double value = i / 4.0;
    file.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  testing::write_text(path, file);
  const Volume read = read_exchange(path);
  ASSERT_EQ(read.type, ScalarType::f32);
  for (std::size_t i = 0; i < 120; ++i) {
    float value = 0;
    std::memcpy(&value, read.voxels.get() + 4 * i, 4);
    ASSERT_EQ(value, static_cast<float>(i) / 4);
  }
}

TEST(ReadExchange, ReadsCompressedMetaImagesAndTellsTruncatedOnes) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.mha";
  const Volume volume = volume_of(oblique());
  write_meta_image(volume, path);
  std::string header = testing::read_text(path);
  header.resize(header.size() - volume.bytes());
  header.replace(header.find("CompressedData = False"), 22, "CompressedData = True");
  std::string packed(1000, '\0');
  uLongf size = packed.size();
  ASSERT_EQ(::compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                       reinterpret_cast<const Bytef*>(volume.voxels.get()), volume.bytes()),
            Z_OK);
  packed.resize(size);
  header.insert(header.find("TransformMatrix"),
                "CompressedDataSize = " + std::to_string(size) + "\n");
  testing::write_text(path, header + packed);
  expect_same_bytes(read_exchange(path), volume);
  for (const std::size_t kept : {size / 2, size - 1}) {
    testing::write_text(path, header + packed.substr(0, kept));
    expect_error(ErrorCode::bad_input, "truncated", [&] { read_exchange(path); });
  }
}

TEST(WriteExchange, AFileIsWrittenWholeOrNotAtAll) {
  const TemporaryFolder folder;
  PhantomSeries series = ramp_series(stack_of(20, {0, 0, 0}, {0, 0, 1}));
  series.columns = series.rows = 64;
  const Volume volume = volume_of(series);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit little{65536, before.rlim_max};
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &little);
  expect_error(ErrorCode::output, "cannot write",
               [&] { write_nifti(volume, folder.path() / "a.nii"); });
  expect_error(ErrorCode::output, "cannot write",
               [&] { write_meta_image(volume, folder.path() / "a.mha"); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace osler
