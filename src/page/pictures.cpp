#include "page/pictures.hpp"

#include <fmt/format.h>

#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.hpp"
#include "core/plain_text.hpp"
#include "page/parallel.hpp"

namespace osler::page {
namespace {

// Drawn at twice the size and scaled down: OpenCV's line fonts need it to look like letters.
constexpr int kOversample = 2;
constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kFill = 0.12;  ///< how much of its colour a segment gives to its inside
constexpr int kBannerPixels = 40;
constexpr int kLegendRowPixels = 26;
constexpr int kLegendMarginPixels = 12;

const cv::Scalar kBackground(18, 16, 14);  // BGR, as OpenCV counts
const cv::Scalar kBannerColour(28, 140, 235);
const cv::Scalar kInk(235, 235, 235);
const cv::Scalar kFaint(170, 170, 170);
const cv::Scalar kBlack(0, 0, 0);

const char* name_of(PlaneKind kind) {
  switch (kind) {
    case PlaneKind::axial:
      return "axial";
    case PlaneKind::coronal:
      return "coronal";
    case PlaneKind::sagittal:
      break;
  }
  return "sagittal";
}

struct Text {
  std::string words;
  double size = 1;  ///< OpenCV's font scale before oversampling
  cv::Scalar colour = kInk;
  int weight = 1;
};

cv::Size extent_of(const Text& text) {
  int baseline = 0;
  return cv::getTextSize(text.words, kFont, text.size * kOversample, text.weight * kOversample,
                         &baseline);
}

/// @param centre  of the words
void draw(cv::Mat& canvas, const Text& text, cv::Point centre, bool outlined) {
  const cv::Size size = extent_of(text);
  const cv::Point start(centre.x - size.width / 2, centre.y + size.height / 2);
  if (outlined) {
    cv::putText(canvas, text.words, start, kFont, text.size * kOversample, kBlack,
                (text.weight + 3) * kOversample, cv::LINE_AA);
  }
  cv::putText(canvas, text.words, start, kFont, text.size * kOversample, text.colour,
              text.weight * kOversample, cv::LINE_AA);
}

/// Outside of the volume is background.
cv::Mat grey_of(const std::vector<float>& values, const Plane& plane) {
  const GreyWindow window = window_of(values);
  cv::Mat grey(plane.height, plane.width, CV_8UC3, kBackground);
  auto* pixel = grey.ptr<cv::Vec3b>();
  for (const float value : values) {
    if (std::isfinite(value)) *pixel = cv::Vec3b::all(window.shade(value));
    ++pixel;
  }
  return grey;
}

void draw_segment(cv::Mat& canvas, const Segment& segment, const SegmentShare& field) {
  const cv::Mat share(field.height, field.width, CV_32F, const_cast<float*>(field.share.data()));
  const cv::Rect frame(field.left * kOversample, field.top * kOversample, field.width * kOversample,
                       field.height * kOversample);
  cv::Mat fine;
  cv::resize(share, fine, frame.size(), 0, 0, cv::INTER_LINEAR);
  const cv::Mat inside = fine >= 0.5;
  std::vector<std::vector<cv::Point>> outlines;
  cv::findContours(inside, outlines, cv::RETR_CCOMP, cv::CHAIN_APPROX_NONE, frame.tl());
  const cv::Scalar colour(segment.rgb[2], segment.rgb[1], segment.rgb[0]);
  cv::Mat part = canvas(frame), mixed;
  const cv::Mat flat(part.size(), part.type(), colour);
  cv::addWeighted(part, 1 - kFill, flat, kFill, 0, mixed);
  mixed.copyTo(part, inside);
  cv::polylines(canvas, outlines, true, colour, 2 * kOversample - 1, cv::LINE_AA);
}

void draw_scale_bar(cv::Mat& canvas, double mm_per_pixel) {
  const double wanted_mm = 0.22 * canvas.cols * mm_per_pixel;
  double length_mm = 1;
  for (const double step : {2.0, 5.0, 10.0, 20.0, 50.0, 100.0}) {
    if (step <= wanted_mm) length_mm = step;
  }
  const int length = static_cast<int>(std::lround(length_mm / mm_per_pixel));
  const int margin = 18 * kOversample, tick = 5 * kOversample;
  const cv::Point right(canvas.cols - margin, canvas.rows - margin);
  const cv::Point left(right.x - length, right.y);
  for (const auto& [colour, width] :
       {std::pair(kBlack, 4 * kOversample), std::pair(kInk, 2 * kOversample)}) {
    cv::line(canvas, left, right, colour, width, cv::LINE_AA);
    for (const cv::Point& end : {left, right}) {
      cv::line(canvas, {end.x, end.y - tick}, {end.x, end.y + tick}, colour, width, cv::LINE_AA);
    }
  }
  draw(canvas, {fmt::format("{:.0f} mm", length_mm), 0.5}, {left.x + length / 2, left.y - 3 * tick},
       true);
}

cv::Mat draw_plane(const Findings& findings, const LabelMap& labels, const Volume& volume,
                   const Plane& plane) {
  cv::Mat canvas;
  cv::resize(grey_of(sample_image(volume, plane), plane), canvas, {}, kOversample, kOversample,
             cv::INTER_CUBIC);
  sample_segments(labels, plane, [&](const SegmentShare& field) {
    for (const Segment& segment : findings.segments) {
      if (segment.number == field.segment) draw_segment(canvas, segment, field);
    }
  });
  const Letters letters = letters_of(plane.kind);
  const int edge = 20 * kOversample, w = canvas.cols, h = canvas.rows;
  const auto letter = [](const char* words) { return Text{words, 0.75, kInk, 2}; };
  draw(canvas, letter(letters.left), {edge, h / 2}, true);
  draw(canvas, letter(letters.right), {w - edge, h / 2}, true);
  draw(canvas, letter(letters.top), {w / 2, edge}, true);
  draw(canvas, letter(letters.bottom), {w / 2, h - edge}, true);
  const Text place{place_of(plane), 0.5, kFaint, 1};
  draw(canvas, place, {14 * kOversample + extent_of(place).width / 2, edge}, true);
  draw_scale_bar(canvas, plane.mm_per_pixel() / kOversample);
  return canvas;
}

cv::Mat draw_banner(int width, const std::string& name) {
  cv::Mat banner(kBannerPixels * kOversample, width, CV_8UC3, kBannerColour);
  const int middle = banner.rows / 2;
  const Text warning{"AI, UNVERIFIED - NOT FOR CLINICAL USE", 0.72, kBlack, 2};
  draw(banner, warning, {14 * kOversample + extent_of(warning).width / 2, middle}, false);
  const Text plane{name, 0.62, kBlack, 1};
  draw(banner, plane, {width - 14 * kOversample - extent_of(plane).width / 2, middle}, false);
  return banner;
}

std::string legend_of(const Findings& findings, const Segment& segment) {
  std::string label = plain_ascii(segment.label);
  for (const Finding& finding : findings.findings) {
    if (finding.segments == std::vector<int>{segment.number}) {
      return fmt::format("{}: {:.2f} mL", label, finding.volume_mm3 / 1000);
    }
  }
  return label;
}

cv::Mat draw_legend(const Findings& findings, int width) {
  const int columns = 2;
  const int rows = (static_cast<int>(findings.segments.size()) + columns - 1) / columns;
  cv::Mat legend((rows * kLegendRowPixels + 2 * kLegendMarginPixels) * kOversample, width, CV_8UC3,
                 kBackground);
  for (int i = 0; i < static_cast<int>(findings.segments.size()); ++i) {
    const Segment& segment = findings.segments[static_cast<std::size_t>(i)];
    const int x = (i / rows) * width / columns + 16 * kOversample;
    const int y =
        (kLegendMarginPixels + (i % rows) * kLegendRowPixels + kLegendRowPixels / 2) * kOversample;
    const int half = 7 * kOversample;
    cv::rectangle(legend, {x, y - half, 2 * half, 2 * half},
                  cv::Scalar(segment.rgb[2], segment.rgb[1], segment.rgb[0]), cv::FILLED);
    const Text text{legend_of(findings, segment), 0.45, kInk, 1};
    draw(legend, text, {x + 3 * half + extent_of(text).width / 2, y}, false);
  }
  return legend;
}

Picture draw_picture(const Findings& findings, const LabelMap& labels, const Volume& volume,
                     const std::vector<Plane>& planes) {
  Picture picture;
  picture.kind = planes.front().kind;
  picture.name = name_of(picture.kind);
  std::vector<cv::Mat> side_by_side;
  for (const Plane& plane : planes) {
    side_by_side.push_back(draw_plane(findings, labels, volume, plane));
    if (side_by_side.size() > 1) side_by_side.back().col(0).setTo(kFaint);
    picture.caption += (picture.caption.empty() ? "" : " and ") + place_of(plane);
  }
  cv::Mat middle, whole, scaled;
  cv::hconcat(side_by_side, middle);
  cv::vconcat(std::vector<cv::Mat>{draw_banner(middle.cols, picture.name), middle,
                                   draw_legend(findings, middle.cols)},
              whole);
  cv::resize(whole, scaled, {}, 1.0 / kOversample, 1.0 / kOversample, cv::INTER_AREA);
  cv::cvtColor(scaled, scaled, cv::COLOR_BGR2RGB);
  picture.width = scaled.cols;
  picture.height = scaled.rows;
  picture.rgb.assign(scaled.datastart, scaled.dataend);
  return picture;
}

}  // namespace

std::vector<Picture> draw_pictures(const Findings& findings, const LabelMap& labels,
                                   const Volume& volume) {
  return draw_pictures(findings, labels, volume, extents_of(labels));
}

std::vector<Picture> draw_pictures(const Findings& findings, const LabelMap& labels,
                                   const Volume& volume, const LabelExtents& extents) {
  std::vector<std::vector<Plane>> planes;
  for (const PlaneKind kind : {PlaneKind::axial, PlaneKind::coronal, PlaneKind::sagittal}) {
    planes.push_back(choose_planes(findings, extents, kind, kPictureWidth));
  }
  if (planes.front().empty()) return {};
  std::vector<Picture> pictures(planes.size());
  in_parallel(static_cast<std::int64_t>(planes.size()), [&](std::int64_t i) {
    const auto place = static_cast<std::size_t>(i);
    pictures[place] = draw_picture(findings, labels, volume, planes[place]);
  });
  return pictures;
}

std::vector<std::uint8_t> to_png(const Picture& picture) {
  const cv::Mat rgb(picture.height, picture.width, CV_8UC3,
                    const_cast<std::uint8_t*>(picture.rgb.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> png;
  if (!cv::imencode(".png", bgr, png, {cv::IMWRITE_PNG_COMPRESSION, 4})) {
    throw Error(ErrorCode::internal, "a picture cannot be encoded");
  }
  return png;
}

}  // namespace osler::page
