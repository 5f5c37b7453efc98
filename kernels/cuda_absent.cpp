// Stands in for the .cu files where the program is built without nvcc.

#include "core/error.hpp"
#include "kernels/bit_planes.hpp"
#include "kernels/bspline.hpp"
#include "kernels/component_filters.hpp"
#include "kernels/components.hpp"
#include "kernels/distance.hpp"
#include "kernels/instance_norm.hpp"
#include "kernels/label_statistics.hpp"
#include "kernels/labels_back.hpp"
#include "kernels/patches.hpp"
#include "kernels/relabel.hpp"
#include "kernels/resample.hpp"
#include "kernels/statistics.hpp"

namespace osler::kernels {
namespace {

[[noreturn]] void absent() {
  throw Error(ErrorCode::device, cuda_absence(), "a build with nvcc 13", "use --device cpu");
}

}  // namespace

void label_slices_cuda(const std::uint8_t*, const Size3&, LabelSlice*, const Stream&) {
  absent();
}
void pack_bit_planes_cuda(const std::uint8_t*, const Size3&, const PlanesOnDevice&, std::uint8_t*,
                          const Stream&) {
  absent();
}

std::size_t components_scratch_bytes(const Size3&) {
  absent();
}
void components_cuda(const LabelView&, const ComponentTask&, const ComponentsOnDevice&, void*,
                     const Stream&) {
  absent();
}
void component_sizes_cuda(const std::uint32_t*, std::int64_t, std::uint32_t*, std::int64_t,
                          const Stream&) {
  absent();
}
void keep_largest_cuda(const LabelMap&, const std::uint32_t*, const std::uint32_t*, std::uint64_t*,
                       const Stream&) {
  absent();
}
void remove_small_cuda(const LabelMap&, const std::uint32_t*, const std::uint32_t*, std::int64_t,
                       const Stream&) {
  absent();
}
void mark_others_cuda(const LabelMap&, std::uint16_t, std::uint8_t*, const Stream&) {
  absent();
}
void fill_holes_cuda(const LabelMap&, std::uint16_t, const ComponentsFound&, std::uint8_t*,
                     const Stream&) {
  absent();
}
void relabel_cuda(const std::uint8_t*, std::int64_t, const LabelTable&, std::uint8_t*,
                  const Stream&) {
  absent();
}
void fill_background_cuda(const std::uint8_t*, std::int64_t, const LabelTable&, std::uint8_t*,
                          const Stream&) {
  absent();
}
void relabel_lost_cuda(const std::uint8_t*, std::int64_t, const LabelTable&, std::uint8_t*,
                       const Stream&) {
  absent();
}
void place_box_cuda(const std::uint8_t*, const BoxPlace&, std::uint8_t*, const Stream&) {
  absent();
}
void distance_transform_cuda(const std::uint8_t*, const Size3&, const Vec3&, float*, void*,
                             const Stream&) {
  absent();
}

void bspline_coefficients_cuda(const SourceView&, float*, const Stream&) {
  absent();
}

std::size_t instance_norm_scratch_bytes(const FeatureMap&) {
  absent();
}
void instance_norm_cuda(const FeatureMap&, const InstanceNorm&, void*, const Stream&) {
  absent();
}

void labels_back_cuda(const ScoresView&, const LabelsBackTask&, std::uint8_t*, void*,
                      const Stream&) {
  absent();
}

void clear_label_sums_cuda(const LabelStatisticsTask&, void*, const Stream&) {
  absent();
}
void label_sums_cuda(const std::uint8_t*, const LabelStatisticsTask&, void*, const Stream&) {
  absent();
}

void gather_patch_cuda(const ImageView&, const PatchTask&, FloatType, void*, const Stream&) {
  absent();
}
void blend_patch_cuda(const PatchScores&, const BlendTask&, const ScoreSums&, const Stream&) {
  absent();
}

void resample_cuda(const SourceView&, const ResampleTask&, void*, void*, const Stream&) {
  absent();
}

std::size_t statistics_scratch_bytes(const SourceView&, const StatisticsTask&) {
  absent();
}

void statistics_cuda(const SourceView&, const StatisticsTask&, Statistics*, void*, const Stream&) {
  absent();
}

}  // namespace osler::kernels
