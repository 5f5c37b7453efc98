#pragma once
// Grids of phantoms, and reading objects again.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "findings_phantom.hpp"

namespace osler::objects {

using phantom::boxes;
using phantom::kOblique;
using phantom::kStraight;

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

/// Code Value of a sequence of codes; empty if there is none.
inline std::string code_of(DcmItem& item, const DcmTagKey& sequence) {
  const auto codes = items_of(item, sequence);
  return codes.empty() ? "" : text_of(*codes.front(), DCM_CodeValue);
}

inline std::string name_of(DcmItem& item) {
  return code_of(item, DCM_ConceptNameCodeSequence);
}

/// A phantom with one label in slice k: so many voxels as `areas` says.
inline phantom::Phantom with_areas(const std::filesystem::path& folder,
                                   const std::vector<int>& areas) {
  return phantom::make(
      folder, Grid{{8, 8, static_cast<std::int64_t>(areas.size())}, kStraight},
      [&](int c, int r, int k) { return 8 * r + c < areas[static_cast<std::size_t>(k)] ? 1 : 0; });
}

}  // namespace osler::objects
