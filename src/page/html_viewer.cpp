#include "page/html_viewer.hpp"

#include <fmt/format.h>

#include "core/base64.hpp"
#include "page/html_text.hpp"
#include "page/slice_view.hpp"

namespace osler::page {
namespace {

std::string colour_of(const Segment& segment) {
  return fmt::format("#{:02x}{:02x}{:02x}", segment.rgb[0], segment.rgb[1], segment.rgb[2]);
}

std::string legend(const Findings& findings, const SliceStack& slices) {
  std::string html = "<ul id=\"legend\" class=\"legend\" aria-label=\"Structures\">\n";
  for (const Segment& segment : findings.segments) {
    const int slice = slices.largest({segment.number});
    const std::string place =
        slice < 0 ? ""
                  : fmt::format(" data-slice=\"{}\" data-segments=\"{}\"", slice, segment.number);
    html += fmt::format(
        "<li><span class=\"entry\"{}><svg class=\"swatch\" viewBox=\"0 0 14 14\" "
        "aria-hidden=\"true\"><rect width=\"14\" height=\"14\" rx=\"3\" fill=\"{}\"/></svg>"
        "<span class=\"number\">{}</span> <span>{}</span></span></li>\n",
        place, colour_of(segment), segment.number, escaped(segment.label));
  }
  return html + "</ul>\n";
}

}  // namespace

std::string viewer_html(const Findings& findings, const SliceStack& slices) {
  if (slices.slices.empty()) return "";
  const Letters letters = letters_of(PlaneKind::axial);
  const std::size_t count = slices.slices.size();
  return fmt::format(
      R"html(<noscript><p class="faint">The slices need JavaScript to be scrolled through; the pictures below do not.</p></noscript>
<section id="viewer" class="viewer" aria-labelledby="viewer-title" hidden>
<h2 id="viewer-title">Slices</h2>
<div class="columns"><div>
<div id="stage" class="stage"><img id="grey" alt="" width="{0}" height="{1}" decoding="sync">
<svg id="overlay" viewBox="-0.5 -0.5 {2} {3}" aria-hidden="true"></svg>
<span class="letter left" aria-hidden="true">{4}</span><span class="letter right" aria-hidden="true">{5}</span><span class="letter top" aria-hidden="true">{6}</span><span class="letter bottom" aria-hidden="true">{7}</span></div>
<p id="words" class="words" aria-live="polite"></p>
<input id="slice" type="range" min="1" max="{8}" value="1" aria-label="Slice, from the feet to the head">
<div class="controls"><label><input id="shown" type="checkbox" checked> Segments</label>
<label>Opacity <input id="opacity" type="range" min="0" max="100" step="5" value="25"></label></div>
</div>
{9}</div>
<p class="faint">{10} The field is {11:.0f} mm wide.</p>
<details class="faint"><summary>How to move, and what the letters mean</summary><p>Arrow keys, Home, End, Page Up and Page Down move the slider; on the picture, drag sideways or, once it was clicked, turn the wheel. A structure's name, here or in the table, shows its largest slice and brings it out. H and F: towards the head and the feet from the origin of the images' coordinates; R, L, A, P: the patient's right and left, front and back.</p></details>
</section>
)html",
      slices.width, slices.height, 2 * slices.width, 2 * slices.height, letters.left, letters.right,
      letters.top, letters.bottom, count, legend(findings, slices), escaped(slices.kind),
      slices.mm_per_pixel * slices.width);
}

std::string viewer_data(const Findings& findings, const SliceStack& slices) {
  if (slices.slices.empty()) return "";
  Json segments = Json::object();
  for (const Segment& s : findings.segments) {
    segments[std::to_string(s.number)] = {{"name", s.label}, {"colour", colour_of(s)}};
  }
  Json texts = Json::array();
  for (const Slice& slice : slices.slices) {
    Json outlines = Json::array();
    for (const SliceOutline& o : slice.outlines) {
      outlines.push_back(Json::array({o.segment, o.path, o.x, o.y}));
    }
    texts.push_back({{"place", slice.place}, {"outlines", std::move(outlines)}});
  }
  // The pictures are ASCII without anything to escape: they need no way through the JSON library.
  std::string html = "<script type=\"application/json\" id=\"slices-data\">{\"segments\":" +
                     script_json(segments) + ",\"slices\":" + script_json(texts) + ",\"grey\":[";
  for (const Slice& slice : slices.slices) {
    html += (html.back() == '[' ? "\"" : ",\"") + base64(slice.jpeg) + "\"";
  }
  return html + "]}</script>\n";
}

}  // namespace osler::page
