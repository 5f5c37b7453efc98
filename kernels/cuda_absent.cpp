// Stands in for the .cu files where the program is built without nvcc.

#include "core/error.hpp"
#include "kernels/component_filters.hpp"
#include "kernels/components.hpp"
#include "kernels/distance.hpp"
#include "kernels/resample.hpp"

namespace osler::kernels {
namespace {

[[noreturn]] void absent() {
  throw Error(ErrorCode::device, cuda_absence(), "a build with nvcc 13", "use --device cpu");
}

}  // namespace

void resample_cuda(const SourceView&, const ResampleTask&, float*, const Stream&) {
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
void distance_transform_cuda(const std::uint8_t*, const Size3&, const Vec3&, float*, void*,
                             const Stream&) {
  absent();
}

}  // namespace osler::kernels
