#include "report/html.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/ofstd/ofstd.h>
#include <fmt/format.h>

#include <cctype>

#include "core/version.hpp"
#include "report/html_evaluations.hpp"
#include "report/html_style.hpp"
#include "report/sentences.hpp"

namespace osler::report {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

/// Length of the UTF-8 sequence at the start of text, 0 if it is not one.
std::size_t sequence_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  std::size_t length = 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) length = 2;
  if (first >= 0xE0 && first < 0xF0) length = 3;
  if (first >= 0xF0 && first < 0xF5) length = 4;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  return length;
}

std::string base64(const std::vector<std::uint8_t>& bytes) {
  OFString text;
  OFStandard::encodeBase64(bytes.data(), bytes.size(), text);
  return std::string(text.c_str(), text.length());
}

std::string millilitres(double volume_mm3) {
  return fmt::format("{:.2f}", volume_mm3 / 1000);
}

/// One row: the findings of one structure or part, left and right.
struct Row {
  std::string label;
  bool part = false;
  const Finding* left = nullptr;
  const Finding* right = nullptr;
  const Finding* unpaired = nullptr;
  Code code;
  std::optional<Code> part_code;
};

// SNOMED CT
constexpr char kLeft[] = "7771000", kRight[] = "24028007";

bool is_side(const Finding& finding, const char* code) {
  return finding.laterality && finding.laterality->value == code;
}

/// Is it the only structure of its code on its side, and does no more than one face it?
bool is_one_of_a_pair(const Findings& findings, const Finding& finding) {
  int left = 0, right = 0;
  for (const Finding& other : findings.findings) {
    if (other.code != finding.code || other.part != finding.part) continue;
    left += is_side(other, kLeft) ? 1 : 0;
    right += is_side(other, kRight) ? 1 : 0;
  }
  return left <= 1 && right <= 1;
}

std::vector<Row> rows_of(const Findings& findings) {
  std::vector<Row> rows;
  for (const Finding& finding : findings.findings) {
    const bool paired = is_one_of_a_pair(findings, finding);
    const bool left = paired && is_side(finding, kLeft), right = paired && is_side(finding, kRight);
    Row* row = nullptr;
    for (Row& known : rows) {
      if ((left || right) && known.unpaired == nullptr && known.code == finding.code &&
          known.part_code == finding.part) {
        row = &known;
      }
    }
    if (row == nullptr) {
      std::string label = left || right ? finding.code.meaning : finding.label;
      if ((left || right) && finding.part) {
        std::string part = finding.part->meaning;
        if (!part.empty()) part[0] = static_cast<char>(std::tolower(part[0]));
        label += ", " + part + " part";
      }
      rows.push_back({.label = label,
                      .part = finding.part.has_value(),
                      .left = nullptr,
                      .right = nullptr,
                      .unpaired = nullptr,
                      .code = finding.code,
                      .part_code = finding.part});
      row = &rows.back();
    }
    (left ? row->left : (right ? row->right : row->unpaired)) = &finding;
  }
  return rows;
}

std::string cell(const std::string& text) {
  return "<td class=\"n\">" + escaped(text) + "</td>";
}

std::string row_begin(const Row& row) {
  return fmt::format("<tr class=\"{}\"><td>{}</td>", row.part ? "part" : "whole",
                     escaped(row.label));
}

std::string paired_row(const Row& row) {
  const auto volume = [](const Finding* f) { return f ? millilitres(f->volume_mm3) : "-"; };
  const auto voxels = [](const Finding* f) { return f ? std::to_string(f->voxels) : "-"; };
  std::string difference = "-";
  if (row.left != nullptr && row.right != nullptr) {
    const double mean = (row.left->volume_mm3 + row.right->volume_mm3) / 2;
    if (mean > 0) {
      difference =
          fmt::format("{:+.1f} %", 100 * (row.left->volume_mm3 - row.right->volume_mm3) / mean);
    }
  }
  return row_begin(row) + cell(volume(row.left)) + cell(volume(row.right)) + cell(difference) +
         cell(voxels(row.left) + " / " + voxels(row.right)) + "</tr>\n";
}

