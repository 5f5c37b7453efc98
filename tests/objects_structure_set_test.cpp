#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "objects/segmentation.hpp"
#include "objects/structure_set.hpp"
#include "objects_reading.hpp"
#include "throws.hpp"

namespace osler::objects {
namespace {

using phantom::Phantom;

/// Boxes with ragged walls, holes, islands in them, single voxels and diagonal neighbours.
int ragged(const Size3& size, int c, int r, int k) {
  const std::uint32_t noise =
      std::minstd_rand(static_cast<unsigned>(1 + c + 131 * r + 7919 * k))() % 1000;
  const int box = phantom::two_boxes(size, c, r, k);
  if (noise < 150) return 0;
  return noise < 200 ? 1 + static_cast<int>(noise) % 4 : box;
}

/// What the contours of a region enclose, by the even-odd rule, in the slices that they name.
std::vector<std::uint8_t> rasterised(DcmItem& object, const Phantom& p) {
  const Grid& grid = p.labels.grid;
  std::map<std::string, std::int64_t> slice_of;
  for (std::size_t k = 0; k < p.findings.source.instances.size(); ++k) {
    const SliceSource& source = p.findings.source.instances[k];
    slice_of[source.sop_instance_uid + "/" + std::to_string(source.frame)] =
        static_cast<std::int64_t>(k);
  }
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(voxel_count(grid.size)));
  const Affine to_index = inverse(grid.index_to_lps);
  for (DcmItem* region : items_of(object, DCM_ROIContourSequence)) {
    const int number = std::stoi(text_of(*region, DCM_ReferencedROINumber));
    for (DcmItem* contour : items_of(*region, DCM_ContourSequence)) {
      DcmItem* image = items_of(*contour, DCM_ContourImageSequence).at(0);
      const std::string frame = text_of(*image, DCM_ReferencedFrameNumber);
      const std::int64_t k = slice_of.at(text_of(*image, DCM_ReferencedSOPInstanceUID) + "/" +
                                         (frame.empty() ? "1" : frame));
      std::vector<Vec3> points;
      const auto count = std::stoul(text_of(*contour, DCM_NumberOfContourPoints));
      for (unsigned long i = 0; i < count; ++i) {
        Vec3 mm{};
        for (unsigned long a = 0; a < 3; ++a) {
          EXPECT_TRUE(contour->findAndGetFloat64(DCM_ContourData, mm[a], 3 * i + a).good());
        }
        points.push_back(to_index(mm));
        EXPECT_NEAR(points.back()[2], grid.place_of_slice(k), 1e-4);
      }
      for (int r = 0; r < grid.size[1]; ++r) {
        for (int c = 0; c < grid.size[0]; ++c) {
          bool inside = false;
          for (std::size_t i = 0, j = points.size() - 1; i < points.size(); j = i++) {
            const Vec3 &a = points[i], &b = points[j];
            if ((a[1] > r) != (b[1] > r) && c < (b[0] - a[0]) * (r - a[1]) / (b[1] - a[1]) + a[0]) {
              inside = !inside;
            }
          }
          auto& label = labels[static_cast<std::size_t>((k * grid.size[1] + r) * grid.size[0] + c)];
          if (inside) label = static_cast<std::uint8_t>(label ^ number);
        }
      }
    }
  }
  return labels;
}

struct Case {
  const char* name;
  Size3 size;
  Affine affine;
  std::vector<double> slice_at{};
  bool one_file = false;  ///< slices are frames of one instance
};

Phantom make(const Case& c, const std::filesystem::path& folder) {
  Phantom p = phantom::make(folder, Grid{c.size, c.affine, c.slice_at},
                            [&](int x, int y, int z) { return ragged(c.size, x, y, z); });
  if (!c.one_file) return p;
  int frame = 0;
  for (SliceSource& slice : p.findings.source.instances) {
    slice.sop_class_uid = UID_EnhancedMRImageStorage;
    slice.sop_instance_uid = p.findings.source.instances[0].sop_instance_uid;
    slice.frame = ++frame;
  }
  return p;
}

const std::vector<Case> kCases = {
    {"Straight", {17, 19, 5}, kStraight},
    {"Oblique", {31, 22, 6}, kOblique},
    {"Tilted", {15, 20, 8}, phantom::sheared(kOblique, 0.5)},
    {"Uneven", {15, 20, 8}, kOblique, {0, 1, 2, 2.5, 3, 4.25, 5.5, 7}},
    {"UnevenTilted",
     {15, 20, 8},
     phantom::sheared(kStraight, -0.9),
     {0, 1, 2, 2.5, 3, 4.25, 5.5, 7}},
    {"OneFile", {16, 16, 6}, kOblique, {}, true}};

class StructureSetRoundTrip : public ::testing::TestWithParam<Case> {};

TEST_P(StructureSetRoundTrip, LabelsComeBackVoxelForVoxel) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(GetParam(), folder.path / "source");
  write_structure_set(p.findings, p.labels, p.volume, folder.path / "rtstruct.dcm");
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile((folder.path / "rtstruct.dcm").c_str()).good());
  EXPECT_EQ(rasterised(*format.getDataset(), p), p.labels.labels);
}

