#include "preprocess/network_image.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "preprocess/image_boxes.hpp"
#include "preprocess/image_state.hpp"
#include "preprocess/source.hpp"
#include "preprocess/step_kernels.hpp"

namespace osler {
namespace {

/// Is a voxel about this one, which is 0, not 0? The edge ends the image.
bool is_beside_others(std::span<const float> values, const Size3& size, const Size3& at) {
  for (std::int64_t z = std::max<std::int64_t>(at[2] - 1, 0); z <= at[2] + 1 && z < size[2]; ++z) {
    for (std::int64_t y = std::max<std::int64_t>(at[1] - 1, 0); y <= at[1] + 1 && y < size[1];
         ++y) {
      for (std::int64_t x = std::max<std::int64_t>(at[0] - 1, 0); x <= at[0] + 1 && x < size[0];
           ++x) {
        if (values[static_cast<std::size_t>((z * size[1] + y) * size[0] + x)] != 0) return true;
      }
    }
  }
  return false;
}

/// Voxels of 0 beside others become the least that is not 0 (see ResampleStep).
void lift_zeros(std::span<float> values, const Size3& size) {
  std::vector<std::size_t> zeros;
  std::size_t i = 0;
  for (std::int64_t z = 0; z < size[2]; ++z) {
    for (std::int64_t y = 0; y < size[1]; ++y) {
      for (std::int64_t x = 0; x < size[0]; ++x, ++i) {
        if (values[i] == 0 && is_beside_others(values, size, {x, y, z})) zeros.push_back(i);
      }
    }
  }
  for (const std::size_t zero : zeros) values[zero] = std::numeric_limits<float>::min();
}

class ImageMaker {
 public:
  ImageMaker(const Device& device, const ImageTask& task) : device_(device), task_(task) {
    const Volume& source = *task.channels.front();
    NetworkImage& image = state_.image;
    image.grid = orient(source, task.steps.orient);
    image.channels = static_cast<int>(task.channels.size());
    image.seen_end = source.grid.size;
    image.values.resize(static_cast<std::size_t>(image.channels * state_.voxels()));
    kernels::ResampleTask as_stored;
    as_stored.out_size = image.grid.size;
    as_stored.out_to_in = image.grid.to_source;
    as_stored.interpolation = kernels::Interpolation::nearest;
    for (int c = 0; c < image.channels; ++c) {
      const VolumeSource channel(*task.channels[static_cast<std::size_t>(c)]);
      kernels::resample_cpu(channel.view(), as_stored, std::as_writable_bytes(state_.channel(c)));
    }
  }

  NetworkImage make() {
    for (const ImageStep& step : task_.steps.steps) {
      std::visit([this](const auto& each) { run(each); }, step);
    }
    return std::move(state_.image);
  }

 private:
  void run(const NormaliseStep& step) { apply(step, state_); }
  void run(const RescaleStep& step) { apply(step, state_); }

  void run(const CropStep& step) {
    switch (step.to) {
      case CropStep::To::nonzero:
        return crop_to_nonzero();
      case CropStep::To::above:
        return crop_to_above(step);
      case CropStep::To::labels:
        return crop_to_labels(step);
    }
  }

  void run(const ResampleStep& step) {
    leave_grid();
    const NetworkGrid to = resampled(state_.image.grid, step, task_.most_voxels);
    const bool same = to.to_source == state_.image.grid.to_source;
    resample_to(to, step.interpolation, state_);
    if (!step.no_zero_beside_others || same) return;
    for (int c = 0; c < state_.image.channels; ++c) lift_zeros(state_.channel(c), to.size);
  }

  void run(const ResizeStep& step) {
    leave_grid();
    Size3 size = step.size;
    for (std::size_t i = 0; i < 3; ++i) {
      if (size[i] == 0) size[i] = state_.image.grid.size[i];
    }
    resample_to(resized(state_.image.grid, size, task_.most_voxels), step.interpolation, state_);
  }

  void run(const NnunetResampleStep& step) {
    leave_grid();
    const NetworkGrid& from = state_.image.grid;
    Vec3 wanted = step.spacing_mm;
    Size3 size{};
    for (std::size_t i = 0; i < 3; ++i) {
      if (wanted[i] == 0) wanted[i] = from.spacing_mm[i];
      size[i] = voxels_at(from.size[i], from.spacing_mm[i], wanted[i]);
    }
    const NnunetResize rule{separate_axis(from.spacing_mm, wanted, step), step.order,
                            step.order_across};
    NetworkGrid to = resized(from, size, task_.most_voxels);
    to.spacing_mm = wanted;  // as nnU-Net calls it, though sizes were rounded
    if (to.size == from.size) {
      state_.image.grid = to;
    } else {
      nnunet_resize(to, rule, state_);
    }
    resized_by_ = rule;
  }

