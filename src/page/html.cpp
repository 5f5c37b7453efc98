#include "page/html.hpp"

#include <fmt/format.h>

#include "core/base64.hpp"
#include "core/version.hpp"
#include "findings/sentences.hpp"
#include "page/html_evaluations.hpp"
#include "page/html_findings.hpp"
#include "page/html_style.hpp"
#include "page/html_table.hpp"
#include "page/html_viewer.hpp"
#include "page/parallel.hpp"

namespace osler::page {
namespace {

std::string figures(const std::vector<Picture>& pictures) {
  if (pictures.empty()) return "";
  std::vector<std::string> encoded(pictures.size());
  in_parallel(static_cast<std::int64_t>(pictures.size()), [&](std::int64_t i) {
    const auto place = static_cast<std::size_t>(i);
    encoded[place] = base64(to_png(pictures[place]));
  });
  std::string html = "<h2>Pictures</h2>\n<div class=\"figures\">\n";
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const Picture& picture = pictures[i];
    html += fmt::format(
        "<figure><img alt=\"{0}{1}\" width=\"{2}\" height=\"{3}\" "
        "src=\"data:image/png;base64,{4}\"><figcaption>{0}, {5}{6}</figcaption></figure>\n",
        escaped(picture.name), picture.outlined ? " plane with outlines" : "", picture.width,
        picture.height, encoded[i], picture.outlined ? "at " : "", escaped(picture.caption));
  }
  return html + "</div>\n";
}

std::string gates(const Findings& findings) {
  if (findings.gates.empty()) return "";
  const std::vector<Column> columns{
      {"Check", false}, {"Value", true}, {"Expected", true}, {"Verdict", false}};
  std::string html = "<h2>Quality checks</h2>\n" + table_begin("Quality checks", columns);
  for (const Gate& gate : findings.gates) {
    const char* verdict =
        gate.passed ? "passed" : (gate.level == GateLevel::refuse ? "failed" : "warning");
    const char* sign =
        gate.passed ? "&#10003;" : (gate.level == GateLevel::refuse ? "&#10007;" : "!");
    html += table_row("check", columns,
                      {{fmt::format("<code>{}</code><br><span class=\"faint\">{}</span>",
                                    escaped(gate.name), escaped(gate.meaning)),
                        ""},
                       {escaped(short_number(gate.value)), ""},
                       {escaped(threshold_of(gate)), ""},
                       {fmt::format("<span>{} {}</span>", sign, verdict), verdict}});
  }
  return html + kTableEnd;
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
    html += fmt::format("<span><span class=\"faint\">{}</span> <bdi>{}</bdi></span>", name,
                        escaped(*value));
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

/// Nothing but what the page itself carries may be shown, styled or run.
std::string security_policy(bool script) {
  return fmt::format(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src {}; script-src {}; base-uri 'none'; form-action 'none'\">\n",
      csp_hash(kHtmlStyle), script ? csp_hash(kViewerScript) : "'none'");
}

std::string results(const Findings& findings, const std::vector<Picture>& pictures,
                    const SliceStack& slices) {
  if (findings.status != Status::complete) return no_numbers(findings);
  if (!findings.evaluations.empty()) return evaluations_html(findings) + figures(pictures);
  return measurements_html(findings, slices) + norms_html(findings) +
         viewer_html(findings, slices) + figures(pictures);
}

}  // namespace

std::string to_html(const Findings& findings, const Identity& identity,
                    const std::vector<Picture>& pictures, const SliceStack& slices) {
  std::vector<std::string> warnings;
  for (const Reason& reason : findings.source.warnings) warnings.push_back(reason.detail);
  const bool script =
      findings.status == Status::complete && findings.evaluations.empty() && !slices.slices.empty();
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n" +
                     security_policy(script) +
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>AI, unverified: measurement report</title>\n<style>" +
                     std::string(kHtmlStyle) +
                     "</style></head>\n<body>\n<header class=\"banner\">" + kUnverified +
                     "</header>\n<main>\n" + heading(findings, identity);
  html += results(findings, pictures, slices);
  html += gates(findings) + list("Warnings on the images", warnings) + used(findings, identity) +
          list("What was not used", findings.not_used) +
          list("What is not known", findings.model.limits) + timings(findings) + "</main>\n" +
          "<footer>Written by osler " + kVersion + ". " + kUnverified + ".</footer>\n";
  if (script) {
    html += viewer_data(findings, slices);
    html += std::string("<script>") + kViewerScript + "</script>\n";
  }
  return html + "</body></html>\n";
}

}  // namespace osler::page
