#include "page/html_findings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <cmath>

#include "page/html_table.hpp"
#include "page/html_text.hpp"

namespace osler::page {
namespace {

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

/// Rows of one table, and whether any of them has CT numbers.
struct Table {
  std::vector<Row> rows;
  bool intensities = false;
};

bool has_intensities(const Finding* finding) {
  return finding != nullptr && finding->intensities && finding->intensities->voxels > 0;
}

/// No "-0".
double whole(double value) {
  return std::round(value) + 0.0;
}

std::string volume(const Finding* finding) {
  return finding != nullptr ? millilitres(finding->volume_mm3) : "-";
}

std::string hounsfield(const Finding* finding) {
  if (!has_intensities(finding)) return "-";
  return fmt::format("{:.0f} ± {:.0f}", whole(finding->intensities->mean),
                     whole(finding->intensities->sd));
}

std::string voxels(const Finding* finding) {
  return finding != nullptr ? std::to_string(finding->voxels) : "-";
}

std::string difference(const Row& row) {
  if (row.left == nullptr || row.right == nullptr) return "-";
  const double mean = (row.left->volume_mm3 + row.right->volume_mm3) / 2;
  if (!(mean > 0)) return "-";
  return fmt::format("{:+.1f} %", 100 * (row.left->volume_mm3 - row.right->volume_mm3) / mean);
}

/// The row's name; the page's script makes a button of it.
std::string name_of(const Row& row, const SliceStack& slices) {
  std::vector<int> segments;
  for (const Finding* finding : {row.left, row.right, row.unpaired}) {
    if (finding == nullptr) continue;
    segments.insert(segments.end(), finding->segments.begin(), finding->segments.end());
  }
  const int slice = slices.largest(segments);
  if (slice < 0) return escaped(row.label);
  return fmt::format("<span data-slice=\"{}\" data-segments=\"{}\">{}</span>", slice,
                     fmt::join(segments, " "), escaped(row.label));
}

std::vector<Column> columns_of(bool paired, bool intensities) {
  std::vector<Column> columns{{"Structure", false}};
  if (paired) {
    columns.insert(columns.end(), {{"Left, mL", true}, {"Right, mL", true}, {"Difference", true}});
    if (intensities) {
      columns.insert(columns.end(),
                     {{"Left, HU (mean ± SD)", true}, {"Right, HU (mean ± SD)", true}});
    }
    columns.push_back({"Voxels, left / right", true});
    return columns;
  }
  columns.push_back({"Volume, mL", true});
  if (intensities) columns.push_back({"HU (mean ± SD)", true});
  columns.push_back({"Voxels", true});
  return columns;
}

std::vector<Cell> cells_of(const Row& row, bool paired, bool intensities,
                           const SliceStack& slices) {
  std::vector<std::string> texts;
  if (paired) {
    texts = {volume(row.left), volume(row.right), difference(row)};
    if (intensities) texts.insert(texts.end(), {hounsfield(row.left), hounsfield(row.right)});
    texts.push_back(voxels(row.left) + " / " + voxels(row.right));
  } else {
    texts = {volume(row.unpaired)};
    if (intensities) texts.push_back(hounsfield(row.unpaired));
    texts.push_back(voxels(row.unpaired));
  }
  std::vector<Cell> cells{{name_of(row, slices), ""}};
  for (const std::string& text : texts) cells.push_back({escaped(text), ""});
  return cells;
}

std::string table_of(const Table& table, bool paired, const SliceStack& slices) {
  if (table.rows.empty()) return "";
  const std::vector<Column> columns = columns_of(paired, table.intensities);
  std::string html =
      table_begin(paired ? "Volumes of structures with sides" : "Volumes of structures", columns);
  for (const Row& row : table.rows) {
    html += table_row(row.part ? "part" : "whole", columns,
                      cells_of(row, paired, table.intensities, slices));
  }
  return html + kTableEnd;
}

}  // namespace

std::string measurements_html(const Findings& findings, const SliceStack& slices) {
  Table paired, unpaired;
  for (Row& row : rows_of(findings)) {
    Table& table = row.unpaired == nullptr ? paired : unpaired;
    table.intensities = table.intensities || has_intensities(row.left) ||
                        has_intensities(row.right) || has_intensities(row.unpaired);
    table.rows.push_back(std::move(row));
  }
  std::string html = "<h2>Volumes</h2>\n" + table_of(paired, true, slices) +
                     table_of(unpaired, false, slices) +
                     "<p class=\"faint\">Volume is the sum of the voxels' volumes on the images' "
                     "own grid.";
  if (!paired.rows.empty()) {
    html +=
        " Difference is (left - right) / mean of both; positive: the left side is larger. Sides "
        "are those of the images' header.";
  }
  if (paired.intensities || unpaired.intensities) {
    html += " HU: mean and standard deviation of the CT numbers of the structure's voxels.";
  }
  return html + "</p>\n";
}

}  // namespace osler::page