  void run(const PadStep& step) {
    VoxelBox box{{0, 0, 0}, state_.image.grid.size};
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int64_t n = box.end[i], k = step.multiple_of[i];
      const std::int64_t more = (std::max(n, step.to[i]) + k - 1) / k * k - n;
      box.begin[i] = step.at_end ? 0 : -(more / 2);
      box.end[i] = n + more + box.begin[i];
    }
    take(box, step.with, step.value);
    state_.content.clear();
  }

  void run(const AddLabelsStep& step) {
    const NetworkGrid& from = before_ ? *before_ : state_.image.grid;
    if (!is_unresampled(from)) refuse_order("adds labels");
    const std::vector<float> found =
        resized_labels(values_on(from, task_.stages.at(step.stage)), from);
    std::vector<float>& values = state_.image.values;
    for (const int value : step.values) {
      const auto wanted = static_cast<float>(value);
      for (const float label : found) values.push_back(label == wanted ? 1.0F : 0.0F);
    }
    state_.image.channels += static_cast<int>(step.values.size());
  }

  /// The stage's values; -1 where nothing is labelled and the image holds nothing (nnU-Net's crop).
  std::vector<float> values_on(const NetworkGrid& from, const StageLabels& stage) const {
    std::vector<float> values(static_cast<std::size_t>(voxel_count(from.size)), 0);
    for (const auto& [value, label] : stage.of_values) {
      std::array<bool, 256> wanted{};
      wanted[static_cast<std::size_t>(label)] = true;
      const Mask mask = label_mask(from, task_.channels.front()->grid.size, stage.labels, wanted);
      for (std::size_t i = 0; i < mask.size(); ++i) {
        if (mask[i] != 0) values[i] = static_cast<float>(value);
      }
    }
    const Mask& content = before_ ? before_content_ : state_.content;
    for (std::size_t i = 0; i < content.size(); ++i) {
      if (values[i] == 0 && content[i] == 0) values[i] = -1;
    }
    return values;
  }

  std::vector<float> onto_grid(std::vector<float> values, const NetworkGrid& from,
                               int order) const {
    ImageState state;
    state.image.channels = 1;
    state.image.grid = from;
    state.image.values = std::move(values);
    const NetworkGrid& to = state_.image.grid;
    if (resized_by_) {
      nnunet_resize(to, {resized_by_->axis, order, 0}, state);
    } else {
      resample_to(to, order == 0 ? StepInterpolation::nearest : StepInterpolation::linear, state);
    }
    return std::move(state.image.values);
  }

  /// Of each voxel the value of which most is there, by linear interpolation; of values of which as
  /// much is there the nearest voxel's, else the least (batchgenerators' resize_segmentation).
  std::vector<float> resized_labels(const std::vector<float>& values,
                                    const NetworkGrid& from) const {
    const std::set<float> all(values.begin(), values.end());
    const std::vector<float> nearest = onto_grid(values, from, 0);
    std::vector<float> best = nearest, most(nearest.size(), -1);
    for (const float value : all) {
      std::vector<float> here(values.size());
      std::ranges::transform(values, here.begin(),
                             [value](float v) { return v == value ? 1.0F : 0.0F; });
      const std::vector<float> share = onto_grid(std::move(here), from, 1);
      for (std::size_t i = 0; i < share.size(); ++i) {
        if (share[i] < most[i] || (share[i] == most[i] && nearest[i] != value)) continue;
        most[i] = share[i];
        best[i] = value;
      }
    }
    return best;
  }

  void crop_to_nonzero() {
    const Mask mask = nonzero_mask(device_, state_);
    const Size3 size = state_.image.grid.size;
    const VoxelBox box = bounds(mask, size);
    crop(box, "every voxel of the image is 0");
    state_.content = cut(mask, size, box);
  }