INSTANTIATE_TEST_SUITE_P(Grids, StructureSetRoundTrip, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(StructureSet, SaysWhatItIs) {
  phantom::TemporaryFolder folder;
  const Size3 size{12, 12, 6};
  const Phantom p = phantom::make(folder.path / "source", size, kStraight, [](int c, int r, int k) {
    return k == 2 && c > 2 && c < 6 && r > 3 && r < 9 ? 3 : 0;
  });
  const ObjectIds ids =
      write_structure_set(p.findings, p.labels, p.volume, folder.path / "rtstruct.dcm");
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile((folder.path / "rtstruct.dcm").c_str()).good());
  DcmItem& object = *format.getDataset();
  EXPECT_EQ(text_of(object, DCM_SOPClassUID), "1.2.840.10008.5.1.4.1.1.481.3");
  EXPECT_EQ(text_of(object, DCM_SOPInstanceUID), ids.sop_instance_uid);
  EXPECT_EQ(text_of(object, DCM_Modality), "RTSTRUCT");
  EXPECT_EQ(text_of(object, DCM_ApprovalStatus), "UNAPPROVED");
  EXPECT_EQ(text_of(object, DCM_StructureSetLabel), "AI, unverified");
  EXPECT_EQ(text_of(object, DCM_SeriesDescription).find("AI, unverified"), 0U);

  const auto regions = items_of(object, DCM_StructureSetROISequence);
  const auto contours = items_of(object, DCM_ROIContourSequence);
  const auto observations = items_of(object, DCM_RTROIObservationsSequence);
  ASSERT_EQ(regions.size(), 4U);
  ASSERT_EQ(contours.size(), 4U);
  ASSERT_EQ(observations.size(), 4U);
  EXPECT_EQ(text_of(*regions[2], DCM_ROINumber), "3");
  EXPECT_EQ(text_of(*regions[2], DCM_ROIName), "Right hippocampus, anterior part");
  EXPECT_EQ(text_of(*regions[2], DCM_ROIGenerationAlgorithm), "AUTOMATIC");
  EXPECT_EQ(text_of(*regions[2], DCM_ReferencedFrameOfReferenceUID),
            p.volume.frame_of_reference_uid);
  EXPECT_EQ(text_of(*observations[2], DCM_RTROIInterpretedType), "ORGAN");
  EXPECT_EQ(text_of(*observations[2], DCM_ROIObservationLabel), "Right hippocampu");

  // By hand: columns 3 to 5 and rows 4 to 8 of slice 2; eight corners, the first below the first
  // voxel's upper side at (3, 3.5): (-30 + 3, -40 + 3.5 * 1.25, 17 + 2 * 2.5).
  EXPECT_EQ(text_of(*contours[2], DCM_ROIDisplayColor), "40\\140\\220");
  EXPECT_TRUE(items_of(*contours[0], DCM_ContourSequence).empty());
  const auto drawn = items_of(*contours[2], DCM_ContourSequence);
  ASSERT_EQ(drawn.size(), 1U);
  EXPECT_EQ(text_of(*drawn[0], DCM_ContourGeometricType), "CLOSED_PLANAR");
  EXPECT_EQ(text_of(*drawn[0], DCM_NumberOfContourPoints), "8");
  EXPECT_EQ(text_of(*drawn[0], DCM_ContourData).find("-27\\-35.625\\22\\"), 0U);
  const auto images = items_of(*drawn[0], DCM_ContourImageSequence);
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(text_of(*images[0], DCM_ReferencedSOPInstanceUID), phantom::uid_of(1002));
  EXPECT_FALSE(images[0]->tagExists(DCM_ReferencedFrameNumber));

  const auto frames = items_of(object, DCM_ReferencedFrameOfReferenceSequence);
  ASSERT_EQ(frames.size(), 1U);
  DcmItem* study = items_of(*frames[0], DCM_RTReferencedStudySequence).at(0);
  EXPECT_EQ(text_of(*study, DCM_ReferencedSOPInstanceUID), p.volume.study_uid);
  DcmItem* series = items_of(*study, DCM_RTReferencedSeriesSequence).at(0);
  EXPECT_EQ(items_of(*series, DCM_ContourImageSequence).size(), 6U);
}

