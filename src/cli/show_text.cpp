#include "cli/show_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "cli/show_words.hpp"
#include "core/printable.hpp"

namespace osler::cli {
namespace {

using reading::Result;

constexpr std::size_t kMostProblems = 50;

void line(const char* name, const std::string& value) {
  if (!value.empty()) fmt::print("  {:<13}{}\n", name, value);
}

std::string title_of(const Result& result) {
  if (result.report && result.report->title) return meaning_of(result.report->title);
  if (result.key_objects && result.key_objects->title) {
    return meaning_of(result.key_objects->title);
  }
  if (result.segmentation) return "Segmentation";
  return result.object.sop_class.empty() ? "DICOM object" : printable(result.object.sop_class);
}

void print_object(const Result& result, bool with_patient) {
  const reading::ObjectSummary& o = result.object;
  const std::string klass = o.sop_class.empty() ? o.sop_class_uid : o.sop_class;
  fmt::print("{}\n", title_of(result));
  line("object", joined({printable(klass), printable(o.modality)}));
  if (with_patient) {
    line("patient", joined({printable(o.patient.name), printable(o.patient.id),
                            date_time_words(o.patient.birth_date, ""), printable(o.patient.sex)}));
  }
  line("study", joined({printable(o.study_uid), date_time_words(o.study_date, o.study_time),
                        printable(o.study_description)}));
  line("series", joined({printable(o.series_uid), printable(o.series_number),
                         printable(o.series_description)}));
  line("instance", joined({printable(o.sop_instance_uid), printable(o.instance_number)}));
  line("content", joined({date_time_words(o.content_date, o.content_time), printable(o.timezone),
                          printable(o.content_label), printable(o.content_description)}));
  line("created by", printable(o.content_creator));
  std::vector<std::string> equipment{printable(o.manufacturer), printable(o.model)};
  for (const std::string& version : o.software_versions) equipment.push_back(printable(version));
  line("equipment", joined(equipment));
  line("institution", printable(o.institution));
}

void print_document(const reading::DocumentState& d) {
  line("state", joined({printable(d.completion), printable(d.verification),
                        printable(d.preliminary), printable(d.completion_description)}));
  for (const reading::VerifyingObserver& o : d.verifying_observers) {
    line("verified by",
         joined({printable(o.name), printable(o.organisation), date_time_words(o.date_time)}));
  }
  for (const reading::Evidence& p : d.predecessors) {
    line("follows", printable(p.object.sop_instance_uid));
  }
  std::set<std::string> series;
  for (const auto* list : {&d.evidence, &d.other_evidence}) {
    for (const reading::Evidence& e : *list) series.insert(e.series_uid);
  }
  const std::size_t instances = d.evidence.size() + d.other_evidence.size();
  if (instances > 0) {
    line("evidence",
         fmt::format("{} of {}",
                     instances == 1 ? "1 instance" : fmt::format("{} instances", instances),
                     fmt::format("{} series", series.size())));
  }
}

std::string numbers_words(const std::vector<double>& numbers) {
  std::vector<std::string> words;
  for (const double n : numbers) words.push_back(fmt::format("{:.6g}", n));
  return joined(words, " x ");
}

void print_segmentation(const reading::SegmentationSummary& s) {
  line("type", joined({printable(s.type), printable(s.fractional_type),
                       s.overlap.empty() ? "" : "overlap " + printable(s.overlap),
                       s.tiled ? "tiled" : ""}));
  std::string grid = fmt::format("{} columns x {} rows, {} frames", s.columns, s.rows, s.frames);
  if (!s.pixel_spacing_mm.empty()) {
    grid += fmt::format(", pixels {} mm", numbers_words(s.pixel_spacing_mm));
  }
  if (s.slice_spacing_mm) grid += fmt::format(", slices every {:.6g} mm", *s.slice_spacing_mm);
  if (s.slice_thickness_mm) grid += fmt::format(", {:.6g} mm thick", *s.slice_thickness_mm);
  line("grid", grid);
  line("frame of ref", printable(s.frame_of_reference_uid));
  std::set<std::string> series;
  for (const reading::Evidence& e : s.sources) series.insert(e.series_uid);
  for (const std::string& uid : series) line("source", "series " + printable(uid));

  fmt::print("\nSegments\n");
  std::vector<std::vector<std::string>> rows{{"#", "label", "category", "type", "algorithm",
                                              "colour", "frames", "voxels", "volume mm3",
                                              "centroid mm (LPS)"}};
  for (const reading::SegmentSummary& segment : s.segments) {
    std::vector<std::string> type{meaning_of(segment.type)};
    for (const Code& modifier : segment.type_modifiers) type.push_back(meaning_of(modifier));
    if (segment.region) type.push_back(meaning_of(segment.region));
    for (const Code& modifier : segment.region_modifiers) type.push_back(meaning_of(modifier));
    std::string centroid, colour;
    if (segment.centroid_mm) {
      const Vec3& c = *segment.centroid_mm;
      centroid = fmt::format("{:.1f} {:.1f} {:.1f}", c[0], c[1], c[2]);
    }
    if (segment.colour) {
      const auto& c = *segment.colour;
      colour = fmt::format("#{:02x}{:02x}{:02x}", c[0], c[1], c[2]);
    }
    rows.push_back({std::to_string(segment.number), printable(segment.label),
                    meaning_of(segment.category), joined(type),
                    joined({printable(segment.algorithm_type), printable(segment.algorithm_name),
                            printable(segment.algorithm_version)}),
                    colour, segment.frames ? std::to_string(*segment.frames) : "-",
                    segment.voxels ? std::to_string(*segment.voxels) : "-",
                    segment.volume_mm3 ? fmt::format("{:.1f}", *segment.volume_mm3) : "-",
                    centroid.empty() ? "-" : centroid});
  }
  print_table(rows);
}

void print_details(const std::vector<reading::Detail>& details) {
  for (const reading::Detail& detail : details) {
    std::vector<std::string> values;
    for (const std::string& value : detail.values) values.push_back(printable(value));
    std::string name = detail.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    fmt::print("  {}: {}\n", name, joined(values));
  }
}

void print_problems(const std::vector<reading::Problem>& problems) {
  if (problems.empty()) return;
  fmt::print("\nNot understood\n");
  for (std::size_t i = 0; i < problems.size() && i < kMostProblems; ++i) {
    fmt::print("  {}: {}\n", printable(problems[i].where), problems[i].what);
  }
  if (problems.size() > kMostProblems) {
    fmt::print("  and {} more (--json lists all)\n", problems.size() - kMostProblems);
  }
}

}  // namespace

void print_result(const Result& result, const ShowOptions& options) {
  print_object(result, options.with_patient);
  if (result.document) print_document(*result.document);
  if (result.report) print_report(*result.report);
  if (result.key_objects) print_key_objects(*result.key_objects);
  if (result.segmentation) print_segmentation(*result.segmentation);
  print_details(result.details);
  if (options.tree && result.content) print_tree(result.content->root, options.with_patient);
  print_problems(result.problems);
}

}  // namespace osler::cli
