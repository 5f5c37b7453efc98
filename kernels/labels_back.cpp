#include "kernels/labels_back.hpp"

#include <fmt/format.h>

#include <optional>

#include "core/error.hpp"
#include "core/scalar.hpp"
#include "kernels/label_statistics_math.hpp"
#include "kernels/labels_back_math.hpp"

namespace osler::kernels {
namespace {

void fail(const std::string& what) {
  throw Error(ErrorCode::bad_argument, "labels_back: " + what);
}

std::span<const std::byte> bytes(const void* data, std::size_t size) {
  return {static_cast<const std::byte*>(data), size};
}

/// The sums of a task and what they are made of, in device memory.
class SumsOnDevice {
 public:
  SumsOnDevice(const LabelSums& sums, const Stream& stream)
      : host_(sums),
        stream_(stream),
        sums_(label_sums_bytes(sums.task), stream),
        stored_(value_bytes(sums.task), stream),
        there_{sums.task, sums_.data()} {
    copy_to_device(bytes(sums.at, sums_.bytes()), sums_, stream);
    if (sums.task.intensities == nullptr) return;
    intensities_ = *sums.task.intensities;
    copy_to_device(bytes(intensities_.voxels, stored_.bytes()), stored_, stream);
    intensities_.voxels = stored_.data();
    there_.task.intensities = &intensities_;
  }
  SumsOnDevice(const SumsOnDevice&) = delete;

  const LabelSums& there() const { return there_; }
  void copy_back() const {
    copy_to_host(sums_, {static_cast<std::byte*>(host_.at), sums_.bytes()}, stream_);
  }

 private:
  static std::size_t value_bytes(const LabelStatisticsTask& task) {
    return task.intensities == nullptr ? 0
                                       : static_cast<std::size_t>(voxel_count(task.size)) *
                                             bytes_of(task.intensities->type);
  }

  const LabelSums& host_;
  const Stream& stream_;
  DeviceBuffer sums_, stored_;
  SourceView intensities_;
  LabelSums there_;
};

}  // namespace

void check_sums(const LabelSums& sums, const Size3& out_size) {
  check_label_statistics(sums.task);
  if (sums.task.size != out_size) fail("sums of another size than the task's");
  const bool integers = with_scalar(
      stored_type(sums.task), [](auto scalar) { return kSummedAsIntegers<decltype(scalar)>; });
  if (!integers) fail("sums of stored values of over 16 bits, whose order would matter");
}

void check_labels_back(const ScoresView& scores, const LabelsBackTask& task, std::size_t labels) {
  for (std::size_t i = 0; i < 3; ++i) {
    if (scores.size[i] < 1 || task.out_size[i] < 0)
      fail("an empty network grid, or a negative size");
  }
  if (static_cast<std::size_t>(voxel_count(task.out_size)) != labels) {
    fail("labels of another size than the task's");
  }
  if (scores.classes < 1 || scores.classes > 256 ||
      task.label_of.size() != static_cast<std::size_t>(scores.classes)) {
    fail(fmt::format("{} classes, but {} labels", scores.classes, task.label_of.size()));
  }
  if (!task.slice_at.empty() &&
      task.slice_at.size() != static_cast<std::size_t>(task.out_size[2])) {
    fail("places of another number of slices");
  }
  if (task.sums != nullptr) check_sums(*task.sums, task.out_size);
  const PlaneRange wanted = planes_of(scores, task);
  if (wanted.begin < wanted.end &&
      (wanted.begin < scores.first_plane || wanted.end > scores.first_plane + scores.planes)) {
    fail(fmt::format("planes {} to {} are wanted, {} to {} are held", wanted.begin, wanted.end - 1,
                     scores.first_plane, scores.first_plane + scores.planes - 1));
  }
}

void labels_back(const Device& device, const ScoresView& scores, const LabelsBackTask& task,
                 std::span<std::uint8_t> labels) {
  check_labels_back(scores, task, labels.size());
  if (device.backend == Backend::cpu) return labels_back_cpu(scores, task, labels);
  if (labels.empty()) return;
  const Stream stream(device);
  const std::size_t score_bytes =
      bytes_of(scores.type) *
      static_cast<std::size_t>(scores.classes * scores.planes * scores.size[0] * scores.size[1]);
  const DeviceBuffer held(score_bytes, stream), out(labels.size(), stream);
  const DeviceBuffer scratch(labels_back_scratch_bytes(scores, task), stream);
  copy_to_device(bytes(scores.scores, score_bytes), held, stream);
  copy_to_device(std::as_bytes(labels), out, stream);  // a slab leaves some as they are
  ScoresView on_device = scores;
  on_device.scores = held.data();
  LabelsBackTask there = task;
  std::optional<SumsOnDevice> sums;
  if (task.sums != nullptr) there.sums = &sums.emplace(*task.sums, stream).there();
  labels_back_cuda(on_device, there, static_cast<std::uint8_t*>(out.data()), scratch.data(),
                   stream);
  if (sums) sums->copy_back();
  copy_to_host(out, std::as_writable_bytes(labels), stream);
  stream.synchronize();
}

std::size_t labels_back_scratch_bytes(const ScoresView& scores, const LabelsBackTask& task) {
  const PlaneRange planes = planes_of(scores, task);
  const auto decided =
      static_cast<std::size_t>((planes.end - planes.begin) * scores.size[0] * scores.size[1]);
  // The places of the slices come first, so that they are aligned.
  return task.slice_at.size() * sizeof(double) + (task.rounded_to_halves ? 2 : 1) * decided;
}

}  // namespace osler::kernels
