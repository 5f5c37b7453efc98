#include "report/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/error.hpp"
#include "fhir/fhir.hpp"
#include "objects/encapsulated_pdf.hpp"
#include "objects/identity.hpp"
#include "objects/key_objects.hpp"
#include "objects/presentation_state.hpp"
#include "objects/secondary_capture.hpp"
#include "objects/segmentation.hpp"
#include "objects/segmentation_reader.hpp"
#include "objects/structure_set.hpp"
#include "objects/structured_report.hpp"
#include "page/html.hpp"
#include "page/html_slices.hpp"
#include "page/label_extents.hpp"
#include "page/pdf.hpp"
#include "page/pictures.hpp"
#include "report/findings_json.hpp"
#include "report/label_file.hpp"

namespace osler::report {
namespace {

constexpr char kLabelsFile[] = "labels.nii.gz";

/// In the form of this delivery, or nothing and a warning.
/// @param warnings  of this delivery alone: objects that are the same everywhere do not hold them
objects::SegReference write_labels(const Findings& findings, const LabelMap& labels,
                                   const Volume& volume, const ObjectSet& objects,
                                   const std::filesystem::path& file,
                                   std::vector<Reason>& warnings) {
  objects::SegmentationForm form = *objects.segmentation;
  if (objects.most_frames > 0) {
    const std::size_t frames = objects::count_frames(findings, labels, form);
    const bool beyond = frames > static_cast<std::size_t>(objects.most_frames);
    if (beyond && !objects.beyond) {
      warnings.push_back({"segmentation_left_out",
                          fmt::format("the segmentation has {} frames; this destination takes {}",
                                      frames, objects.most_frames),
                          false});
      return std::nullopt;
    }
    if (beyond) form = *objects.beyond;
  }
  const ObjectIds ids = objects::write_segmentation(findings, labels, volume, file, form);
  objects::verify_against_segmentation(findings, file);
  return ids;
}

/// What objects are made of.
struct Material {
  const Findings& findings;
  const LabelMap* labels;
  const Volume& volume;
  const std::vector<Picture>& pictures;
  const ProbabilitySource* kept;
};

/// Maps of what the model said, or a warning.
void write_maps(const Material& m, Delivery& delivery, std::vector<ObjectIds>& others,
                std::vector<Reason>& warnings) {
  const ObjectSet& objects = delivery.objects;
  if (!objects.uncertainty && !objects.fractional) return;
  if (m.kept == nullptr) {
    warnings.push_back({"no_probabilities", "this model keeps no probabilities to write", false});
    return;
  }
  const std::filesystem::path& folder = delivery.folder.path();
  if (objects.uncertainty) {
    others.push_back(objects::write_parametric_map(
        m.findings, {"uncertainty", "Uncertainty", objects::quantities::kPredictiveEntropy},
        m.volume.grid, m.kept->entropy, folder / "pm-uncertainty.dcm"));
    delivery.files.emplace_back("pm-uncertainty.dcm");
  }
  if (objects.fractional) {
    others.push_back(objects::write_fractional_segmentation(
        m.findings, m.volume, m.kept->of_segment, folder / "seg-fractional.dcm",
        objects::SegmentationForm::Encoding::explicit_little_endian));
    delivery.files.emplace_back("seg-fractional.dcm");
  }
}

/// What shows the segments to those who read no segmentation.
void write_views(const Material& m, const objects::SegReference& segmentation, Delivery& delivery,
                 std::vector<ObjectIds>& others, std::vector<Reason>& warnings) {
  const std::filesystem::path& folder = delivery.folder.path();
  if (delivery.objects.captures) {
    for (const Picture& picture : m.pictures) {
      const std::string name = "sc-" + picture.name + ".dcm";
      others.push_back(
          objects::write_secondary_capture(m.findings, picture, {*segmentation}, folder / name));
      delivery.files.push_back(name);
    }
  }
  if (delivery.objects.structure_set) {
    others.push_back(
        objects::write_structure_set(m.findings, *m.labels, m.volume, folder / "rtstruct.dcm"));
    delivery.files.emplace_back("rtstruct.dcm");
  }
  if (delivery.objects.pdf) {
    std::vector<ObjectIds> shown;
    if (segmentation) shown.push_back(*segmentation);
    others.push_back(objects::write_encapsulated_pdf(
        m.findings, page::to_pdf(m.findings, objects::read_identity(m.findings), m.pictures), shown,
        folder / "report.pdf.dcm"));
    delivery.files.emplace_back("report.pdf.dcm");
  }
  if (delivery.objects.presentation_state) {
    const objects::PresentationState state =
        objects::write_presentation_state(m.findings, *m.labels, m.volume, folder / "pr.dcm");
    if (state.ids) {
      others.push_back(*state.ids);
      delivery.files.emplace_back("pr.dcm");
    } else {
      warnings.push_back({"no_presentation_state", state.why_not, false});
    }
  }
}

/// The DICOM objects of one delivery. The report names all the others, the key objects name the
/// report too.
/// @param segmentation  of an earlier delivery; receives that of this one, if it has one
void write_objects(const Material& m, Delivery& delivery, objects::SegReference& segmentation,
                   std::vector<Reason>& warnings) {
  const std::filesystem::path& folder = delivery.folder.path();
  const ObjectSet& objects = delivery.objects;
  const bool complete = m.findings.status == Status::complete;
  std::vector<ObjectIds> others;
  if (complete && objects.segmentation) {
    if (const auto own =
            write_labels(m.findings, *m.labels, m.volume, objects, folder / "seg.dcm", warnings)) {
      segmentation = own;
      delivery.files.emplace_back("seg.dcm");
    }
  }
  const std::size_t before_report = delivery.files.size();
  if (complete) {
    write_maps(m, delivery, others, warnings);
    write_views(m, segmentation, delivery, others, warnings);
  }
  if (m.findings.status != Status::refused && objects.report) {
    const ObjectIds sr = objects::write_structured_report(
        m.findings, m.volume, segmentation, folder / "sr.dcm", *objects.report, others);
    delivery.files.insert(delivery.files.begin() + static_cast<std::ptrdiff_t>(before_report),
                          "sr.dcm");
    others.insert(others.begin(), sr);
  }
  if (objects.fhir) {
    fhir::FhirReferences references;
    references.segmentation = segmentation;
    const bool has_report = m.findings.status != Status::refused && objects.report;
    if (has_report) references.structured_report = others.front();
    references.others.assign(others.begin() + (has_report ? 1 : 0), others.end());
    references.issued = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    delivery.folder.write(
        "fhir.json",
        fhir::to_fhir(m.findings, objects::read_identity(m.findings), references).dump(2) + "\n");
    delivery.files.emplace_back("fhir.json");
  }
  if (!complete || !objects.key_objects) return;
  if (segmentation) others.insert(others.begin(), *segmentation);
  objects::write_key_objects(m.findings, *m.labels, m.findings.findings, others, folder / "ko.dcm");
  delivery.files.emplace_back("ko.dcm");
}

/// labels.nii.gz, or a warning.
void write_nifti(Findings& findings, const LabelMap& labels, const Volume& volume,
                 Delivery& delivery) {
  if (!labels.grid.is_regular()) {
    findings.source.warnings.push_back(
        {"no_label_file",
         "labels.nii.gz was not written: NIfTI cannot say that slices are unevenly spaced", false});
    return;
  }
  write_label_file(findings, labels, volume, delivery.folder.path() / kLabelsFile);
  delivery.files.emplace_back(kLabelsFile);
}

struct Page {
  const std::vector<Picture>& pictures;
  const page::SliceStack& slices;
  bool wanted;
};

/// What every result has, and the last of it: report.html, unless it is not wanted, and
/// findings.json.
void write_pages(const Findings& findings, const Page& page, std::vector<std::string>& files,
                 StagedFolder& folder) {
  if (page.wanted) {
    folder.write("report.html", page::to_html(findings, objects::read_identity(findings),
                                              page.pictures, page.slices));
    files.emplace_back("report.html");
  }
  files.emplace_back("findings.json");
  // Text out of a package or a path may not be UTF-8: such bytes are replaced, never thrown at.
  folder.write("findings.json",
               to_json(findings, files).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

void write_results(Findings& findings, const LabelMap* labels, const Volume& volume,
                   std::span<Delivery> deliveries, const ProbabilitySource* kept) {
  const bool complete = findings.status == Status::complete;
  if (complete && labels == nullptr) {
    throw Error(ErrorCode::bad_argument, "complete findings without a label map");
  }
  const bool is_file = !findings.source.file.empty();
  std::vector<Picture> pictures;
  page::SliceStack slices;
  std::vector<Findings> said(deliveries.size(), findings);  // with each one's own warnings
  {
    const StageTimer timer(findings.timings, "write");
    if (complete) {
      const page::LabelExtents extents = page::extents_of(*labels);
      pictures = page::draw_pictures(findings, *labels, volume, extents);
      const auto has_page = [](const Delivery& d) { return d.objects.page; };
      if (std::ranges::any_of(deliveries, has_page)) {
        slices = page::draw_slices(findings, *labels, volume, extents);
      }
    }
    objects::SegReference first;
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
      objects::SegReference segmentation = first;
      if (!is_file) {
        write_objects({findings, labels, volume, pictures, kept}, deliveries[i], segmentation,
                      said[i].source.warnings);
      }
      if (i == 0) first = segmentation;
      if (complete && (is_file || deliveries[i].objects.labels)) {
        write_nifti(said[i], *labels, volume, deliveries[i]);
      }
    }
  }
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    said[i].timings = findings.timings;
    write_pages(said[i], {pictures, slices, deliveries[i].objects.page}, deliveries[i].files,
                deliveries[i].folder);
  }
  findings.source.warnings = said.front().source.warnings;
}

void write_evaluations(Findings& findings, const Volume& volume,
                       const std::vector<Picture>& pictures, std::span<Delivery> deliveries) {
  if (findings.source.file.empty()) {
    const StageTimer timer(findings.timings, "write");
    for (Delivery& delivery : deliveries) {
      ObjectSet& objects = delivery.objects;
      // Of segments there are none.
      objects.captures = objects.structure_set = objects.presentation_state = false;
      objects.key_objects = objects.uncertainty = objects.fractional = false;
      objects.segmentation.reset();
      objects::SegReference none;
      std::vector<Reason> warnings;
      write_objects({findings, nullptr, volume, pictures, nullptr}, delivery, none, warnings);
    }
  }
  for (Delivery& delivery : deliveries) {
    write_pages(findings, {pictures, {}, delivery.objects.page}, delivery.files, delivery.folder);
  }
}

}  // namespace osler::report
