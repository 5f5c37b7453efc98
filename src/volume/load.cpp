#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/error.hpp"
#include "core/large_pages.hpp"
#include "dicom/modality_lut.hpp"
#include "dicom/pixels.hpp"
#include "dicom/read_ahead.hpp"
#include "volume/modality_lut.hpp"
#include "volume/plan.hpp"

namespace osler {
namespace {

using dicom::Instance;

// More than the threads of a small machine have at work, and a few megabytes of the system's cache.
constexpr std::size_t kFilesAhead = 8;

/// Decoders of multi-frame objects, made once: each has to find all frames of its file.
using Decoders = std::map<const Instance*, dicom::FrameDecoder>;

Decoders open_multi_frame(const VolumePlan& plan, const dicom::Limits& limits) {
  Decoders decoders;
  for (const SliceRef& slice : plan.slices) {
    if (slice.instance->pixels.frames > 1 && !decoders.contains(slice.instance)) {
      decoders.emplace(slice.instance, dicom::FrameDecoder(*slice.instance, limits));
    }
  }
  return decoders;
}

/// Only where decoding takes the time in which a file can come from the disk: uncompressed slices
/// gained nothing (benchmarks/results).
void read_ahead(const VolumePlan& plan, std::size_t slice) {
  if (slice >= plan.slices.size()) return;
  const Instance& instance = *plan.slices[slice].instance;
  const bool compressed = instance.pixel_data_bytes == 0;
  if (compressed && instance.pixels.frames == 1) dicom::read_ahead(instance.file);
}

Volume describe(const VolumePlan& plan) {
  const Instance& first = *plan.slices.front().instance;
  Volume volume;
  volume.grid = plan.grid;
  volume.type = plan.type;
  volume.study_uid = first.study_uid;
  volume.series_uid = first.series_uid;
  volume.frame_of_reference_uid = first.frame_of_reference_uid;
  volume.modality = first.modality;
  volume.body_part = first.body_part;
  volume.series_description = first.series_description;
  volume.lossy = std::any_of(plan.slices.begin(), plan.slices.end(), [](const SliceRef& s) {
    return s.instance->lossy_image_compression == "01";
  });
  if (first.modality_lut) {
    volume.padding = modality_lut_padding(plan.slices);
  } else if (first.pixel_padding_value) {
    const std::int64_t a = *first.pixel_padding_value;
    const std::int64_t b = first.pixel_padding_range_limit.value_or(a);
    volume.padding = Volume::Padding{std::min(a, b), std::max(a, b)};
  }
  for (const SliceRef& s : plan.slices) {
    const Instance& i = *s.instance;
    volume.slices.push_back({i.sop_class_uid, i.sop_instance_uid, i.file, s.index + 1});
    if (i.modality_lut) continue;
    volume.slices.back().slope = s.frame().rescale_slope.value_or(1.0);
    volume.slices.back().intercept = s.frame().rescale_intercept.value_or(0.0);
  }
  return volume;
}

}  // namespace

Volume load_volume(const VolumePlan& plan, const dicom::Limits& limits) {
  Volume volume = describe(plan);
  const Decoders decoders = open_multi_frame(plan, limits);
  const std::size_t slice_bytes = osler::slice_bytes(plan.slices, limits);
  volume.voxels = std::make_unique_for_overwrite<std::byte[]>(slice_bytes * plan.slices.size());
  prefer_large_pages({volume.voxels.get(), slice_bytes * plan.slices.size()});
  std::vector<std::string> failures(plan.slices.size());
#pragma omp parallel for schedule(dynamic, 1)
  for (std::size_t k = 0; k < plan.slices.size(); ++k) {
    const SliceRef& slice = plan.slices[k];
    const std::span<std::byte> out(volume.voxels.get() + k * slice_bytes, slice_bytes);
    read_ahead(plan, k + kFilesAhead);
    try {
      const auto decoder = decoders.find(slice.instance);
      if (slice.instance->modality_lut) {
        dicom::decode_through_modality_lut(*slice.instance, slice.index, plan.type, out, limits);
      } else if (decoder != decoders.end()) {
        decoder->second.decode(slice.index, out);
      } else {
        dicom::decode_frame(*slice.instance, slice.index, out, limits);
      }
    } catch (const Error& error) {
      failures[k] = error.what();
    }
  }
  const auto failed = std::count_if(failures.begin(), failures.end(),
                                    [](const std::string& f) { return !f.empty(); });
  if (failed > 0) {
    const auto which = std::find_if(failures.begin(), failures.end(),
                                    [](const std::string& f) { return !f.empty(); });
    throw Error(ErrorCode::bad_input,
                fmt::format("{} of {} slices cannot be decoded; the first: {}", failed,
                            failures.size(), *which));
  }
  return volume;
}

}  // namespace osler
