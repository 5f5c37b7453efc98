// Damaged copies of whatever is read.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "objects/segmentation.hpp"
#include "objects/structure_set.hpp"
#include "segmentations_reading.hpp"

namespace osler::segmentations {
namespace {

namespace fs = std::filesystem;
using osler::testing::StoredSeg;
using phantom::kOblique;
using phantom::Phantom;
using phantom::TemporaryFolder;

/// Reads a damaged copy: a result or an Error, nothing else. @return whether there was a result
bool survives(const std::string& bytes, const fs::path& file,
              const std::vector<Reference>& references) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  dicom::Limits limits;
  limits.max_volume_bytes = 16 << 20;
  limits.max_frame_bytes = 4 << 20;
  try {
    const Segmentation s = read(file, references, limits);
    for (const StoredSegment& segment : s.segments) EXPECT_LT(segment.map, s.maps.size());
    for (const Voxels& map : s.maps) {
      EXPECT_EQ(static_cast<std::int64_t>(map.size()), voxel_count(s.grid.size));
    }
    return true;
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::internal) << error.what();
    EXPECT_NE(error.code(), ErrorCode::bad_argument) << error.what();
    return false;
  }
}

TEST(Damage, NeverCrashes) {
  const TemporaryFolder folder;
  const Phantom p = phantom::make(folder.path / "source", {9, 11, 5}, kOblique,
                                  [](int c, int r, int k) { return k == 2 ? 0 : (c + r) / 5; });
  const std::vector<Reference> references = {
      {p.volume.series_uid, p.volume.frame_of_reference_uid, p.labels.grid}};
  objects::write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  objects::write_structure_set(p.findings, p.labels, p.volume, folder.path / "rtstruct.dcm");
  StoredSeg labels;
  labels.type = "LABELMAP";
  labels.bits = 16;
  labels.segments = {1, 300};
  labels.frames = {{0, 10, {1, 0, 300, 0, 1, 1, 0, 0, 0}}, {0, 15, {1, 0, 300, 0, 1, 1, 0, 0, 0}}};
  osler::testing::write(labels, folder.path / "labels.dcm");
  std::mt19937 random(77);
  for (const char* name : {"seg.dcm", "rtstruct.dcm", "labels.dcm"}) {
    std::ifstream in(folder.path / name, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    const std::vector<Reference> on =
        std::string(name) == "rtstruct.dcm" ? references : std::vector<Reference>{};
    ASSERT_TRUE(survives(whole, folder.path / "copy.dcm", on));
    int read = 0, refused = 0;
    for (int i = 0; i < 150; ++i) {
      (survives(whole.substr(0, random() % whole.size()), folder.path / "copy.dcm", on)
           ? read
           : refused)++;
    }
    for (int i = 0; i < 1500; ++i) {
      std::string flipped = whole;
      for (unsigned n = 1 + random() % 8; n > 0; --n) {
        auto& byte = flipped[random() % flipped.size()];
        byte = static_cast<char>(byte ^ (1 << random() % 8));
      }
      (survives(flipped, folder.path / "copy.dcm", on) ? read : refused)++;
    }
    EXPECT_GT(read, 50) << name;
    EXPECT_GT(refused, 50) << name;
  }
}

}  // namespace
}  // namespace osler::segmentations
