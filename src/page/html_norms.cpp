#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "page/html_findings.hpp"
#include "page/html_text.hpp"

namespace osler::page {
namespace {

constexpr double kWidth = 320, kEdge = 26;  ///< of a chart, its own units
constexpr double kLeastSds = 3.2;           ///< that a chart reaches to both sides of the mean
constexpr double kMostSds = 5;
constexpr double kHalfLabel = 30;  ///< of a value above its mark

/// Volume to place along a chart.
struct Axis {
  double mean;
  double sd;
  double sds;  ///< to each side

  double at(double volume_mm3) const {
    const double z = std::clamp((volume_mm3 - mean) / sd, -sds, sds);
    return kWidth / 2 + z / sds * (kWidth / 2 - kEdge);
  }
};

bool is_drawable(const Finding& finding) {
  const Norm& n = *finding.norm;
  return std::isfinite(n.mean) && std::isfinite(n.sd) && n.sd > 0 && std::isfinite(n.low) &&
         std::isfinite(n.high) && n.low < n.high && std::isfinite(n.z) &&
         std::isfinite(finding.volume_mm3);
}

std::string percentile_text(double percentile) {
  if (percentile < 1) return "below the 1st percentile";
  if (percentile > 99) return "above the 99th percentile";
  return fmt::format("percentile {:.0f}", percentile);
}

std::string sentence_of(const Finding& finding) {
  const Norm& n = *finding.norm;
  const char* place = finding.volume_mm3 < n.low    ? "below the normal range"
                      : finding.volume_mm3 > n.high ? "above the normal range"
                                                    : "within the normal range";
  return fmt::format("{} mL: {} of {} to {} mL; z {:+.2f}, {}", millilitres(finding.volume_mm3),
                     place, millilitres(n.low), millilitres(n.high), n.z,
                     percentile_text(n.percentile));
}

std::string tick(const Axis& axis, double volume_mm3, const char* name) {
  const double x = axis.at(volume_mm3);
  return fmt::format(
      "<line class=\"tick\" x1=\"{0:.1f}\" y1=\"30\" x2=\"{0:.1f}\" y2=\"62\"/>"
      "<text x=\"{0:.1f}\" y=\"75\">{1}</text><text x=\"{0:.1f}\" y=\"88\">{2}</text>\n",
      x, millilitres(volume_mm3), name);
}

std::string chart(const Finding& finding, std::size_t number) {
  const Norm& n = *finding.norm;
  const double off = std::abs(finding.volume_mm3 - n.mean) / n.sd;
  const Axis axis{n.mean, n.sd, std::clamp(off + 0.5, kLeastSds, kMostSds)};
  const double band = axis.at(n.low), mark = axis.at(finding.volume_mm3);
  std::string html = fmt::format(
      "<svg class=\"norm\" viewBox=\"0 0 {:.0f} 92\" role=\"img\" aria-labelledby=\"norm{}-title "
      "norm{}-text\"><title id=\"norm{}-title\">{}: volume beside what is usual</title>"
      "<desc id=\"norm{}-text\">{}; mean {} mL, SD {} mL</desc>\n",
      kWidth, number, number, number, escaped(finding.label), number, sentence_of(finding),
      millilitres(n.mean), millilitres(n.sd));
  html += fmt::format(
      "<rect class=\"band\" x=\"{:.1f}\" y=\"34\" width=\"{:.1f}\" height=\"24\"/>"
      "<line class=\"axis\" x1=\"6\" y1=\"58\" x2=\"{:.0f}\" y2=\"58\"/>\n",
      band, axis.at(n.high) - band, kWidth - 6);
  html += tick(axis, n.mean - 2 * n.sd, "-2 SD") + tick(axis, n.mean, "mean") +
          tick(axis, n.mean + 2 * n.sd, "+2 SD");
  const bool beyond = off > axis.sds;
  const char* arrow = !beyond ? "" : (finding.volume_mm3 < n.mean ? "← " : "→ ");
  html += fmt::format(
      "<path class=\"mark\" d=\"M{:.1f} 36l7 10l-7 10l-7-10z\"/>"
      "<text class=\"value\" x=\"{:.1f}\" y=\"20\">{}{} mL</text>",
      mark, std::clamp(mark, kHalfLabel + 6, kWidth - kHalfLabel - 6), arrow,
      millilitres(finding.volume_mm3));
  return html + "</svg>\n";
}

}  // namespace

std::string norms_html(const Findings& findings) {
  std::string charts;
  std::size_t number = 0;
  for (const Finding& finding : findings.findings) {
    if (!finding.norm) continue;
    ++number;
    charts += "<figure class=\"norm\"><p class=\"name\">" + escaped(finding.label) + "</p>\n" +
              (is_drawable(finding) ? chart(finding, number) : "") + "<figcaption><strong>" +
              escaped(sentence_of(finding)) + "</strong><br>" + escaped(finding.norm->population) +
              "<br>" + escaped(finding.norm->authority) + "</figcaption></figure>\n";
  }
  if (charts.empty()) return "";
  return "<h2>Beside a population</h2>\n<div class=\"norms\">\n" + charts +
         "</div>\n<p class=\"faint\">The diamond is this patient, the broad band the normal range "
         "that the authors give, the lines their mean and two standard deviations (SD) to both "
         "sides. z is the distance from the mean in SD.</p>\n";
}

}  // namespace osler::page