  void crop_to_above(const CropStep& step) {
    const Size3 size = state_.image.grid.size;
    VoxelBox box = bounds(above_mask(state_, step.value), size);
    if (box.empty()) box = {{0, 0, 0}, size};
    for (std::size_t i = 0; i < 3; ++i) {
      box.begin[i] = std::max<std::int64_t>(box.begin[i] - step.margin[i], 0);
      box.end[i] = std::min(box.end[i] + step.margin[i], size[i]);
      const std::int64_t k = step.multiple_of[i], n = box.end[i] - box.begin[i];
      const std::int64_t wanted = (n + k - 1) / k * k;
      box.begin[i] += n / 2 - wanted / 2;
      box.end[i] = box.begin[i] + wanted;
    }
    take(box, PadWith::value, 0);
    state_.content.clear();
  }

  void crop_to_labels(const CropStep& step) {
    const StageLabels& stage = task_.stages.at(step.stage);
    std::array<bool, 256> wanted{};
    if (step.labels.empty()) wanted.fill(true);
    for (const std::string& label : step.labels) {
      wanted[static_cast<std::size_t>(stage.of_segments.at(label))] = true;
    }
    wanted[0] = false;
    const NetworkGrid& grid = state_.image.grid;
    if (!is_unresampled(grid)) refuse_order("crops to labels");
    VoxelBox box = bounds(label_mask(grid, task_.channels.front()->grid.size, stage.labels, wanted),
                          grid.size);
    for (std::size_t a = 0; a < 3 && !box.empty(); ++a) {
      const auto margin = static_cast<std::int64_t>(std::ceil(step.margin_mm / grid.spacing_mm[a]));
      box.begin[a] = std::max<std::int64_t>(box.begin[a] - margin, 0);
      box.end[a] = std::min(box.end[a] + margin, grid.size[a]);
    }
    crop(box, "stage " + step.stage + " found nothing to look at");
    state_.content.clear();
  }

  [[noreturn]] static void refuse_order(const std::string& what) {
    throw Error(ErrorCode::model, "model.json " + what + " on a grid that was resampled before",
                "one resampling, behind the crop");
  }

  void crop(const VoxelBox& box, const std::string& nothing) {
    if (box.empty()) {
      throw Error(ErrorCode::bad_input, nothing, "an image that shows what the model looks for");
    }
    take(box, PadWith::value, 0);
  }

  void take(const VoxelBox& box, PadWith with, double value) {
    NetworkImage& image = state_.image;
    const Size3 size = box.size();
    if (size == image.grid.size && box.begin == Size3{0, 0, 0}) return;
    const NetworkGrid to = part_of(image.grid, box.begin, size, task_.most_voxels);
    std::vector<float> values(static_cast<std::size_t>(image.channels * voxel_count(size)));
    kernels::PatchTask task;
    task.begin = box.begin;
    task.size = size;
    task.beyond = beyond_of(with);
    task.value = static_cast<float>(value);
    kernels::gather_patch_cpu(image.view(), task, kernels::FloatType::f32,
                              std::as_writable_bytes(std::span(values)));
    image.values = std::move(values);
    image.grid = to;
    narrow_seen();
  }

  /// To the source voxels whose centres lie in the grid as it is now.
  void narrow_seen() {
    NetworkImage& image = state_.image;
    Vec3 end{};
    for (std::size_t i = 0; i < 3; ++i) end[i] = static_cast<double>(image.grid.size[i]) - .5;
    const Vec3 a = image.grid.to_source({-.5, -.5, -.5}), b = image.grid.to_source(end);
    constexpr double kRounding = 1e-6;
    for (std::size_t i = 0; i < 3; ++i) {
      const auto first = static_cast<std::int64_t>(std::ceil(std::min(a[i], b[i]) - kRounding));
      const auto last = static_cast<std::int64_t>(std::floor(std::max(a[i], b[i]) + kRounding));
      image.seen_begin[i] = std::max(image.seen_begin[i], first);
      image.seen_end[i] = std::min(image.seen_end[i], last + 1);
    }
  }

  /// Masks end with the grid that they are of; labels that are added later come from here.
  void leave_grid() {
    if (!before_) {
      before_ = state_.image.grid;
      before_content_ = std::move(state_.content);
    }
    state_.content.clear();
  }

  const Device& device_;
  const ImageTask& task_;
  ImageState state_;
  std::optional<NetworkGrid> before_;  ///< the first resampling
  Mask before_content_;                ///< of that grid
  std::optional<NnunetResize> resized_by_;
};

}  // namespace

NetworkImage make_network_image(const Device& device, const ImageTask& task) {
  return ImageMaker(device, task).make();
}

}  // namespace osler
