#include "page/html_slices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/base64.hpp"
#include "core/error.hpp"
#include "page/parallel.hpp"
#include "page/slice_view.hpp"

namespace osler::page {
namespace {

constexpr int kAround = 3;                ///< slices beyond the segments, at each end
constexpr double kAcrossMm = 0.1;         ///< a slice that rises less lies across the long axis
constexpr double kLeastStepMm = 1;        ///< between interpolated planes
constexpr int kFine = 2;                  ///< outlines are traced at twice the size
constexpr double kSimplify = 0.75;        ///< half pixels that an outline may be off
constexpr std::size_t kWindowSlices = 8;  ///< that the grey window is taken from
constexpr int kWindowWidth = 128;
constexpr std::uint8_t kOutside = 16;
constexpr std::size_t kOutlineBytes = 24;  ///< of an outline in the page, beside its path

/// Where along the long axis the slices of the page lie.
struct Positions {
  std::vector<double> mm;  ///< ascending
  bool own = false;        ///< they are the series' own slices
  int stride = 1;          ///< each how many-th of them
  double step_mm = 0;      ///< of interpolated planes
};

struct Drawn {
  cv::Mat grey;
  Slice slice;
};

bool lies_across(const Grid& grid) {
  return std::abs(grid.index_to_lps.column(0)[2]) * static_cast<double>(grid.size[0]) +
             std::abs(grid.index_to_lps.column(1)[2]) * static_cast<double>(grid.size[1]) <
         kAcrossMm;
}

std::vector<double> heights_of(const Grid& grid) {
  std::vector<double> heights;
  for (std::int64_t k = 0; k < grid.size[2]; ++k) heights.push_back(grid.centre_mm(0, 0, k)[2]);
  std::sort(heights.begin(), heights.end());
  return heights;
}

Positions own_positions(const Grid& grid, const Extent& reach) {
  const std::vector<double> heights = heights_of(grid);
  const auto first = std::lower_bound(heights.begin(), heights.end(), reach.low[2] - kAcrossMm);
  const auto last = std::upper_bound(first, heights.end(), reach.high[2] + kAcrossMm);
  const auto reached = static_cast<int>(last - first);
  constexpr int kRoom = static_cast<int>(kMostSlices) - 2 * kAround;
  Positions positions{
      .mm = {}, .own = true, .stride = std::max(1, (reached + kRoom - 1) / kRoom), .step_mm = 0};
  const auto begin = static_cast<int>(first - heights.begin());
  for (int i = begin - kAround * positions.stride; i < begin + reached + kAround * positions.stride;
       i += positions.stride) {
    if (i >= 0 && i < static_cast<int>(heights.size())) {
      positions.mm.push_back(heights[static_cast<std::size_t>(i)]);
    }
  }
  return positions;
}

Positions even_positions(const Grid& grid, const Extent& reach) {
  const Vec3 spacing = grid.spacing_mm();
  const double span = reach.high[2] - reach.low[2];
  const double step = std::max({kLeastStepMm, *std::min_element(spacing.begin(), spacing.end()),
                                span / (static_cast<double>(kMostSlices) - 2 * kAround - 1)});
  Positions positions{.mm = {}, .own = false, .stride = 1, .step_mm = step};
  const auto count = static_cast<int>(std::floor(span / step)) + 1 + 2 * kAround;
  const double first = (reach.low[2] + reach.high[2]) / 2 - step * (count - 1) / 2;
  for (int i = 0; i < count; ++i) positions.mm.push_back(first + i * step);
  return positions;
}

std::string sentence_of(const Positions& positions, std::size_t left_out) {
  const int times = positions.stride * static_cast<int>(left_out);
  if (!positions.own) {
    return fmt::format(
        "Axial planes every {:.1f} mm, interpolated: the series' own slices lie "
        "otherwise.",
        positions.step_mm * static_cast<double>(left_out));
  }
  if (times == 1) return "Every slice of the series that has a segment, and a few around.";
  return fmt::format("One slice in {} of those that have a segment, and a few around.", times);
}

/// "M10 12l3 4-5 6z": relative, as short as they can be.
std::string path_of(const std::vector<cv::Point>& points) {
  std::string path = fmt::format("M{} {}l", points[0].x, points[0].y);
  const auto append = [&path](int number, bool first) {
    if (number >= 0 && !first) path += ' ';
    path += std::to_string(number);
  };
  for (std::size_t i = 1; i < points.size(); ++i) {
    append(points[i].x - points[i - 1].x, i == 1);
    append(points[i].y - points[i - 1].y, false);
  }
  if (points.size() == 1) path += "0 0";
  return path + "z";
}

/// The pixel that is furthest from the segment's edge; the fullest if it has none to itself.
cv::Point deepest_of(const cv::Mat& share) {
  cv::Mat inside, depth;
  cv::copyMakeBorder(share >= 0.5, inside, 1, 1, 1, 1, cv::BORDER_CONSTANT, 0);
  cv::distanceTransform(inside, depth, cv::DIST_L2, 3);
  cv::Point deepest;
  double most = 0;
  cv::minMaxLoc(depth, nullptr, &most, nullptr, &deepest);
  if (most > 0) return deepest - cv::Point(1, 1);
  cv::minMaxLoc(share, nullptr, nullptr, nullptr, &deepest);
  return deepest;
}

/// Empty path: no pixel is more than half the segment's.
SliceOutline outline_of(const SegmentShare& field) {
  const cv::Mat share(field.height, field.width, CV_32F, const_cast<float*>(field.share.data()));
  SliceOutline outline;
  outline.segment = field.segment;
  outline.pixels = cv::sum(share)[0];
  cv::Mat fine;
  cv::resize(share, fine, {}, kFine, kFine, cv::INTER_LINEAR);
  const cv::Mat inside = fine >= 0.5;
  const cv::Point corner(field.left * kFine, field.top * kFine);
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(inside, contours, cv::RETR_CCOMP, cv::CHAIN_APPROX_NONE, corner);
  if (contours.empty()) return outline;
  std::vector<cv::Point> simple;
  for (const std::vector<cv::Point>& contour : contours) {
    cv::approxPolyDP(contour, simple, kSimplify, true);
    outline.path += path_of(simple);
  }
  const cv::Point deepest = deepest_of(share);
  outline.x = corner.x + kFine * deepest.x;
  outline.y = corner.y + kFine * deepest.y;
  return outline;
}

Drawn draw_slice(const Findings& findings, const LabelMap& labels, const Volume& volume,
                 const Plane& plane, const GreyWindow& window) {
  Drawn drawn;
  const std::vector<float> values = sample_image(volume, plane);
  drawn.grey = cv::Mat(plane.height, plane.width, CV_8U, cv::Scalar(kOutside));
  std::transform(values.begin(), values.end(), drawn.grey.ptr<std::uint8_t>(), [&](float value) {
    return std::isfinite(value) ? window.shade(value) : kOutside;
  });
  drawn.slice.place = place_of(plane, 1);
  sample_segments(labels, plane, [&](const SegmentShare& field) {
    if (field.segment > static_cast<int>(findings.segments.size())) return;
    SliceOutline outline = outline_of(field);
    if (!outline.path.empty()) drawn.slice.outlines.push_back(std::move(outline));
  });
  std::stable_sort(
      drawn.slice.outlines.begin(), drawn.slice.outlines.end(),
      [](const SliceOutline& a, const SliceOutline& b) { return a.pixels > b.pixels; });
  return drawn;
}

/// One window for all, so that brightness means the same on every slice.
GreyWindow window_of_stack(const Volume& volume, const std::vector<Plane>& planes) {
  const std::size_t count = std::min(kWindowSlices, planes.size());
  std::vector<std::vector<float>> values(count);
  in_parallel(static_cast<std::int64_t>(count), [&](std::int64_t i) {
    const auto place = static_cast<std::size_t>(i);
    Plane coarse = planes[(2 * place + 1) * planes.size() / (2 * count)];
    const double step = static_cast<double>(coarse.width) / kWindowWidth;
    coarse.right_mm = step * coarse.right_mm;
    coarse.down_mm = step * coarse.down_mm;
    coarse.width = kWindowWidth;
    coarse.height = std::max(1, static_cast<int>(coarse.height / step));
    values[place] = sample_image(volume, coarse);
  });
  std::vector<float> all;
  for (const std::vector<float>& some : values) all.insert(all.end(), some.begin(), some.end());
  return window_of(all);
}

std::size_t encode(std::vector<Drawn>& drawn, int quality) {
  in_parallel(static_cast<std::int64_t>(drawn.size()), [&](std::int64_t i) {
    Drawn& one = drawn[static_cast<std::size_t>(i)];
    if (!cv::imencode(".jpg", one.grey, one.slice.jpeg, {cv::IMWRITE_JPEG_QUALITY, quality})) {
      throw Error(ErrorCode::internal, "a slice cannot be encoded");
    }
  });
  std::size_t bytes = 0;
  for (const Drawn& one : drawn) {
    bytes += base64_length(one.slice.jpeg.size());
    for (const SliceOutline& o : one.slice.outlines) bytes += o.path.size() + kOutlineBytes;
  }
  return bytes;
}

/// Labels without any order may leave no slice.
/// @return the quality
int encode_within_bound(std::vector<Drawn>& drawn, std::size_t& left_out) {
  while (true) {
    for (const int quality : kSliceQualities) {
      if (encode(drawn, quality) <= kMostStackBytes) return quality;
    }
    left_out *= 2;
    for (std::size_t i = 1; 2 * i < drawn.size(); ++i) drawn[i] = std::move(drawn[2 * i]);
    drawn.resize(drawn.size() > 1 ? (drawn.size() + 1) / 2 : 0);
  }
}

}  // namespace

std::size_t SliceStack::bytes() const {
  std::size_t bytes = 0;
  for (const Slice& slice : slices) {
    bytes += base64_length(slice.jpeg.size());
    for (const SliceOutline& o : slice.outlines) bytes += o.path.size() + kOutlineBytes;
  }
  return bytes;
}

int SliceStack::largest(const std::vector<int>& segments) const {
  int best = -1;
  double most = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    double pixels = 0;
    for (const SliceOutline& o : slices[i].outlines) {
      if (std::find(segments.begin(), segments.end(), o.segment) != segments.end()) {
        pixels += o.pixels;
      }
    }
    if (pixels > most) {
      most = pixels;
      best = static_cast<int>(i);
    }
  }
  return best;
}

