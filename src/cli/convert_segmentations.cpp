#include "cli/convert_segmentations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/listing.hpp"
#include "cli/terminal.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "core/printable.hpp"
#include "report/findings_json.hpp"
#include "segmentations/segmentation_files.hpp"
#include "segmentations/segmentations.hpp"

namespace osler::cli {
namespace fs = std::filesystem;
namespace {

using segmentations::Reference;

std::vector<const dicom::Instance*> wanted_objects(const ConvertOptions& options,
                                                   const dicom::ScanResult& scanned) {
  std::vector<const dicom::Instance*> objects;
  for (const dicom::Study& study : scanned.studies) {
    for (const dicom::Series& series : study.series) {
      if (!options.series_uid.empty() && series.uid != options.series_uid) continue;
      for (const dicom::Instance& instance : series.instances) objects.push_back(&instance);
    }
  }
  if (objects.empty()) {
    throw Error(ErrorCode::bad_input, "the input holds no series " + options.series_uid, {},
                "'osler inspect' lists the series");
  }
  return objects;
}

std::vector<Reference> find_references(const ConvertOptions& options) {
  std::vector<Reference> references;
  if (options.references.empty()) return references;
  const dicom::ScanResult scanned =
      dicom::scan(options.references, options.limits, terminal_progress());
  end_progress();
  std::string reasons;
  for (const dicom::Study& study : scanned.studies) {
    for (const dicom::Series& series : study.series) {
      const SeriesPlan plan = plan_series(series, options.limits, options.policy);
      for (const Reason& reason : plan.reasons) {
        if (reason.refuses) reasons += (reasons.empty() ? "" : "; ") + reason.detail;
      }
      if (plan.verdict() == Verdict::refused) continue;
      for (const VolumePlan& volume : plan.volumes) {
        const dicom::Instance& first = *volume.slices.front().instance;
        references.push_back({series.uid, first.frame_of_reference_uid, volume.grid});
      }
    }
  }
  if (references.empty()) {
    throw Error(ErrorCode::bad_input, "--reference holds no series that can be used", reasons);
  }
  return references;
}

bool is_label_file(const std::string& name) {
  return name.starts_with("labels") && name.ends_with(".nii.gz");
}

Json convert_one(const dicom::Instance& object, std::span<const Reference> references,
                 const ConvertOptions& options, const fs::path& target) {
  const segmentations::Segmentation read =
      segmentations::is_structure_set(object)
          ? segmentations::read_structure_set(object, references, options.limits)
          : segmentations::read_segmentation(object, references, options.limits);
  StagedFolder folder(target);
  std::vector<std::string> earlier;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(target, ignored)) {
    const std::string name = entry.path().filename().string();
    if (is_label_file(name)) earlier.push_back(name);
  }
  Json json = segmentations::write_segmentation_files(read, folder);
  folder.supersede(std::move(earlier));
  folder.commit();
  return json;
}

void print_one(const Json& json, const fs::path& target) {
  fmt::print("{}  {} {} x {} x {}: {} segments in {} file{}\n", printable(target.string()),
             json["kind"].get<std::string>(), json["size"][0].get<std::int64_t>(),
             json["size"][1].get<std::int64_t>(), json["size"][2].get<std::int64_t>(),
             json["segments"].size(), json["files"].size(), json["files"].size() == 1 ? "" : "s");
  for (const Json& not_read : json["not_read"]) {
    fmt::print("  not read: region {}: {}\n", not_read["number"].get<int>(),
               printable(not_read["reason"].get<std::string>()));
  }
  for (const Json& warning : json["warnings"]) {
    fmt::print("  warning: {}\n", printable(warning.get<std::string>()));
  }
}

void check_options(const ConvertOptions& options) {
  if (options.to != "nifti") {
    throw Error(ErrorCode::usage, "--to " + options.to + " does not write segmentations",
                "--to nifti");
  }
  if (options.out.extension() == ".nii" || options.out.extension() == ".gz" ||
      fs::is_regular_file(options.out)) {
    throw Error(ErrorCode::usage, "--out names a file", "a folder for labels and segments.json");
  }
}

}  // namespace

bool holds_only_segmentations(const dicom::ScanResult& scanned) {
  bool any = false;
  for (const dicom::Study& study : scanned.studies) {
    for (const dicom::Series& series : study.series) {
      for (const dicom::Instance& instance : series.instances) {
        any = true;
        if (!segmentations::is_segmentation(instance) &&
            !segmentations::is_structure_set(instance)) {
          return false;
        }
      }
    }
  }
  return any;
}

int convert_segmentations(const ConvertOptions& options, const dicom::ScanResult& scanned) {
  check_options(options);
  const std::vector<const dicom::Instance*> objects = wanted_objects(options, scanned);
  const std::vector<Reference> references = find_references(options);
  Json written = Json::array(), not_written = Json::array();
  bool partly = std::any_of(scanned.unreadable.begin(), scanned.unreadable.end(),
                            [](const dicom::Unreadable& u) { return u.is_dicom; });
  for (const dicom::Instance* object : objects) {
    const fs::path target =
        objects.size() == 1 ? options.out : options.out / object->sop_instance_uid;
    try {
      Json json = convert_one(*object, references, options, target);
      partly = partly || !json["not_read"].empty();
      if (!options.json) print_one(json, target);
      Json entry{{"folder", target.string()}};
      entry.update(json);
      written.push_back(std::move(entry));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::bad_input) throw;
      partly = true;
      if (!options.json) {
        fmt::print("not written: {}: {}\n", printable(object->file.name), printable(error.what()));
      }
      not_written.push_back({{"source", report::source_json(object->file.string())},
                             {"sop_instance_uid", object->sop_instance_uid},
                             {"reason", error.what()}});
    }
  }
  const int code = written.empty() ? kExitBadInput : (partly ? kExitPartial : kExitOk);
  if (options.json) {
    const Json all{{"segmentations", written},
                   {"not_written", not_written},
                   {"unreadable", unreadable_json(scanned.unreadable)},
                   {"exit_code", code}};
    fmt::print("{}\n", all.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_unreadable(scanned.unreadable);
  }
  return code;
}

}  // namespace osler::cli
