#include "kernels/labels_back_aligned.hpp"

namespace osler::kernels {

AxisPlaces places_along(std::size_t axis, const LabelsBackTask& task, const Size3& size,
                        std::span<const double> slices) {
  const bool linear = task.interpolation[axis] == Interpolation::linear;
  const double scale = task.out_to_in.m[5 * axis], shift = task.out_to_in.m[4 * axis + 3];
  AxisPlaces places;
  places.begin.assign(static_cast<std::size_t>(size[axis]) + 1, 0);
  const auto count = static_cast<std::size_t>(task.out_size[axis]);
  for (std::size_t i = 0; i < count; ++i) {
    const double at = slices.empty() ? static_cast<double>(i) : slices[i];
    places.at.push_back(neighbours(scale * at + shift, size[axis], linear));
    ++places.begin[static_cast<std::size_t>(places.at.back().low) + 1];
  }
  for (std::size_t c = 1; c < places.begin.size(); ++c) places.begin[c] += places.begin[c - 1];
  std::vector<std::int32_t> next(places.begin.begin(), places.begin.end() - 1);
  places.in_order.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto place = next[static_cast<std::size_t>(places.at[i].low)]++;
    places.in_order[static_cast<std::size_t>(place)] = static_cast<std::int32_t>(i);
  }
  return places;
}

XPlaces::XPlaces(const LabelsBackTask& task, const Size3& size) {
  const AxisPlaces places = places_along(0, task, size);
  const auto cells = static_cast<std::size_t>(size[0]);
  std::vector<std::int32_t> inside(cells, 0);
  for (std::size_t x = 0; x < places.at.size(); ++x) {
    const Neighbours& at = places.at[x];
    weight.push_back(at.weight);
    low.push_back(static_cast<std::int32_t>(at.low));
    if (!at.inside) continue;
    on_columns = on_columns && at.weight == 0;
    ++inside[static_cast<std::size_t>(at.low)];
    if (inside_begin == inside_end) inside_begin = static_cast<std::int32_t>(x);
    inside_end = static_cast<std::int32_t>(x) + 1;
  }
  const bool backward = task.out_to_in.m[0] < 0;
  edge.push_back(backward ? inside_end : inside_begin);
  for (const std::int32_t count : inside) {
    edge.push_back(backward ? edge.back() - count : edge.back() + count);
  }
}

}  // namespace osler::kernels