SliceStack draw_slices(const Findings& findings, const LabelMap& labels, const Volume& volume,
                       const LabelExtents& extents) {
  const std::vector<Plane> middle = choose_planes(findings, extents, PlaneKind::axial, kSliceWidth);
  SliceStack stack;
  if (middle.empty()) return stack;
  Extent reach;
  for (const Segment& s : findings.segments) reach.add(extents[static_cast<std::size_t>(s.number)]);
  const Positions positions = lies_across(volume.grid) ? own_positions(volume.grid, reach)
                                                       : even_positions(volume.grid, reach);
  std::vector<Plane> planes(positions.mm.size(), middle.front());
  for (std::size_t i = 0; i < planes.size(); ++i) {
    planes[i].origin_mm[2] = planes[i].position_mm = positions.mm[i];
  }
  const GreyWindow window = window_of_stack(volume, planes);
  std::vector<Drawn> drawn(planes.size());
  in_parallel(static_cast<std::int64_t>(planes.size()), [&](std::int64_t i) {
    const auto place = static_cast<std::size_t>(i);
    drawn[place] = draw_slice(findings, labels, volume, planes[place], window);
  });
  std::size_t left_out = 1;
  stack.quality = encode_within_bound(drawn, left_out);
  stack.width = middle.front().width;
  stack.height = middle.front().height;
  stack.mm_per_pixel = middle.front().mm_per_pixel();
  stack.kind = sentence_of(positions, left_out);
  for (Drawn& one : drawn) stack.slices.push_back(std::move(one.slice));
  return stack;
}

}  // namespace osler::page
