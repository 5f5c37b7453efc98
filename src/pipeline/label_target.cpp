#include "pipeline/label_target.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>
#include <string>

#include "core/error.hpp"
#include "kernels/relabel.hpp"
#include "pipeline/device_lane.hpp"
#include "postprocess/label_filters.hpp"

namespace osler {
namespace {

/// Index on the source (slice place) -> index on the grid that the network's is placed on: they
/// differ where slices are uneven.
Affine to_image(const WindowedTask& task) {
  const Grid& image = task.channels.front()->grid;
  if (&task.grid == &image) return {};
  return inverse(image.index_to_lps) * task.grid.index_to_lps;
}

/// The source voxels begin <= i < end in the order of the network's axes, so that both grids run
/// side by side.
NetworkGrid box_of_source(const WindowedTask& task, const ShownGrid& shown) {
  const NetworkGrid whole = orient(*task.channels.front(), task.steps.image.orient);
  const Affine to_whole = inverse(whole.to_source);
  Vec3 first{}, last{};
  for (std::size_t i = 0; i < 3; ++i) {
    first[i] = static_cast<double>(shown.seen_begin[i]);
    last[i] = static_cast<double>(shown.seen_end[i] - 1);
  }
  const Vec3 a = to_whole(first), b = to_whole(last);
  Size3 begin{}, size{};
  for (std::size_t i = 0; i < 3; ++i) {
    begin[i] = std::llround(std::min(a[i], b[i]));
    size[i] = std::llround(std::max(a[i], b[i])) + 1 - begin[i];
  }
  return part_of(whole, begin, size, voxel_count(whole.size));
}

std::uint8_t* labels_of(const DeviceBuffer& buffer) {
  return static_cast<std::uint8_t*>(buffer.data());
}

kernels::LabelTable same_labels() {
  kernels::LabelTable table{};
  std::iota(table.begin(), table.end(), std::uint8_t{0});
  return table;
}

}  // namespace

GridPlace place_on_network(const WindowedTask& task, const ShownGrid& shown) {
  GridPlace place;
  place.network = shown.network.size;
  place.to_network = inverse(shown.network.to_source) * to_image(task);
  const auto& rule = task.steps.labels.nnunet_rule;
  if (!rule) return place;
  if (rule->order == 0) place.nearest = {true, true, true};
  const NetworkGrid own = orient(*task.channels.front(), task.steps.image.orient);
  const int axis = separate_axis(shown.network.spacing_mm, own.spacing_mm, *rule);
  if (axis >= 0) place.nearest[static_cast<std::size_t>(axis)] = rule->order_across == 0;
  return place;
}

/// nnU-Net stores interpolated scores as it stores those of the network.
bool rounded_to_halves(const WindowedTask& task, const GridPlace& place) {
  return task.steps.window.in_halves && task.steps.labels.nnunet_rule &&
         !(place.to_network == Affine{});
}

std::vector<std::uint8_t> labels_of_classes(const ModelPackage& package) {
  std::vector<std::uint8_t> label_of(static_cast<std::size_t>(package.classes), 0);
  for (std::size_t i = 0; i < package.segments.size(); ++i) {
    const auto output = static_cast<std::size_t>(package.segments[i].output);
    label_of[output] = static_cast<std::uint8_t>(i + 1);
  }
  return label_of;
}

std::uint8_t label_of_value(const ModelPackage& package, int value) {
  for (std::size_t i = 0; i < package.segments.size(); ++i) {
    if (package.segments[i].value == value) return static_cast<std::uint8_t>(i + 1);
  }
  return 0;
}

LabelTarget::LabelTarget(const WindowedTask& task, const ShownGrid& shown)
    : task_(task), shown_(shown), place_(place_on_network(task, shown)) {
  const LabelStep& step = task.steps.labels;
  if (step.on_network_grid) {
    back_.out_size = shown.network.size;
  } else {
    if (&task.grid == &task.channels.front()->grid) {
      // Voxels beyond what was shown are not even looked at.
      const NetworkGrid box = box_of_source(task, shown_);
      to_source_ = box.to_source;
      back_.out_size = box.size;
      back_.out_to_in = place_.to_network * box.to_source;
    } else {
      shown_.seen_begin = {0, 0, 0};
      shown_.seen_end = task.grid.size;
      back_.out_size = task.grid.size;
      back_.slice_at = task.grid.slice_at;
      back_.out_to_in = place_.to_network;
    }
    for (std::size_t i = 0; i < 3; ++i) {
      if (place_.nearest[i]) back_.interpolation[i] = kernels::Interpolation::nearest;
    }
  }
  back_.decision = step.regions ? kernels::Decision::regions : kernels::Decision::highest;
  back_.threshold = static_cast<float>(step.threshold);
  back_.rounded_to_halves = rounded_to_halves(task, place_);
  const std::vector<std::uint8_t> label_of = labels_of_classes(task.package);
  back_.label_of = label_of;
  for (std::size_t i = 0; i < step.order.size(); ++i) {
    back_.label_of[i] = label_of[static_cast<std::size_t>(step.order[i])];
  }
  if (task.decide && task.lane == nullptr) decided_.assign(voxels_decided(), 0);
  if (task.decide && task.lane != nullptr) {
    decided_there_.emplace(voxels_decided(), task.lane->stream);
    clear(*decided_there_, task.lane->stream);
  }
  if (task.decide && task.measure) prepare_measure();
  if (task.keep_scores) {
    scores_.emplace();
    scores_->classes = task.package.classes;
    scores_->place = place_;
    scores_->rounded_to_halves = back_.rounded_to_halves;
    scores_->regions = step.regions;
    scores_->probabilities = step.activation != Activation::none;
    scores_->seen_begin = shown_.seen_begin;
    scores_->seen_end = shown_.seen_end;
    reserve_scores(voxel_count(shown.network.size));
  }
}

/// While labels are decided, where they are decided as they will be given: on the source's own
/// grid, and nothing filters them.
void LabelTarget::prepare_measure() {
  const Stream* stream = task_.lane != nullptr ? &task_.lane->stream : nullptr;
  if (task_.values != nullptr) {
    values_ = *task_.values;
    if (stream != nullptr) {
      const bool there = task_.uploaded != nullptr && &task_.grid == &task_.channels.front()->grid;
      if (!there) return;
      values_.voxels = task_.uploaded->place().view.voxels;
    }
  }
  measure_.emplace(task_.grid, static_cast<int>(task_.package.segments.size()),
                   task_.values != nullptr ? &values_ : nullptr, stream);
  const LabelStep& step = task_.steps.labels;
  if (!step.on_network_grid && is_whole_source() && step.filters.empty()) {
    back_.sums = measure_->sink();
  }
}

std::size_t LabelTarget::voxels_decided() const {
  return static_cast<std::size_t>(voxel_count(back_.out_size));
}

void LabelTarget::reserve_scores(std::int64_t voxels) {
  const auto count =
      static_cast<std::size_t>(task_.package.classes) * static_cast<std::size_t>(voxels);
  try {
    scores_->values.resize(count);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::bad_input,
                std::to_string(task_.package.classes) + " classes of " + std::to_string(voxels) +
                    " voxels do not fit into memory (" + std::to_string(count >> 18) + " MiB)",
                {},
                task_.decide ? "leave --probabilities out, or give a smaller image"
                             : "give a smaller image: an ensemble keeps the scores of each member");
  }
}

