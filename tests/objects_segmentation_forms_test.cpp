// Segmentations in every form that a destination may want, read back here, and written for readers
// that we did not write (tests/judges/check_forms.py).

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "findings_phantom.hpp"
#include "objects/multi_frame_file.hpp"
#include "objects/segmentation.hpp"
#include "objects/segmentation_reader.hpp"
#include "throws.hpp"

namespace osler::objects {
namespace {

using phantom::kOblique;
using phantom::Phantom;
using Type = SegmentationForm::Type;
using FormEncoding = SegmentationForm::Encoding;

const Affine kStraight = Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-3, -4, 17});

struct NamedForm {
  const char* name;
  SegmentationForm form;
};

const std::vector<NamedForm>& forms() {
  static const std::vector<NamedForm> all{
      {"binary", {}},
      {"binary-deflated", {Type::binary, FormEncoding::deflated}},
      {"labelmap", {Type::labelmap}},
      {"labelmap-rle", {Type::labelmap, FormEncoding::rle}},
      {"labelmap-deflated", {Type::labelmap, FormEncoding::deflated}},
      {"labelmap16", {Type::labelmap, FormEncoding::explicit_little_endian, 16}},
      {"labelmap16-rle", {Type::labelmap, FormEncoding::rle, 16}}};
  return all;
}

/// As many segments, each found in one of `every` voxels in a row of a fixed order.
void give_segments(Phantom& p, int count) {
  p.findings.segments.clear();
  for (int n = 1; n <= count; ++n) {
    Segment s = phantom::four_segments()[0];
    s.number = s.value = n;
    s.label = "structure " + std::to_string(n);
    p.findings.segments.push_back(s);
  }
  p.findings.findings.clear();
  p.findings.asymmetries.clear();
}

/// Slices are frames of one object.
void become_multi_frame(Phantom& p) {
  const SliceSource first = p.volume.slices.front();
  for (std::size_t k = 0; k < p.volume.slices.size(); ++k) {
    p.volume.slices[k] = first;
    p.volume.slices[k].sop_class_uid = UID_EnhancedMRImageStorage;
    p.volume.slices[k].frame = static_cast<int>(k) + 1;
  }
  p.findings.source.instances = p.volume.slices;
}

struct Case {
  const char* name;
  Grid grid;
  int segments;
  bool multi_frame = false;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"odd", {{7, 9, 5}, kStraight}, 4},
      {"oblique", {{33, 29, 21}, kOblique}, 4},
      {"tilted", {{15, 10, 8}, phantom::sheared(kStraight, 0.6)}, 4},
      {"uneven", {{15, 10, 8}, kStraight, {0, 1, 2, 2.5, 3, 4.25, 5.5, 7}}, 4},
      {"enhanced", {{13, 11, 6}, kOblique}, 4, true},
      {"single", {{17, 9, 1}, kStraight}, 1},
      {"many", {{31, 27, 9}, kOblique}, 105},
      {"none", {{12, 10, 4}, kStraight}, 3}};
  return all;
}

Phantom make(const Case& c, const std::filesystem::path& folder) {
  const auto label = [&](int x, int y, int z) {
    if (std::string_view(c.name) == "none") return 0;
    if (c.segments == 4) return phantom::two_boxes(c.grid.size, x, y, z);
    return (x * 5 + y * 3 + z * 7) % (2 * c.segments) < c.segments
               ? (x / 2 * 5 + y * 3 + z * 7) % c.segments + 1
               : 0;
  };
  Phantom p = phantom::make(folder, c.grid, label);
  if (c.segments != 4) give_segments(p, c.segments);
  if (c.multi_frame) become_multi_frame(p);
  return p;
}

TEST(SegmentationForms, AllMeasureTheSame) {
  for (const Case& c : cases()) {
    phantom::TemporaryFolder folder;
    const Phantom p = make(c, folder.path / "source");
    std::vector<std::int64_t> voxels(static_cast<std::size_t>(c.segments) + 1);
    for (const std::uint8_t label : p.labels.labels) ++voxels[label];
    for (const NamedForm& form : forms()) {
      const auto file = folder.path / (std::string(form.name) + ".dcm");
      write_segmentation(p.findings, p.labels, p.volume, file, form.form);
      const MeasuredSegmentation measured = measure_segmentation(file);
      ASSERT_EQ(measured.segments.size(), static_cast<std::size_t>(c.segments));
      for (const MeasuredSegment& segment : measured.segments) {
        EXPECT_EQ(segment.voxels, voxels[static_cast<std::size_t>(segment.number)])
            << c.name << " " << form.name << " " << segment.number;
      }
      EXPECT_NO_THROW(verify_against_segmentation(p.findings, file)) << c.name << " " << form.name;
    }
  }
}

TEST(SegmentationForms, RefusesWhatIsNone) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(cases()[0], folder.path / "source");
  for (const SegmentationForm& form :
       {SegmentationForm{Type::binary, FormEncoding::rle},
        SegmentationForm{Type::labelmap, FormEncoding::explicit_little_endian, 12}}) {
    osler::testing::expect_error(ErrorCode::bad_argument, "no such form", [&] {
      write_segmentation(p.findings, p.labels, p.volume, folder.path / "no.dcm", form);
    });
  }
}

