#include "report/html_evaluations.hpp"

#include <fmt/format.h>

#include "report/html.hpp"
#include "report/sentences.hpp"

namespace osler::report {
namespace {

std::string table_begin(const Findings& findings, const Evaluation& first) {
  std::string html;
  if (first.image) html = fmt::format("<h3>Image {}</h3>\n", *first.image + 1);
  if (!first.image && !findings.source.instances.empty()) html = "<h3>The whole series</h3>\n";
  return html +
         "<table><thead><tr><th>Class</th><th class=\"n\">Probability</th>"
         "<th class=\"n\">Present from</th><th>Verdict</th></tr></thead><tbody>\n";
}

std::string row(const Evaluation& e) {
  const std::string verdict =
      e.present ? (e.nothing_found ? "no other class is present" : "present") : "absent";
  return fmt::format(
      "<tr class=\"{}\"><td>{}<br><span class=\"faint\">{} {}</span></td>"
      "<td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
      e.present ? "whole" : "class", escaped(e.label), escaped(e.value.scheme),
      escaped(e.value.value), escaped(probability_text(e.probability)),
      e.threshold ? short_number(*e.threshold) : (e.nothing_found ? "-" : "most probable"),
      verdict);
}

}  // namespace

std::string evaluations_html(const Findings& findings) {
  if (findings.evaluations.empty()) return "";
  std::string html = "<h2>Classes</h2>\n";
  const Evaluation* last = nullptr;
  for (const Evaluation& e : findings.evaluations) {
    if (last == nullptr || last->image != e.image) {
      if (last != nullptr) html += "</tbody></table>\n";
      html += table_begin(findings, e);
    }
    html += row(e);
    last = &e;
  }
  html += "</tbody></table>\n<p class=\"faint\">";
  html += escaped(calibration_of(findings.evaluations.front())) + ".";
  return html +
         " A probability holds where the class is as common as in those data, and says nothing of "
         "images of another kind. It is not a diagnosis.</p>\n";
}

}  // namespace osler::report
