#pragma once
// Files of tests, read as `osler convert` reads them.

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/error.hpp"
#include "dicom/scan.hpp"
#include "findings_phantom.hpp"
#include "segmentation_bytes.hpp"
#include "segmentations/segmentations.hpp"

namespace osler::segmentations {

using Voxels = std::vector<std::uint8_t>;

inline Segmentation read(const std::filesystem::path& file,
                         const std::vector<Reference>& references = {},
                         const dicom::Limits& limits = {}) {
  const std::vector<std::filesystem::path> inputs{file};
  const dicom::ScanResult scanned = dicom::scan(inputs, limits);
  if (scanned.studies.empty()) throw Error(ErrorCode::bad_input, "nothing was read");
  const dicom::Instance& instance = scanned.studies[0].series[0].instances[0];
  return is_structure_set(instance) ? read_structure_set(instance, references, limits)
                                    : read_segmentation(instance, references, limits);
}

inline Segmentation read(const osler::testing::StoredSeg& seg,
                         const std::vector<Reference>& references = {},
                         const dicom::Limits& limits = {}) {
  const phantom::TemporaryFolder folder;
  osler::testing::write(seg, folder.path / "seg.dcm");
  return read(folder.path / "seg.dcm", references, limits);
}

}  // namespace osler::segmentations