std::string unpaired_row(const Row& row) {
  return row_begin(row) + cell(millilitres(row.unpaired->volume_mm3)) +
         cell(std::to_string(row.unpaired->voxels)) + "</tr>\n";
}

/// Structures with sides, and those that have none.
std::string measurements(const Findings& findings) {
  std::string paired, unpaired;
  for (const Row& row : rows_of(findings)) {
    row.unpaired == nullptr ? paired += paired_row(row) : unpaired += unpaired_row(row);
  }
  std::string html = "<h2>Volumes</h2>\n";
  if (!paired.empty()) {
    html +=
        "<table><thead><tr><th>Structure</th><th class=\"n\">Left, mL</th>"
        "<th class=\"n\">Right, mL</th><th class=\"n\">Difference</th>"
        "<th class=\"n\">Voxels, left / right</th></tr></thead><tbody>\n" +
        paired + "</tbody></table>\n";
  }
  if (!unpaired.empty()) {
    html +=
        "<table><thead><tr><th>Structure</th><th class=\"n\">Volume, mL</th>"
        "<th class=\"n\">Voxels</th></tr></thead><tbody>\n" +
        unpaired + "</tbody></table>\n";
  }
  html += "<p class=\"faint\">Volume is the sum of the voxels' volumes on the images' own grid.";
  if (!paired.empty()) {
    html +=
        " Difference is (left - right) / mean of both; positive: the left side is larger. Sides "
        "are those of the images' header.";
  }
  return html + "</p>\n";
}

std::string figures(const std::vector<Picture>& pictures) {
  if (pictures.empty()) return "";
  std::string html = "<h2>Pictures</h2>\n<div class=\"figures\">\n";
  for (const Picture& picture : pictures) {
    html += fmt::format(
        "<figure><img alt=\"{0}{1}\" width=\"{2}\" height=\"{3}\" "
        "src=\"data:image/png;base64,{4}\"><figcaption>{0}, {5}{6}</figcaption></figure>\n",
        escaped(picture.name), picture.outlined ? " plane with outlines" : "", picture.width,
        picture.height, base64(to_png(picture)), picture.outlined ? "at " : "",
        escaped(picture.caption));
  }
  return html + "</div>\n";
}

std::string gates(const Findings& findings) {
  if (findings.gates.empty()) return "";
  std::string html =
      "<h2>Quality checks</h2>\n<table><thead><tr><th>Check</th><th class=\"n\">Value</th>"
      "<th class=\"n\">Expected</th><th>Verdict</th></tr></thead><tbody>\n";
  for (const Gate& gate : findings.gates) {
    const char* verdict =
        gate.passed ? "passed" : (gate.level == GateLevel::refuse ? "failed" : "warning");
    const char* sign =
        gate.passed ? "&#10003;" : (gate.level == GateLevel::refuse ? "&#10007;" : "!");
    html += fmt::format("<tr><td><code>{}</code><br><span class=\"faint\">{}</span></td>",
                        escaped(gate.name), escaped(gate.meaning)) +
            cell(short_number(gate.value)) + cell(threshold_of(gate)) +
            fmt::format("<td class=\"{0}\">{1} {0}</td></tr>\n", verdict, sign);
  }
  return html + "</tbody></table>\n";
}

std::string term(const char* name, const std::string& value) {
  if (value.empty()) return "";
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, escaped(value));
}

std::string digest_term(const char* name, const std::string& value) {
  if (value.empty()) return "";
  return fmt::format("<dt>{}</dt><dd><code>{}</code></dd>\n", name, escaped(value));
}