void LabelTarget::take(const ScoreSlab& slab) {
  if (slab.scores.classes != task_.package.classes) {
    throw Error(ErrorCode::model,
                "the network gives " + std::to_string(slab.scores.classes) +
                    " classes; the package says " + std::to_string(task_.package.classes),
                "one channel per class, background included");
  }
  if (task_.decide) decide(slab);
  if (scores_) keep(slab);
}

void LabelTarget::decide(const ScoreSlab& slab) {
  back_.cell_begin = slab.cell_begin;
  back_.cell_end = slab.cell_end;
  if (slab.memory == Backend::cpu) {
    if (task_.lane != nullptr) back_.sums = nullptr;  // those are on the GPU: counted at the end
    if (decided_.empty()) decided_.assign(voxels_decided(), 0);
    return kernels::labels_back_cpu(slab.scores, back_, decided_);
  }
  const Stream& stream = task_.lane->stream;
  const DeviceBuffer scratch(kernels::labels_back_scratch_bytes(slab.scores, back_), stream);
  kernels::labels_back_cuda(slab.scores, back_, labels_of(*decided_there_), scratch.data(), stream);
}

/// Copies the planes that are final; slabs share one plane, which is the same in both.
void LabelTarget::keep(const ScoreSlab& slab) {
  const kernels::ScoresView& scores = slab.scores;
  const std::int64_t begin = slab.cell_begin;
  const std::int64_t end = std::min(slab.cell_end, scores.size[2] - 1) + 1;
  const auto plane = static_cast<std::size_t>(scores.size[0] * scores.size[1]);
  const std::size_t count = static_cast<std::size_t>(end - begin) * plane;
  if (scores.type != kernels::FloatType::f32) {
    throw Error(ErrorCode::internal, "scores are kept of single precision alone");
  }
  for (int c = 0; c < scores.classes; ++c) {
    const auto order = task_.steps.labels.order;
    const int channel = order.empty() ? c : order[static_cast<std::size_t>(c)];
    float* to = scores_->values.data() +
                (static_cast<std::size_t>(channel) * static_cast<std::size_t>(scores.size[2]) +
                 static_cast<std::size_t>(begin)) *
                    plane;
    const float* from = static_cast<const float*>(scores.scores) +
                        (static_cast<std::size_t>(c) * static_cast<std::size_t>(scores.planes) +
                         static_cast<std::size_t>(begin - scores.first_plane)) *
                            plane;
    if (slab.memory == Backend::cpu) {
      std::copy_n(from, count, to);
    } else {
      task_.lane->staging.to_host(from, std::as_writable_bytes(std::span(to, count)),
                                  task_.lane->stream);
    }
  }
}