TEST(RleFrame, IsWhatTheStandardSays) {
  // PS3.5 annex G: header of 16 numbers, one segment at 64; 3 alike: 1 - 3 = -2, the byte; then two
  // single ones: 2 - 1, both; the next row begins anew; an even length.
  const std::vector<std::uint8_t> samples{7, 7, 7, 1, 2, 2, 2, 2, 2, 2};
  const std::string frame = rle_frame(samples, 5, 1);
  ASSERT_EQ(frame.size(), 64U + 8U);
  EXPECT_EQ(frame.substr(0, 8), std::string("\1\0\0\0\x40\0\0\0", 8));
  EXPECT_EQ(frame.substr(64), std::string("\xFE\7\1\1\2\xFC\2\0", 8));
  // Of 16 bits the high bytes are the first segment.
  const std::vector<std::uint8_t> words{5, 1, 5, 1, 5, 1, 5, 1};
  const std::string two = rle_frame(words, 4, 2);
  EXPECT_EQ(two.substr(0, 12), std::string("\2\0\0\0\x40\0\0\0\x42\0\0\0", 12));
  EXPECT_EQ(two.substr(64), std::string("\xFD\1\xFD\5", 4));
  // 128 is the longest run, and what one run leaves over is a single byte.
  const std::vector<std::uint8_t> row(129, 9);
  EXPECT_EQ(rle_frame(row, 129, 1).substr(64), std::string("\x81\x09\0\x09", 4));
}

TEST(FractionalSegmentation, KeepsProbabilitiesInSteps) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(cases()[0], folder.path / "source");
  const std::size_t pixels = 7 * 9;
  std::vector<float> slice(pixels);
  // Segment 2 on slice 3 alone: pixel i has i / 255, and one is no number.
  const SliceOfSegment given = [&](std::int64_t k, const Segment& segment) {
    std::iota(slice.begin(), slice.end(), 0.0F);
    for (float& v : slice) v = k == 3 && segment.number == 2 ? v / 255 : 0;
    slice[5] = std::numeric_limits<float>::quiet_NaN();
    return std::span<const float>(slice);
  };
  for (const FormEncoding encoding : {FormEncoding::explicit_little_endian, FormEncoding::rle}) {
    const auto file = folder.path / "fractional.dcm";
    write_fractional_segmentation(p.findings, p.volume, given, file, encoding);
    DcmRLEDecoderRegistration::registerCodecs();
    DcmFileFormat format;
    ASSERT_TRUE(format.loadFile(file.c_str()).good());
    DcmDataset& object = *format.getDataset();
    ASSERT_TRUE(object.chooseRepresentation(EXS_LittleEndianExplicit, nullptr).good());
    OFString frames, type;
    object.findAndGetOFString(DCM_NumberOfFrames, frames);
    object.findAndGetOFString(DCM_SegmentationFractionalType, type);
    EXPECT_EQ(frames, "1");
    EXPECT_EQ(type, "PROBABILITY");
    const Uint8* values = nullptr;
    ASSERT_TRUE(object.findAndGetUint8Array(DCM_PixelData, values).good());
    for (std::size_t i = 0; i < pixels; ++i) EXPECT_EQ(values[i], i == 5 ? 0 : i) << i;
  }
}

/// Every form of every case with the labels that it must give back, for tests/judges:
/// OSLER_JUDGE_DIR/segmentation forms/<case>.
TEST(ResultsForJudges, SegmentationForms) {
  const char* place = std::getenv("OSLER_JUDGE_DIR");
  if (place == nullptr) GTEST_SKIP() << "OSLER_JUDGE_DIR is not set";
  for (const Case& c : cases()) {
    const auto folder = std::filesystem::path(place) / "segmentation forms" / c.name;
    const Phantom p = make(c, folder / "source");
    for (const NamedForm& form : forms()) {
      write_segmentation(p.findings, p.labels, p.volume, folder / (std::string(form.name) + ".dcm"),
                         form.form);
    }
    std::vector<float> slice(static_cast<std::size_t>(c.grid.size[0] * c.grid.size[1]));
    const SliceOfSegment probabilities = [&](std::int64_t k, const Segment& segment) {
      const std::uint8_t* from =
          p.labels.labels.data() + static_cast<std::size_t>(k) * slice.size();
      for (std::size_t i = 0; i < slice.size(); ++i) slice[i] = from[i] == segment.number ? 1 : 0;
      return std::span<const float>(slice);
    };
    for (const FormEncoding encoding : {FormEncoding::explicit_little_endian, FormEncoding::rle}) {
      const char* name = encoding == FormEncoding::rle ? "fractional-rle.dcm" : "fractional.dcm";
      write_fractional_segmentation(p.findings, p.volume, probabilities, folder / name, encoding);
    }
    std::ofstream(folder / "labels.raw", std::ios::binary)
        .write(reinterpret_cast<const char*>(p.labels.labels.data()),
               static_cast<std::streamsize>(p.labels.labels.size()));
    std::ofstream(folder / "case.json") << nlohmann::json{{"size", c.grid.size},
                                                          {"index_to_lps", c.grid.index_to_lps.m},
                                                          {"slice_at", c.grid.slice_at},
                                                          {"segments", c.segments}};
  }
}

}  // namespace
}  // namespace osler::objects