std::string used(const Findings& findings, const Identity& identity) {
  const ModelUse& model = findings.model;
  const SourceSeries& source = findings.source;
  std::string html = "<h2>What was used</h2>\n<dl>\n" + term("Model", model.title) +
                     term("Name and version", model.name + " " + model.version) +
                     digest_term("Package SHA-256", model.digest) +
                     term("Manufacturer", model.manufacturer) + term("Licence", model.licence) +
                     term("Intended use", model.intended_use) +
                     term("Comparable with", model.protocol) + term("Device", findings.device) +
                     term("Program", std::string("osler ") + kVersion);
  for (const auto& [name, value] : model.parameters) {
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value));
  }
  html +=
      (source.file.empty()
           ? term("Source series", fmt::format("{} {}, {} {}", source.modality,
                                               identity.series_description, source.instances.size(),
                                               findings.evaluations.empty() ? "slices" : "images"))
           : term("Source file", fmt::format("{}, {} slices, modality as stated: {}", source.file,
                                             source.instances.size(), source.modality))) +
      digest_term("Series Instance UID", source.series_uid) +
      digest_term("Pixels SHA-256", source.pixel_digest) +
      digest_term("Settings SHA-256", findings.configuration_digest);
  if (source.lossy) html += term("Compression", "The images were compressed with loss.");
  return html + "</dl>\n";
}

std::string list(const char* title, const std::vector<std::string>& sentences) {
  if (sentences.empty()) return "";
  std::string html = fmt::format("<h2>{}</h2>\n<ul>\n", title);
  for (const std::string& sentence : sentences) html += "<li>" + escaped(sentence) + "</li>\n";
  return html + "</ul>\n";
}

std::string timings(const Findings& findings) {
  if (findings.timings.stages_ms.empty()) return "";
  std::string html = "<h2>Time</h2>\n<dl>\n";
  for (const auto& [stage, ms] : findings.timings.stages_ms) {
    html += fmt::format("<dt>{}</dt><dd>{:.2f} s</dd>\n", escaped(stage), ms / 1000);
  }
  return html + "</dl>\n";
}

std::string heading(const Findings& findings, const Identity& identity) {
  const std::string title =
      findings.model.title.empty() ? std::string("Imaging measurements") : findings.model.title;
  std::string html = "<h1>" + escaped(title) + "</h1>\n<p class=\"identity\">";
  const std::pair<const char*, const std::string*> lines[] = {
      {"File", &findings.source.file}, {"Patient", &identity.patient_name},
      {"ID", &identity.patient_id},    {"Born", &identity.birth_date},
      {"Sex", &identity.sex},          {"Study", &identity.study_date}};
  for (const auto& [name, value] : lines) {
    if (value->empty()) continue;
    html += fmt::format("<span><span class=\"faint\">{}</span> {}</span>", name, escaped(*value));
  }
  return html + "</p>\n";
}

std::string no_numbers(const Findings& findings) {
  std::string html =
      "<section class=\"stop\"><h2>No measurements</h2>\n<p>The analysis gives no numbers for "
      "these "
      "images, because they would not be reliable:</p>\n<ul>\n";
  for (const std::string& reason : findings.refusals) html += "<li>" + escaped(reason) + "</li>\n";
  if (findings.refusals.empty()) html += "<li>The analysis did not finish.</li>\n";
  return html + "</ul></section>\n";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      out += kReplacement;
      text.remove_prefix(1);
      continue;
    }
    const char c = text[0];
    if (length > 1) {
      out += text.substr(0, length);
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += ' ';
    } else {
      out += c;
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string to_html(const Findings& findings, const Identity& identity,
                    const std::vector<Picture>& pictures) {
  std::vector<std::string> warnings;
  for (const Reason& reason : findings.source.warnings) warnings.push_back(reason.detail);
  const bool complete = findings.status == Status::complete;
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>AI, unverified: measurement report</title>\n<style>" +
      std::string(kHtmlStyle) + "</style></head>\n<body>\n<div class=\"banner\">" + kUnverified +
      "</div>\n<main>\n" + heading(findings, identity);
  if (complete) {
    html += findings.evaluations.empty() ? measurements(findings) : evaluations_html(findings);
    html += figures(pictures);
  } else {
    html += no_numbers(findings);
  }
  html += gates(findings) + list("Warnings on the images", warnings) + used(findings, identity) +
          list("What was not used", findings.not_used) +
          list("What is not known", findings.model.limits) + timings(findings);
  return html + "<footer>Written by osler " + kVersion + ". " + kUnverified +
         ".</footer>\n</main></body></html>\n";
}

}  // namespace osler::report
