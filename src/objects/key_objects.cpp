#include "objects/key_objects.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "core/error.hpp"
#include "objects/content_items.hpp"
#include "objects/elements.hpp"
#include "objects/result_references.hpp"

namespace osler::objects {
namespace {

using enum Relationship;

const Code kOfInterest{"113000", "DCM", "Of Interest"};
const Code kDescription{"113012", "DCM", "Key Object Description"};

/// [slice][label]: voxels.
std::vector<std::array<std::int64_t, 256>> count_voxels(const LabelMap& labels) {
  const auto area = static_cast<std::size_t>(labels.grid.size[0] * labels.grid.size[1]);
  std::vector<std::array<std::int64_t, 256>> counts(static_cast<std::size_t>(labels.grid.size[2]));
  const auto slices = static_cast<std::ptrdiff_t>(counts.size());
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t k = 0; k < slices; ++k) {
    const auto slice = static_cast<std::size_t>(k);
    std::array<std::int64_t, 256> count{};
    for (std::size_t i = slice * area; i < (slice + 1) * area; ++i) ++count[labels.labels[i]];
    counts[slice] = count;
  }
  return counts;
}

struct Selection {
  std::vector<std::size_t> slices;  ///< different ones, in the order of their findings
  std::vector<std::string> shown;   ///< labels of findings
  std::size_t findings = 0;         ///< that have a voxel
};

Selection select(const LabelMap& labels, std::span<const Finding> chosen) {
  const auto counts = count_voxels(labels);
  Selection selection;
  for (const Finding& finding : chosen) {
    std::int64_t most = 0;
    std::size_t best = 0;
    for (std::size_t k = 0; k < counts.size(); ++k) {
      std::int64_t voxels = 0;
      for (const int segment : finding.segments) {
        if (segment > 0 && segment < 256) voxels += counts[k][static_cast<std::size_t>(segment)];
      }
      if (voxels > most) {
        most = voxels;
        best = k;
      }
    }
    if (most == 0) continue;
    ++selection.findings;
    const bool there = std::ranges::find(selection.slices, best) != selection.slices.end();
    if (!there && selection.slices.size() == kMostKeyImages) continue;
    if (!there) selection.slices.push_back(best);
    selection.shown.push_back(finding.label);
  }
  return selection;
}

std::string description_of(const Selection& selection) {
  if (selection.slices.empty()) return "AI, unverified: results of an automatic analysis.";
  return fmt::format("AI, unverified: slices with the largest area of {} of {} findings: {}.",
                     selection.shown.size(), selection.findings, fmt::join(selection.shown, "; "));
}

void put_document(DcmItem& object) {
  put_content_time(object);
  put_empty_sequence(object, DCM_ReferencedPerformedProcedureStepSequence);
}

}  // namespace

ObjectIds write_key_objects(const Findings& findings, const LabelMap& labels,
                            std::span<const Finding> chosen, std::span<const ObjectIds> results,
                            const std::filesystem::path& file) {
  const std::vector<SliceSource>& instances = findings.source.instances;
  if (static_cast<std::int64_t>(labels.labels.size()) != voxel_count(labels.grid.size) ||
      static_cast<std::int64_t>(instances.size()) != labels.grid.size[2]) {
    throw Error(ErrorCode::bad_argument, "labels and source slices do not match");
  }
  const Selection selection = select(labels, chosen);
  if (selection.slices.empty() && results.empty()) {
    throw Error(ErrorCode::bad_argument, "a selection of nothing");
  }
  const auto header = read_source_header(findings);
  DcmItem& source = *header->getDataset();
  DcmFileFormat object;
  DcmItem& root = *object.getDataset();
  const ObjectKind kind{.sop_class_uid = kKeyObjectStorage,
                        .modality = "KO",
                        .role = role_naming("ko", results),
                        .series_role = "ko",
                        .series_description = "AI, unverified: key objects",
                        .series_offset = 12};
  ObjectIds ids = put_common_modules(root, source, findings, kind);
  put_document(root);
  put_container(root, kOfInterest, "2010");
  add_device_context(root, findings);
  add_text_item(root, contains, kDescription, description_of(selection));
  const bool multi_frame = is_multi_frame(findings);
  std::vector<SliceSource> images;
  for (const std::size_t k : selection.slices) {
    const SliceSource& slice = instances[k];
    images.push_back(slice);
    ImageReference image{slice.sop_class_uid, slice.sop_instance_uid, {}, {}};
    if (multi_frame) image.frames = {slice.frame};
    add_image_item(root, std::nullopt, image);
  }
  for (const ObjectIds& result : results) {
    if (is_image(result.sop_class_uid)) {
      add_image_item(root, std::nullopt, {result.sop_class_uid, result.sop_instance_uid, {}, {}});
    } else {
      add_composite_item(root, std::nullopt, result.sop_class_uid, result.sop_instance_uid);
    }
  }
  put_evidence(root, findings, images, results);
  save(object, file);
  return ids;
}

}  // namespace osler::objects
