#pragma once
// What `osler convert` did, for people and as JSON (docs/schema/convert.schema.json).

#include <filesystem>
#include <optional>
#include <vector>

#include "cli/convert_inputs.hpp"
#include "core/json.hpp"
#include "objects/image_series.hpp"

namespace osler::cli {

struct Converted {
  std::filesystem::path file;  ///< of a DICOM series: its folder
  const ConvertVolume* volume = nullptr;
  Grid grid;  ///< as written: of uneven slices the even ones, but in DICOM
  std::optional<objects::ImageSeries> series;
};

struct ConvertOutcome {
  std::vector<Converted> written;
  std::vector<NotConverted> not_written;
  int exit_code = 0;
};

Json to_json(const ConvertOutcome& outcome, const dicom::ScanResult& scanned);
void print_outcome(const ConvertOutcome& outcome, const dicom::ScanResult& scanned);

}  // namespace osler::cli