void LabelTarget::filter(const Device& device, bool on_network, const Size3& size,
                         std::span<std::uint8_t> labels) const {
  const auto label_of = [this](int value) { return label_of_value(task_.package, value); };
  for (const LabelFilter& each : task_.steps.labels.filters) {
    if (each.on_network_grid == on_network) filter_labels(device, each, label_of, size, labels);
  }
}

void LabelTarget::filter_there(bool on_network, const Size3& size, std::uint8_t* labels) const {
  const auto label_of = [this](int value) { return label_of_value(task_.package, value); };
  for (const LabelFilter& each : task_.steps.labels.filters) {
    if (each.on_network_grid != on_network) continue;
    filter_labels(each, label_of, size, labels, task_.lane->stream);
  }
}

/// Whether what is decided is the source's own grid, in its order.
bool LabelTarget::is_whole_source() const {
  return to_source_ == Affine{} && back_.out_size == task_.grid.size;
}

/// Of labels that were decided in host memory.
std::vector<std::uint8_t> LabelTarget::to_source() {
  if (!task_.steps.labels.on_network_grid && is_whole_source()) return std::move(decided_);
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(voxel_count(task_.grid.size)), 0);
  if (!task_.steps.labels.on_network_grid) {
    put_back(decided_, back_.out_size, to_source_, task_.grid.size, labels);
  } else if (task_.steps.labels.interpolate_numbers) {
    label_numbers_to_source(decided_, place_, task_.grid, labels);
  } else {
    labels_to_source(decided_, place_, task_.grid, labels);
  }
  return labels;
}

std::vector<std::uint8_t> LabelTarget::finish_here(const Device& device) {
  if (task_.steps.labels.on_network_grid) filter(device, true, shown_.network.size, decided_);
  std::vector<std::uint8_t> labels = to_source();
  filter(device, false, task_.grid.size, labels);
  if (back_.sums != nullptr) statistics_ = measure_->of_sink();
  return labels;
}

/// On the source's grid, filtered and measured still on the GPU; then over the bus.
std::vector<std::uint8_t> LabelTarget::finish_there(const Device& device) {
  DeviceLane& lane = *task_.lane;
  std::uint8_t* decided = labels_of(*decided_there_);
  if (!decided_.empty()) {
    const DeviceBuffer here(decided_.size(), lane.stream);
    lane.staging.to_device(std::as_bytes(std::span(decided_)), here.data(), lane.stream);
    kernels::fill_background_cuda(labels_of(here), voxel_count(back_.out_size), same_labels(),
                                  decided, lane.stream);
  }
  const auto fetch = [&](const DeviceBuffer& there) {
    std::vector<std::uint8_t> labels(there.bytes());
    lane.staging.to_host(there.data(), std::as_writable_bytes(std::span(labels)), lane.stream);
    return labels;
  };
  if (task_.steps.labels.on_network_grid) {
    filter_there(true, shown_.network.size, decided);
    decided_ = fetch(*decided_there_);
    std::vector<std::uint8_t> labels = to_source();
    filter(device, false, task_.grid.size, labels);
    return labels;
  }
  std::optional<DeviceBuffer> placed;
  if (!is_whole_source()) {
    placed.emplace(static_cast<std::size_t>(voxel_count(task_.grid.size)), lane.stream);
    clear(*placed, lane.stream);
    kernels::place_box_cuda(decided, place_of_box(back_.out_size, to_source_, task_.grid.size),
                            labels_of(*placed), lane.stream);
  }
  const DeviceBuffer& there = placed ? *placed : *decided_there_;
  filter_there(false, task_.grid.size, labels_of(there));
  if (measure_) {
    statistics_ =
        back_.sums != nullptr ? measure_->of_sink() : measure_->of_labels(labels_of(there));
  }
  return fetch(there);
}

std::vector<std::uint8_t> LabelTarget::finish(const Device& device) {
  std::vector<std::uint8_t> labels = decided_there_ ? finish_there(device) : finish_here(device);
  if (task_.measure && statistics_.empty()) {
    statistics_ = label_statistics(device, labels, task_.grid,
                                   static_cast<int>(task_.package.segments.size()), task_.values);
  }
  return labels;
}

}  // namespace osler
