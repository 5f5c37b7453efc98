#include "segmentations/segmentation_files.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/version.hpp"
#include "volume/exchange.hpp"

namespace osler::segmentations {
namespace {

constexpr char kSegmentsFile[] = "segments.json";

Json code_json(const Code& code) {
  return {{"value", code.value}, {"scheme", code.scheme}, {"meaning", code.meaning}};
}

Json code_json(const std::optional<Code>& code) {
  return code ? code_json(*code) : Json(nullptr);
}

Json codes_json(const std::vector<Code>& codes) {
  Json all = Json::array();
  for (const Code& code : codes) all.push_back(code_json(code));
  return all;
}

Json segment_json(const StoredSegment& s, const std::vector<std::string>& files) {
  return {{"number", s.number},
          {"label", s.label},
          {"description", s.description},
          {"file", files[s.map]},
          {"value", s.value},
          {"voxels", s.voxels},
          {"volume_mm3", s.volume_mm3},
          {"category", code_json(s.category)},
          {"type", code_json(s.type)},
          {"type_modifiers", codes_json(s.type_modifiers)},
          {"anatomic_region", codes_json(s.regions)},
          {"colour", s.rgb ? Json(*s.rgb) : Json(nullptr)},
          {"tracking_id", s.tracking_id},
          {"tracking_uid", s.tracking_uid},
          {"algorithm_type", s.algorithm_type},
          {"algorithm_name", s.algorithm_name},
          {"interpreted_type", s.interpreted_type}};
}

std::string rule_of(Kind kind) {
  switch (kind) {
    case Kind::fractional:
      return "a voxel belongs to its segment from half of Maximum Fractional Value on";
    case Kind::structure_set:
      return "a voxel belongs to a region if its centre lies inside an odd number of its contours";
    default:
      return "voxels as they are stored";
  }
}

}  // namespace

Json to_json(const Segmentation& segmentation, const std::vector<std::string>& files) {
  Json segments = Json::array(), not_read = Json::array();
  for (const StoredSegment& s : segmentation.segments) segments.push_back(segment_json(s, files));
  for (const NotRead& n : segmentation.not_read) {
    not_read.push_back({{"number", n.number}, {"label", n.label}, {"reason", n.reason}});
  }
  const Grid& grid = segmentation.grid;
  return {{"osler", kVersion},
          {"notice", "Another program's segmentation, converted; unverified."},
          {"kind", to_string(segmentation.kind)},
          {"rule", rule_of(segmentation.kind)},
          {"sop_class_uid", segmentation.sop_class_uid},
          {"sop_instance_uid", segmentation.sop_instance_uid},
          {"series_uid", segmentation.series_uid},
          {"frame_of_reference_uid", segmentation.frame_of_reference_uid},
          {"size", grid.size},
          {"index_to_lps", grid.index_to_lps.m},
          {"files", files},
          {"segments", segments},
          {"not_read", not_read},
          {"warnings", segmentation.warnings}};
}

Json write_segmentation_files(const Segmentation& segmentation, StagedFolder& folder) {
  if (!segmentation.grid.is_regular()) {
    throw Error(ErrorCode::bad_input, "the reference's slices are unevenly spaced",
                "even slices: NIfTI cannot say where the others lie");
  }
  std::vector<std::string> files;
  const std::size_t maps = segmentation.maps.size();
  for (std::size_t i = 0; i < maps; ++i) {
    files.push_back(maps == 1 ? "labels.nii.gz" : fmt::format("labels-{}.nii.gz", i + 1));
    write_nifti_labels(segmentation.maps[i], segmentation.grid, false, folder.path() / files.back(),
                       kConvertedLabels);
  }
  Json json = to_json(segmentation, files);
  // Texts of a header may be no UTF-8, whatever it says: such bytes are replaced, never thrown at.
  folder.write(kSegmentsFile, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return json;
}

}  // namespace osler::segmentations
