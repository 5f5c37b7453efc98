#include "page/html_style.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <string>

#include "page_text.hpp"

namespace osler::page {
namespace {

using Colours = std::map<std::string, std::string>;

/// Variables of a rule's body: "--ink: #16191d; ...", added to those before.
Colours colours_of(std::string body, Colours colours) {
  while (!body.empty()) {
    const std::size_t begin = body.find("--"), colon = body.find(':', begin);
    const std::size_t end = body.find_first_of(";}", begin);
    if (begin == std::string::npos || colon == std::string::npos) break;
    const std::size_t value = body.find_first_not_of(' ', colon + 1);
    colours[body.substr(begin + 2, colon - begin - 2)] = body.substr(value, end - value);
    body.erase(0, end == std::string::npos ? end : end + 1);
  }
  return colours;
}

/// WCAG 2.2, relative luminance of "#rgb" or "#rrggbb".
double luminance(const std::string& colour) {
  const std::size_t digits = colour.size() == 4 ? 1 : 2;
  std::array<double, 3> linear{};
  for (std::size_t i = 0; i < 3; ++i) {
    std::string part = colour.substr(1 + digits * i, digits);
    if (digits == 1) part += part;
    const double share = std::stoi(part, nullptr, 16) / 255.0;
    linear[i] = share <= 0.04045 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4);
  }
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

double contrast(const std::string& a, const std::string& b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

TEST(HtmlStyle, ContrastIsComputedAsWcagSays) {
  EXPECT_NEAR(contrast("#000", "#ffffff"), 21, 1e-9);
  EXPECT_NEAR(contrast("#767676", "#fff"), 4.54, 0.005);  // the lightest grey that passes on white
}

TEST(HtmlStyle, ColoursPassDoubleAInEveryMode) {
  const std::string style = kHtmlStyle;
  const Colours light = colours_of(page::between(style, ":root {", "}"), {});
  const std::string dark_rule = style.substr(style.find("prefers-color-scheme: dark"));
  const Colours dark = colours_of(page::between(dark_rule, ":root {", "}"), light);
  const std::string print_rule = style.substr(style.find("@media print"));
  const Colours print = colours_of(page::between(print_rule, ":root {", "}"), light);
  ASSERT_EQ(light.at("paper"), "#fff");
  ASSERT_NE(dark.at("paper"), light.at("paper"));
  ASSERT_EQ(print.at("ink"), "#000");
  for (const Colours& c : {light, dark, print}) {
    for (const char* text : {"ink", "faint", "good", "warn", "bad", "link"}) {
      EXPECT_GE(contrast(c.at(text), c.at("paper")), 4.5) << text << " on " << c.at("paper");
      EXPECT_GE(contrast(c.at(text), c.at("card")), 4.5) << text << " on " << c.at("card");
    }
    EXPECT_GE(contrast(c.at("on-banner"), c.at("banner")), 4.5);
    EXPECT_GE(contrast(c.at("mark"), c.at("paper")), 3);
    EXPECT_GE(contrast(c.at("mark"), c.at("band")), 3);
    EXPECT_GE(contrast(c.at("edge"), c.at("paper")), 3);
  }
}

TEST(HtmlStyle, DarkIsForTheScreenOnly) {
  const std::string style = kHtmlStyle;
  EXPECT_EQ(page::count(style, "prefers-color-scheme: dark"), 1);
  EXPECT_EQ(page::count(style, "@media screen and (prefers-color-scheme: dark)"), 1);
}

}  // namespace
}  // namespace osler::page
