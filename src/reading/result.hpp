#pragma once
// Any result object, ours or another maker's, read for people and programs.

#include <filesystem>
#include <optional>
#include <vector>

#include "core/json.hpp"
#include "reading/content_tree.hpp"
#include "reading/document.hpp"
#include "reading/measurement_report.hpp"
#include "reading/object.hpp"
#include "reading/segmentation_summary.hpp"

namespace osler::reading {

struct Result {
  ObjectSummary object;
  std::optional<DocumentState> document;            ///< of an SR or Key Object Selection
  std::optional<ContentTree> content;               ///< of these two; its problems are moved below
  std::optional<MeasurementReport> report;          ///< of an SR
  std::optional<KeyObjects> key_objects;            ///< of a Key Object Selection
  std::optional<SegmentationSummary> segmentation;  ///< of a segmentation
  std::vector<Detail> details;                      ///< of anything else
  std::vector<Problem> problems;
};

/// @throws Error bad_input: cannot be read, no DICOM file, damaged, or over the limits
Result read_result(const std::filesystem::path& file, const dicom::Limits& limits = {});

/// docs/show.md, docs/schema/show.schema.json.
/// @param with_patient  false: neither the header's patient nor what the content says of who that
/// is (names_patient); the value is then null and `withheld` true
Json to_json(const Result& result, bool with_patient);

}  // namespace osler::reading
