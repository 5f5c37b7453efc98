#include "objects/contours.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"

namespace osler::objects {
namespace {

/// Steps in the order of a turn to the right, rows running down.
enum Direction : int { up, right, down, left };
constexpr std::array<std::array<std::int64_t, 2>, 4> kStep = {{{0, -1}, {1, 0}, {0, 1}, {-1, 0}}};

Direction turned_right(Direction d) {
  return static_cast<Direction>((d + 1) % 4);
}
Direction turned_left(Direction d) {
  return static_cast<Direction>((d + 3) % 4);
}

/// A voxel of the segment and its side, beyond which the segment ends: a vertex of the outline.
struct Side {
  std::int64_t column = 0;
  std::int64_t row = 0;
  Direction towards = up;

  bool operator==(const Side&) const = default;
};

/// In halves of a voxel, so that all arithmetic is exact.
using Point = std::array<std::int64_t, 2>;

class Tracer {
 public:
  Tracer(std::span<const std::uint8_t> labels, std::int64_t columns, std::int64_t rows)
      : labels_(labels), columns_(columns), rows_(rows), seen_(labels.size(), 0) {}

  /// @param only  a segment, or 0: all
  std::vector<Outline> all(int only, std::int64_t slice) {
    std::vector<Outline> outlines;
    for (std::int64_t r = 0; r < rows_; ++r) {
      for (std::int64_t c = 0; c < columns_; ++c) {
        const auto i = static_cast<std::size_t>(r * columns_ + c);
        const std::uint8_t label = labels_[i];
        if (label == 0 || (only != 0 && label != only) || seen_[i] != 0) continue;
        if (!is(label, c, r - 1)) outlines.push_back(traced({c, r, up}, label, slice));
      }
    }
    return outlines;
  }

 private:
  bool is(std::uint8_t label, std::int64_t c, std::int64_t r) const {
    return c >= 0 && r >= 0 && c < columns_ && r < rows_ &&
           labels_[static_cast<std::size_t>(r * columns_ + c)] == label;
  }

  /// The segment stays to the right. Corners join: what lies diagonally ahead goes before what lies
  /// straight ahead.
  Side next(const Side& at, std::uint8_t label) const {
    const Direction ahead = turned_right(at.towards);
    const std::int64_t c = at.column + kStep[ahead][0], r = at.row + kStep[ahead][1];
    const std::int64_t dc = c + kStep[at.towards][0], dr = r + kStep[at.towards][1];
    if (is(label, dc, dr)) return {dc, dr, turned_left(at.towards)};
    if (is(label, c, r)) return {c, r, at.towards};
    return {at.column, at.row, ahead};
  }

  Outline traced(const Side& start, std::uint8_t label, std::int64_t slice) {
    std::vector<Point> points;
    std::int64_t twice_area = 0;
    Side at = start;
    do {
      // Each outline has an upper side; those that are seen start no second one.
      if (at.towards == up) seen_[static_cast<std::size_t>(at.row * columns_ + at.column)] = 1;
      const Point point = {2 * at.column + kStep[at.towards][0], 2 * at.row + kStep[at.towards][1]};
      if (!points.empty()) twice_area += cross(points.back(), point);
      points.push_back(point);
      at = next(at, label);
    } while (!(at == start));
    twice_area += cross(points.back(), points.front());
    return {label, slice, twice_area < 0, corners_of(points)};
  }

  static std::int64_t cross(const Point& a, const Point& b) { return a[0] * b[1] - a[1] * b[0]; }

  static std::vector<std::array<double, 2>> corners_of(const std::vector<Point>& points) {
    std::vector<std::array<double, 2>> corners;
    const std::size_t n = points.size();
    for (std::size_t i = 0; i < n; ++i) {
      const Point &before = points[(i + n - 1) % n], &at = points[i], &after = points[(i + 1) % n];
      const Point in = {at[0] - before[0], at[1] - before[1]};
      const Point out = {after[0] - at[0], after[1] - at[1]};
      if (cross(in, out) == 0) continue;
      corners.push_back({static_cast<double>(at[0]) / 2, static_cast<double>(at[1]) / 2});
    }
    return corners;
  }

  std::span<const std::uint8_t> labels_;
  std::int64_t columns_;
  std::int64_t rows_;
  std::vector<std::uint8_t> seen_;  // voxels whose upper side is in an outline
};

void check_size(std::size_t labels, std::int64_t columns, std::int64_t rows) {
  if (columns < 0 || rows < 0 || static_cast<std::int64_t>(labels) != columns * rows) {
    throw Error(ErrorCode::bad_argument, "labels do not fill their grid");
  }
}

}  // namespace

std::vector<Outline> outlines_of_slice(std::span<const std::uint8_t> labels_of_slice,
                                       std::int64_t columns, std::int64_t rows, int segment,
                                       std::int64_t slice) {
  check_size(labels_of_slice.size(), columns, rows);
  if (segment < 1 || segment > 255) {
    throw Error(ErrorCode::bad_argument, "outlines of a segment that no label can be");
  }
  return Tracer(labels_of_slice, columns, rows).all(segment, slice);
}

std::vector<Outline> outlines_of_slice(const LabelMap& labels, std::int64_t slice) {
  const Size3& size = labels.grid.size;
  if (slice < 0 || slice >= size[2] ||
      static_cast<std::int64_t>(labels.labels.size()) != voxel_count(size)) {
    throw Error(ErrorCode::bad_argument, "labels do not fill their grid, or no such slice");
  }
  const std::int64_t area = size[0] * size[1];
  const auto of_slice =
      std::span(labels.labels)
          .subspan(static_cast<std::size_t>(slice * area), static_cast<std::size_t>(area));
  std::vector<Outline> outlines = Tracer(of_slice, size[0], size[1]).all(0, slice);
  std::stable_sort(outlines.begin(), outlines.end(),
                   [](const Outline& a, const Outline& b) { return a.segment < b.segment; });
  return outlines;
}

}  // namespace osler::objects
