#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/show_text.hpp"
#include "cli/show_words.hpp"
#include "core/printable.hpp"

namespace osler::cli {
namespace {

using reading::ContentItem;
using reading::Measurement;
using reading::MeasurementGroup;

using Rows = std::vector<std::vector<std::string>>;

void line(const char* name, const std::string& value) {
  if (!value.empty()) fmt::print("  {:<13}{}\n", name, value);
}

void print_observers(const std::vector<reading::Observer>& observers) {
  for (const reading::Observer& o : observers) {
    line("observer",
         o.is_person ? "person: " +
                           joined({printable(o.name), printable(o.organisation), printable(o.role)})
                     : "device: " + joined({printable(o.name), printable(o.manufacturer),
                                            printable(o.model), printable(o.serial_number),
                                            printable(o.location), printable(o.uid)}));
  }
}

std::string sites_words(const std::vector<reading::Site>& sites) {
  std::vector<std::string> words;
  for (const reading::Site& site : sites) words.push_back(site_words(site));
  return joined(words, "; ");
}

std::string codes_words(const std::vector<Code>& codes) {
  std::vector<std::string> words;
  for (const Code& code : codes) words.push_back(meaning_of(code));
  return joined(words);
}

std::string value_words(const Measurement& m) {
  if (!m.value) return m.qualifier ? meaning_of(m.qualifier) : "no value";
  // As it is written: a number of its own digits.
  const std::string value = m.text.empty() ? fmt::format("{}", *m.value) : printable(m.text);
  const std::string unit = m.unit && m.unit->value != "1" ? printable(m.unit->value) : "";
  return joined({value, unit}, " ");
}

std::string evaluation_words(const reading::Evaluation& e) {
  return e.code ? meaning_of(*e.code) : printable(e.text);
}

void add_measurement(const Measurement& m, const std::string& indent, Rows& rows) {
  std::vector<std::string> qualified{meaning_of(m.derivation), codes_words(m.methods),
                                     sites_words(m.sites)};
  rows.push_back(
      {"", "", "", "", indent + meaning_of(m.name), value_words(m), joined(qualified), ""});
  for (const reading::Evaluation& e : m.properties) {
    rows.push_back(
        {"", "", "", "", indent + "  " + meaning_of(e.name), evaluation_words(e), "", ""});
  }
  for (const Measurement& related : m.related) add_measurement(related, indent + "  ", rows);
}

void add_group(const MeasurementGroup& g, Rows& rows) {
  const std::size_t first = rows.size();
  for (const Measurement& m : g.measurements) add_measurement(m, "", rows);
  for (const reading::Evaluation& e : g.evaluations) {
    rows.push_back({"", "", "", "", meaning_of(e.name), evaluation_words(e), "", ""});
  }
  if (rows.size() == first) rows.push_back({"", "", "", "", "", "", "", ""});
  std::vector<std::string> references;
  for (const reading::Reference& r : g.references) references.push_back(reference_words(r));
  rows[first][0] = fmt::format("#{}", g.number);
  rows[first][1] = printable(g.label);
  rows[first][2] = g.finding ? meaning_of(g.finding) : printable(g.finding_text);
  rows[first][3] = sites_words(g.sites);
  rows[first][6] = joined({rows[first][6], codes_words(g.methods)});
  rows[first][7] = joined(references, "; ");
}

std::string algorithm_words(const reading::Algorithm& a) {
  return joined({joined({printable(a.name), printable(a.version)}, " "), printable(a.manufacturer),
                 meaning_of(a.family)});
}

/// Each once, in the order in which they are first named.
void print_algorithms(const std::vector<MeasurementGroup>& groups) {
  std::vector<std::string> seen;
  const auto add = [&](const reading::Algorithm& a) {
    if (!a.is_stated()) return;
    const std::string words = algorithm_words(a);
    if (std::find(seen.begin(), seen.end(), words) != seen.end()) return;
    seen.push_back(words);
    fmt::print("  algorithm    {}\n", words);
    for (const std::string& parameter : a.parameters) {
      fmt::print("               {}\n", printable(parameter));
    }
  };
  for (const MeasurementGroup& g : groups) {
    add(g.algorithm);
    for (const Measurement& m : g.measurements) add(m.algorithm);
  }
}

std::string numbers_words(const std::vector<long>& numbers) {
  return fmt::format("{}", fmt::join(numbers, ","));
}

std::string object_words(const reading::ContentReference& r) {
  return joined({printable(r.object.sop_instance_uid),
                 r.frames.empty() ? "" : "frame " + numbers_words(r.frames),
                 r.segments.empty() ? "" : "segment " + numbers_words(r.segments)});
}

std::string graphic_words(const reading::ContentGraphic& graphic) {
  std::string text = printable(graphic.type);
  const auto n = static_cast<std::size_t>(std::max(graphic.dimensions, 1));
  constexpr std::size_t kMostPoints = 8;
  for (std::size_t i = 0; i < graphic.data.size() && i / n < kMostPoints; i += n) {
    const std::size_t end = std::min(i + n, graphic.data.size());
    const std::vector<double> point(graphic.data.begin() + static_cast<std::ptrdiff_t>(i),
                                    graphic.data.begin() + static_cast<std::ptrdiff_t>(end));
    text += fmt::format(" ({:.6g})", fmt::join(point, ", "));
  }
  if (graphic.data.size() / n > kMostPoints) {
    text += fmt::format(" and {} more", graphic.data.size() / n - kMostPoints);
  }
  for (const long position : graphic.sample_positions) text += fmt::format(" {}", position);
  for (const double offset : graphic.time_offsets_s) text += fmt::format(" {:.6g} s", offset);
  for (const std::string& time : graphic.date_times) text += " " + date_time_words(time);
  return text;
}

std::string content_words(const ContentItem& item, bool with_patient) {
  if (!item.refers_to.empty()) return "-> " + printable(item.refers_to);
  if (!with_patient && names_patient(item)) return "(withheld: --patient shows it)";
  if (item.value_type == "CONTAINER") {
    return item.content_template.empty() ? "" : "TID " + printable(item.content_template);
  }
  if (item.code) return coded(*item.code);
  if (item.value_type == "NUM") {
    if (!item.number) return item.qualifier ? coded(*item.qualifier) : "no value";
    const std::string value =
        item.text.empty() ? fmt::format("{}", *item.number) : printable(item.text);
    return value + (item.unit ? " " + printable(item.unit->value) : "");
  }
  if (item.value_type == "DATE") return date_time_words(item.text, "");
  if (item.value_type == "TIME") return date_time_words("", item.text);
  if (item.value_type == "DATETIME") return date_time_words(item.text);
  if (item.graphic) return graphic_words(*item.graphic);
  std::vector<std::string> objects;
  for (const reading::ContentReference& r : item.references) objects.push_back(object_words(r));
  return objects.empty() ? printable(item.text) : joined(objects, "; ");
}

void print_item(const ContentItem& item, bool with_patient, std::size_t depth) {
  const std::string name = item.name ? coded(*item.name) : "";
  const std::string value = content_words(item, with_patient);
  fmt::print("{}{}\n", std::string(2 + 2 * depth, ' '),
             joined({printable(item.path), printable(item.relationship), printable(item.value_type),
                     joined({name, value}, name.empty() || value.empty() ? "" : ": ")},
                    " "));
  for (const ContentItem& child : item.children) print_item(child, with_patient, depth + 1);
}

}  // namespace

void print_report(const reading::MeasurementReport& report) {
  line("template",
       report.content_template.empty() ? "" : "TID " + printable(report.content_template));
  line("language", meaning_of(report.language));
  print_observers(report.observers);
  for (const Code& procedure : report.procedures) line("procedure", coded(procedure));
  if (report.library_images > 0) {
    line("images", fmt::format("{} in the image library", report.library_images));
  }
  if (!report.groups.empty()) {
    fmt::print("\nMeasurements\n");
    Rows rows{{"#", "label", "finding", "site", "measured", "value", "how", "of"}};
    for (const MeasurementGroup& g : report.groups) add_group(g, rows);
    print_table(rows);
    print_algorithms(report.groups);
  }
  if (report.evaluations.empty()) return;
  fmt::print("\nEvaluations\n");
  for (const reading::Evaluation& e : report.evaluations) {
    fmt::print("  {}: {}\n", meaning_of(e.name), evaluation_words(e));
  }
}

void print_key_objects(const reading::KeyObjects& keys) {
  for (const Code& modifier : keys.modifiers) line("modifier", coded(modifier));
  print_observers(keys.observers);
  for (const std::string& text : keys.descriptions) line("description", printable(text));
  fmt::print("\nKey objects\n");
  for (const reading::ContentReference& r : keys.references) {
    fmt::print("  {}\n", object_words(r));
  }
}

void print_tree(const ContentItem& root, bool with_patient) {
  fmt::print("\nContent\n");
  print_item(root, with_patient, 0);
}

}  // namespace osler::cli
