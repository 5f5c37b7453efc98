#include "page/pdf.hpp"

#include <fmt/format.h>

#include "core/version.hpp"
#include "findings/sentences.hpp"
#include "page/pdf_canvas.hpp"

namespace osler::page {
namespace {

constexpr char kDejaVu[] = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
constexpr char kDejaVuBold[] = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf";
constexpr char kDroid[] = "/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf";

const TextStyle kSmall{8, false, {95, 95, 95}};

std::string millilitres(double volume_mm3) {
  return fmt::format("{:.2f}", volume_mm3 / 1000);
}

void add_heading(PdfCanvas& canvas, const Findings& findings, const Identity& identity) {
  canvas.heading(findings.model.title.empty() ? "Imaging measurements" : findings.model.title, 16);
  const std::pair<const char*, const std::string*> lines[] = {
      {"File", &findings.source.file}, {"Patient", &identity.patient_name},
      {"ID", &identity.patient_id},    {"Born", &identity.birth_date},
      {"Sex", &identity.sex},          {"Study", &identity.study_date}};
  for (const auto& [name, value] : lines) {
    if (!value->empty()) canvas.paragraph(fmt::format("{}: {}", name, *value));
  }
}

void add_measurements(PdfCanvas& canvas, const Findings& findings) {
  if (!findings.findings.empty()) {
    canvas.heading("Volumes");
    std::vector<Row> rows;
    for (const Finding& finding : findings.findings) {
      rows.push_back(
          {{finding.label, millilitres(finding.volume_mm3), std::to_string(finding.voxels)},
           !finding.part.has_value()});
    }
    canvas.table({{5}, {1.4, true}, {1.4, true}}, {{"Structure", "Volume, mL", "Voxels"}}, rows);
    canvas.paragraph("Volume is the sum of the voxels' volumes on the images' own grid.", kSmall);
  }
  if (!findings.asymmetries.empty()) {
    canvas.heading("Left against right");
    std::vector<Row> rows;
    for (const Asymmetry& one : findings.asymmetries) {
      rows.push_back({{one.label, fmt::format("{:+.1f} %", 100 * one.index)}});
    }
    canvas.table({{5}, {2.8, true}}, {{"Structure", "Difference"}}, rows);
    canvas.paragraph(
        "Difference is (left - right) / mean of both; positive: the left side is larger. Sides are "
        "those of the images' header.",
        kSmall);
  }
}

void add_evaluations(PdfCanvas& canvas, const Findings& findings) {
  if (findings.evaluations.empty()) return;
  canvas.heading("Classes");
  std::vector<Row> rows;
  for (const Evaluation& e : findings.evaluations) {
    const char* verdict =
        e.present ? (e.nothing_found ? "no other class is present" : "present") : "absent";
    rows.push_back(
        {{label_of(e), probability_text(e.probability),
          e.threshold ? short_number(*e.threshold) : (e.nothing_found ? "-" : "most probable"),
          verdict},
         e.present});
  }
  canvas.table({{4}, {1.4, true}, {1.6, true}, {2}},
               {{"Class", "Probability", "Present from", "Verdict"}}, rows);
  canvas.paragraph(calibration_of(findings.evaluations.front()) + ".", kSmall);
}

void add_no_numbers(PdfCanvas& canvas, const Findings& findings) {
  canvas.heading("No measurements");
  canvas.paragraph(
      "The analysis gives no numbers for these images, because they would not be reliable:");
  for (const std::string& reason : findings.refusals) canvas.bullet(reason);
  if (findings.refusals.empty()) canvas.bullet("The analysis did not finish.");
}

void add_pictures(PdfCanvas& canvas, const Findings& findings,
                  const std::vector<Picture>& pictures) {
  if (pictures.empty()) return;
  canvas.heading("Pictures");
  std::vector<std::string> captions;
  bool outlined = false;
  for (const Picture& picture : pictures) {
    captions.push_back(
        fmt::format("{}, {}{}", picture.name, picture.outlined ? "at " : "", picture.caption));
    outlined = outlined || picture.outlined;
  }
  canvas.pictures(pictures, captions);
  std::vector<LegendItem> items;
  for (const Segment& segment : findings.segments) items.push_back({segment.rgb, segment.label});
  if (outlined) canvas.legend(items);
}

void add_gates(PdfCanvas& canvas, const Findings& findings) {
  if (findings.gates.empty()) return;
  canvas.heading("Quality checks");
  std::vector<Row> rows;
  for (const Gate& gate : findings.gates) {
    const char* verdict =
        gate.passed ? "passed" : (gate.level == GateLevel::refuse ? "failed" : "warning");
    rows.push_back(
        {{gate.name + ": " + gate.meaning, short_number(gate.value), threshold_of(gate), verdict},
         !gate.passed});
  }
  canvas.table({{4}, {1.2, true}, {2.2, true}, {1.2}}, {{"Check", "Value", "Expected", "Verdict"}},
               rows);
}

void add_list(PdfCanvas& canvas, const char* title, const std::vector<std::string>& sentences) {
  if (sentences.empty()) return;
  canvas.heading(title);
  for (const std::string& sentence : sentences) canvas.bullet(sentence);
}

void add_used(PdfCanvas& canvas, const Findings& findings, const Identity& identity) {
  const ModelUse& model = findings.model;
  const SourceSeries& source = findings.source;
  std::vector<std::pair<std::string, std::string>> terms = {
      {"Model", model.title},
      {"Name and version", model.name + " " + model.version},
      {"Package SHA-256", model.digest},
      {"Manufacturer", model.manufacturer},
      {"Licence", model.licence},
      {"Intended use", model.intended_use},
      {"Comparable with", model.protocol},
      {"Device", findings.device},
      {"Program", std::string("osler ") + kVersion}};
  terms.insert(terms.end(), model.parameters.begin(), model.parameters.end());
  const bool is_file = !source.file.empty();
  const std::string& name = is_file ? source.file : identity.series_description;
  terms.emplace_back(is_file ? "Source file" : "Source series",
                     fmt::format("{}{}{}, {} images", source.modality, name.empty() ? "" : " ",
                                 name, source.instances.size()));
  terms.emplace_back("Series Instance UID", source.series_uid);
  terms.emplace_back("Pixels SHA-256", source.pixel_digest);
  terms.emplace_back("Settings SHA-256", findings.configuration_digest);
  if (source.lossy) terms.emplace_back("Compression", "The images were compressed with loss.");
  std::vector<Row> rows;
  for (const auto& [name, value] : terms) {
    if (!value.empty()) rows.push_back({{name, value}});
  }
  canvas.heading("What was used");
  canvas.table({{1.4}, {4}}, {{"Item", "Value"}}, rows);
}

}  // namespace

PdfFonts installed_fonts() {
  PdfFonts fonts;
  std::error_code ignored;
  if (!std::filesystem::exists(kDejaVu, ignored)) return fonts;
  fonts.regular = {kDejaVu};
  fonts.bold = {std::filesystem::exists(kDejaVuBold, ignored) ? kDejaVuBold : kDejaVu};
  if (std::filesystem::exists(kDroid, ignored)) {
    fonts.regular.emplace_back(kDroid);
    fonts.bold.emplace_back(kDroid);
  }
  return fonts;
}

std::string to_pdf(const Findings& findings, const Identity& identity,
                   const std::vector<Picture>& pictures, const PdfFonts& fonts) {
  PdfCanvas canvas(fonts, kUnverified);
  add_heading(canvas, findings, identity);
  if (findings.status == Status::complete) {
    add_measurements(canvas, findings);
    add_evaluations(canvas, findings);
    add_pictures(canvas, findings, pictures);
  } else {
    add_no_numbers(canvas, findings);
  }
  add_gates(canvas, findings);
  std::vector<std::string> warnings;
  for (const Reason& reason : findings.source.warnings) warnings.push_back(reason.detail);
  add_list(canvas, "Warnings on the images", warnings);
  add_used(canvas, findings, identity);
  add_list(canvas, "What was not used", findings.not_used);
  add_list(canvas, "What is not known", findings.model.limits);
  if (canvas.lacked_characters()) {
    canvas.paragraph("Characters that the fonts of this document lack are printed as ?.", kSmall);
  }
  return canvas.finish(fmt::format("Written by osler {}. {}.", kVersion, kUnverified));
}

}  // namespace osler::page
