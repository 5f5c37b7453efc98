#pragma once
// Grids of phantoms, and reading objects again.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "report_phantom.hpp"

namespace osler::report {

inline const Affine kStraight =
    Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-30, -40, 17});
inline const Affine kOblique = phantom::oblique({0.7, 0.9, 1.6}, {-12.25, 8.5, -71}, 23, -11);
inline const std::vector<double> kUneven{0, 1, 2, 2.5, 3, 4.25, 5.5, 7};

inline DcmDataset& load(DcmFileFormat& format, const std::filesystem::path& file) {
  EXPECT_TRUE(format.loadFile(file.c_str()).good());
  return *format.getDataset();
}

inline std::string text_of(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  item.findAndGetOFStringArray(tag, value);
  return std::string(value.c_str(), value.length());
}

inline std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<DcmItem*> items;
  DcmSequenceOfItems* sequence = nullptr;
  if (item.findAndGetSequence(tag, sequence).bad()) return items;
  for (unsigned long i = 0; i < sequence->card(); ++i) items.push_back(sequence->getItem(i));
  return items;
}

inline DcmItem& only(DcmItem& item, const DcmTagKey& tag) {
  const auto items = items_of(item, tag);
  if (items.size() != 1) throw std::runtime_error("not one item");
  return *items.front();
}

inline std::vector<float> floats_of(DcmItem& item, const DcmTagKey& tag) {
  const Float32* values = nullptr;
  unsigned long count = 0;
  EXPECT_TRUE(item.findAndGetFloat32Array(tag, values, &count).good());
  return {values, values + count};
}

inline std::string name_of(DcmItem& item) {
  const auto names = items_of(item, DCM_ConceptNameCodeSequence);
  return names.empty() ? "" : text_of(*names.front(), DCM_CodeValue);
}

inline phantom::Phantom boxes(const std::filesystem::path& folder, const Grid& grid) {
  return phantom::make(folder, grid,
                       [&](int c, int r, int k) { return phantom::two_boxes(grid.size, c, r, k); });
}

/// A phantom with one label in slice k: so many voxels as `areas` says.
inline phantom::Phantom with_areas(const std::filesystem::path& folder,
                                   const std::vector<int>& areas) {
  return phantom::make(
      folder, Grid{{8, 8, static_cast<std::int64_t>(areas.size())}, kStraight},
      [&](int c, int r, int k) { return 8 * r + c < areas[static_cast<std::size_t>(k)] ? 1 : 0; });
}

}  // namespace osler::report
