#include "page/html_evaluations.hpp"

#include <fmt/format.h>

#include <vector>

#include "findings/sentences.hpp"
#include "page/html_table.hpp"
#include "page/html_text.hpp"

namespace osler::page {
namespace {

const std::vector<Column> kColumns{
    {"Class", false}, {"Probability", true}, {"Present from", true}, {"Verdict", false}};

std::string begin(const Findings& findings, const Evaluation& first) {
  std::string of = "The whole series";
  if (first.image) of = fmt::format("Image {}", *first.image + 1);
  const bool titled = first.image || !findings.source.instances.empty();
  return (titled ? "<h3>" + of + "</h3>\n" : "") + table_begin("Classes: " + of, kColumns);
}

std::string row(const Evaluation& e) {
  const std::string verdict =
      e.present ? (e.nothing_found ? "no other class is present" : "present") : "absent";
  return table_row(
      e.present ? "whole" : "class", kColumns,
      {{fmt::format("{}<br><span class=\"faint\">{} {}</span>", escaped(e.label),
                    escaped(e.value.scheme), escaped(e.value.value)),
        ""},
       {escaped(probability_text(e.probability)), ""},
       {e.threshold ? short_number(*e.threshold) : (e.nothing_found ? "-" : "most probable"), ""},
       {verdict, ""}});
}

}  // namespace

std::string evaluations_html(const Findings& findings) {
  if (findings.evaluations.empty()) return "";
  std::string html = "<h2>Classes</h2>\n";
  const Evaluation* last = nullptr;
  for (const Evaluation& e : findings.evaluations) {
    if (last == nullptr || last->image != e.image) {
      if (last != nullptr) html += kTableEnd;
      html += begin(findings, e);
    }
    html += row(e);
    last = &e;
  }
  html += std::string(kTableEnd) + "<p class=\"faint\">";
  html += escaped(calibration_of(findings.evaluations.front())) + ".";
  return html +
         " A probability holds where the class is as common as in those data, and says nothing of "
         "images of another kind. It is not a diagnosis.</p>\n";
}

}  // namespace osler::page
