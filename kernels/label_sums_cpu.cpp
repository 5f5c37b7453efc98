#include "kernels/label_sums_cpu.hpp"

#include <cstring>
#include <mutex>
#include <vector>

#include "core/scalar.hpp"
#include "kernels/clones.hpp"
#include "kernels/label_statistics_math.hpp"

namespace osler::kernels {
namespace {

std::mutex handing_over;

/// Where the run of equal labels ends that begins at x.
std::int64_t end_of_run(const std::uint8_t* line, std::int64_t x, std::int64_t n) {
  const std::uint8_t label = line[x];
  const std::uint64_t eight = 0x0101010101010101U * label;
  for (++x; x + 8 <= n; x += 8) {
    std::uint64_t next;
    std::memcpy(&next, line + x, sizeof next);
    if (next != eight) break;
  }
  while (x < n && line[x] == label) ++x;
  return x;
}

template <typename T>
ValueSums<T> value_sums(const T* stored, std::int64_t n, const PaddingRange<T>& padding) {
  ValueSums<T> sums;
  for (std::int64_t i = 0; i < n; ++i) {
    if (!padding.holds(stored[i])) sums.take(stored[i]);
  }
  return sums;
}

template <typename T>
class Lines final : public LabelLines {
 public:
  explicit Lines(const LabelSums& sums)
      : task_(sums.task),
        labels_(static_cast<std::size_t>(task_.max_label) + 1),
        stored_(stored_values<T>(task_)),
        padding_(padding_of<T>(task_)),
        all_(static_cast<SliceSums<T>*>(sums.at)) {}

  void take(const std::uint8_t* line, std::int64_t y, std::int64_t z) override {
    SliceSums<T>* sums = of_slice(z);
    const std::int64_t n = task_.size[0];
    const T* stored = stored_ == nullptr ? nullptr : stored_ + (z * task_.size[1] + y) * n;
    for (std::int64_t x = 0; x < n;) {
      const std::int64_t end = end_of_run(line, x, n);
      if (line[x] != 0 && line[x] <= task_.max_label) {
        LineSums<T> run;
        run.voxels = static_cast<unsigned>(end - x);
        run.x = static_cast<unsigned long long>((end - x) * (x + end - 1) / 2);
        run.x_min = static_cast<int>(x);
        run.x_max = static_cast<int>(end - 1);
        if (stored != nullptr) run.values = value_sums(stored + x, end - x, padding_);
        sums[line[x]].join(run, static_cast<int>(y));
      }
      x = end;
    }
  }

  void hand_over() override {
    const std::lock_guard lock(handing_over);
    for (std::size_t i = 0; i < slices_.size(); ++i) {
      SliceSums<T>* own = sums_.data() + i * labels_;
      SliceSums<T>* all = all_ + static_cast<std::size_t>(slices_[i]) * labels_;
      for (std::size_t label = 1; label < labels_; ++label) {
        if (own[label].voxels > 0) all[label].join(own[label]);
      }
    }
    slices_.clear();
    sums_.clear();
  }

 private:
  /// Lines come slice by slice, or from a few slices in turn.
  SliceSums<T>* of_slice(std::int64_t z) {
    std::size_t i = 0;
    while (i < slices_.size() && slices_[i] != z) ++i;
    if (i == slices_.size()) {
      slices_.push_back(z);
      sums_.resize(slices_.size() * labels_);
    }
    return sums_.data() + i * labels_;
  }

  const LabelStatisticsTask& task_;
  std::size_t labels_;
  const T* stored_;
  PaddingRange<T> padding_;
  SliceSums<T>* all_;
  std::vector<std::int64_t> slices_;
  std::vector<SliceSums<T>> sums_;
};

}  // namespace

std::unique_ptr<LabelLines> label_lines(const LabelSums& sums) {
  return with_scalar(stored_type(sums.task), [&](auto scalar) -> std::unique_ptr<LabelLines> {
    return std::make_unique<Lines<decltype(scalar)>>(sums);
  });
}

}  // namespace osler::kernels