TEST(StructureSet, AContourMayBeLongerThanExplicitVrsHold) {
  phantom::TemporaryFolder folder;
  // A comb: each second column is empty but for one row, so that one outline goes around all teeth.
  const Size3 size{601, 7, 3};
  const Phantom p = phantom::make(folder.path / "source", size, kOblique, [](int c, int r, int k) {
    return k == 1 && (c % 4 < 2 || r == 3) ? 1 : 0;
  });
  write_structure_set(p.findings, p.labels, p.volume, folder.path / "rtstruct.dcm");
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile((folder.path / "rtstruct.dcm").c_str()).good());
  DcmItem& object = *format.getDataset();
  DcmItem* region = items_of(object, DCM_ROIContourSequence).at(0);
  EXPECT_GT(text_of(*items_of(*region, DCM_ContourSequence).at(0), DCM_ContourData).size(), 65534U);
  EXPECT_EQ(rasterised(object, p), p.labels.labels);
}

TEST(StructureSet, RefusesWhatDoesNotMatch) {
  phantom::TemporaryFolder folder;
  const Phantom p =
      phantom::make(folder.path / "source", {4, 4, 3}, kStraight, [](int, int, int) { return 4; });
  const auto write = [&](const Phantom& changed) {
    write_structure_set(changed.findings, changed.labels, changed.volume, folder.path / "x.dcm");
  };
  using osler::testing::expect_error;
  expect_error(ErrorCode::bad_argument, "no segment", [&] {
    Phantom q =
        phantom::make(folder.path / "q", {4, 4, 3}, kStraight, [](int, int, int) { return 4; });
    q.labels.labels[5] = 5;
    write(q);
  });
  expect_error(ErrorCode::bad_argument, "without a segment", [&] {
    Findings none = p.findings;
    none.segments.clear();
    write_structure_set(none, p.labels, p.volume, folder.path / "x.dcm");
  });
  expect_error(ErrorCode::bad_argument, "match", [&] {
    LabelMap other = p.labels;
    other.grid.size = {4, 3, 4};
    write_structure_set(p.findings, other, p.volume, folder.path / "x.dcm");
  });
  EXPECT_FALSE(std::filesystem::exists(folder.path / "x.dcm"));
}

/// Structure sets for tests/judges/check_structure_sets.py: OSLER_JUDGE_DIR/<name> holds
/// rtstruct.dcm and, of the same labels, seg.dcm; its folder source the images.
TEST(StructureSetsForJudges, OfAwkwardSeries) {
  const char* place = std::getenv("OSLER_JUDGE_DIR");
  if (place == nullptr) GTEST_SKIP() << "OSLER_JUDGE_DIR is not set";
  for (const Case& c : kCases) {
    const std::filesystem::path folder = std::filesystem::path(place) / c.name;
    const Phantom p = make(c, folder / "source");
    write_structure_set(p.findings, p.labels, p.volume, folder / "rtstruct.dcm");
    write_segmentation(p.findings, p.labels, p.volume, folder / "seg.dcm");
  }
}

}  // namespace
}  // namespace osler::objects
