// A handful of instances whose geometry the bytes describe -> a plan, without files. Whatever is
// usable must be a grid; anything that is thrown is a finding.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz_bytes.hpp"
#include "volume/plan.hpp"

namespace {

using osler::Vec3;
using osler::dicom::Frame;
using osler::dicom::Instance;
using osler::fuzz::Bytes;

constexpr int kMaxInstances = 8;
constexpr int kMaxFrames = 6;
/// Small: slices that share a position are compared, each in a buffer of its own.
constexpr osler::dicom::Limits kLimits{.max_frame_bytes = 1 << 20, .max_volume_bytes = 1 << 23};

/// A number of millimetres, mostly a plausible one; never what the reader would not give (not
/// finite).
double millimetres(Bytes& bytes) {
  if (bytes.below(8) != 0) return bytes.take<std::int8_t>() * 0.5;
  const auto any = bytes.take<double>();
  return std::isfinite(any) ? any : 0.0;
}

Frame frame(Bytes& bytes, int place, double step_mm) {
  Frame f;
  const int what = bytes.below(16);  // mostly all three; each may be absent or odd
  if (what != 1) f.position_mm = Vec3{0, 0, place * step_mm};
  if (what == 2) f.position_mm = Vec3{millimetres(bytes), millimetres(bytes), millimetres(bytes)};
  if (what != 3) f.orientation = {1, 0, 0, 0, 1, 0};
  if (what == 4) {
    for (double& cosine : *f.orientation) cosine = millimetres(bytes);
  }
  if (what == 5) f.orientation = {0, 1, 0, 0, 0, -1};
  if (what != 6) f.spacing_mm = {0.5, 0.5};
  if (what != 14) f.rescale_slope = 1;
  if (what != 15) f.rescale_intercept = 0;
  if (what == 7) f.spacing_mm = {millimetres(bytes), millimetres(bytes)};
  if (what == 8) f.told_apart_by.echo_time_ms = millimetres(bytes);
  if (what == 9) f.told_apart_by.temporal_position = bytes.below(3);
  if (what == 10) f.rescale_slope = millimetres(bytes);
  if (what == 11)
    f.image_type = std::vector<std::string>{"DERIVED", "PRIMARY", bytes.flag() ? "LOCALIZER" : "P"};
  if (what == 12) f.told_apart_by.stack_id = std::to_string(bytes.below(3));
  if (what == 13) f.told_apart_by.b_value = millimetres(bytes);
  return f;
}

Instance instance(Bytes& bytes, int number, double step_mm) {
  Instance i;
  i.sop_class_uid = bytes.below(8) == 0 ? "1.2.840.10008.5.1.4.1.1.7"   // Secondary Capture
                                        : "1.2.840.10008.5.1.4.1.1.2";  // CT
  i.sop_instance_uid = "1.2." + std::to_string(number);
  i.transfer_syntax_uid = "1.2.840.10008.1.2.1";
  i.study_uid = "1.2.3";
  i.series_uid = "1.2.3.4";
  i.frame_of_reference_uid = bytes.below(8) == 0 ? "1.2.6" : "1.2.5";
  i.modality = bytes.below(8) == 0 ? "MR" : "CT";
  i.instance_number = bytes.take<std::int8_t>();
  i.damage = bytes.below(16) == 0 ? "truncated" : "";
  i.has_pixel_data = bytes.below(16) != 0;
  i.pixels.rows = bytes.below(8) == 0 ? bytes.take<std::uint16_t>() : 16;
  i.pixels.columns = bytes.below(8) == 0 ? bytes.take<std::uint16_t>() : 16;
  i.pixels.bits_allocated = bytes.below(8) == 0 ? bytes.take<std::uint16_t>() : 16;
  i.pixels.bits_stored = bytes.below(8) == 0 ? bytes.take<std::uint16_t>() : 16;
  i.pixels.high_bit = bytes.below(8) == 0 ? bytes.take<std::uint16_t>() : 15;
  i.pixels.photometric_interpretation = "MONOCHROME2";
  if (i.pixels.bits_stored == 12) {
    i.modality_lut = {"HU", {2, 0, 8 + bytes.below(9), 0, bytes.take<std::uint8_t>(), false}};
  }
  const int frames = bytes.below(8) == 0 ? 1 + bytes.below(kMaxFrames) : 1;
  // A header may count other frames than it describes.
  i.pixels.frames = bytes.below(8) == 0 ? bytes.take<std::int32_t>() : frames;
  for (int f = 0; f < frames; ++f) {
    const int place = bytes.below(8) == 0 ? bytes.take<std::int8_t>() : number * frames + f;
    i.frames.push_back(frame(bytes, place, step_mm));
  }
  return i;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "the plan is usable, but: %s\n", what);
  std::abort();
}

void check(const osler::VolumePlan& volume) {
  const auto& grid = volume.grid;
  require(grid.size[0] > 0 && grid.size[1] > 0 && grid.size[2] > 1, "the size is no volume's");
  require(static_cast<std::int64_t>(volume.slices.size()) == grid.size[2], "slices are not size z");
  for (const double m : grid.index_to_lps.m) require(std::isfinite(m), "the map is not finite");
  require(std::isfinite(grid.voxel_mm3()) && grid.voxel_mm3() > 0, "voxels have no volume");
  require(grid.index_to_lps.determinant() > 0, "the axes are left-handed");
  for (std::int64_t k = 0; k < grid.size[2]; ++k) {
    require(std::isfinite(grid.voxel_mm3(k)) && grid.voxel_mm3(k) > 0, "a slice has no thickness");
    require(k == 0 || grid.place_of_slice(k) > grid.place_of_slice(k - 1), "slices do not ascend");
    require(std::abs(grid.slice_at_place(grid.place_of_slice(k)) - static_cast<double>(k)) < 1e-3,
            "a slice is not found where it lies");
  }
  require(grid.is_regular() || grid.slice_at.size() == volume.slices.size(), "places are missing");
  for (const auto& slice : volume.slices) {
    require(slice.index >= 0 && slice.index < static_cast<int>(slice.instance->frames.size()),
            "a slice is no frame of its instance");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  osler::dicom::Series series{"1.2.3.4", "CT", {}};
  const double step_mm = 0.25 * (1 + bytes.below(32));
  const int count = 1 + bytes.below(kMaxInstances);
  for (int i = 0; i < count && !bytes.empty(); ++i) {
    series.instances.push_back(instance(bytes, i, step_mm));
  }
  const osler::PlanPolicy policy{.interpolate_missing_slices = bytes.below(2) == 1};
  const osler::SeriesPlan plan = osler::plan_series(series, kLimits, policy);
  if (plan.verdict() == osler::Verdict::refused) return 0;
  for (const osler::VolumePlan& volume : plan.volumes) check(volume);
  return 0;
}
