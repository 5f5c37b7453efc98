// Stands in for the .cu files where the program is built without nvcc.

#include "core/error.hpp"
#include "kernels/labels_back.hpp"
#include "kernels/resample.hpp"

namespace osler::kernels {
namespace {

[[noreturn]] void absent() {
  throw Error(ErrorCode::device, cuda_absence(), "a build with nvcc 13", "use --device cpu");
}

}  // namespace

void labels_back_cuda(const ScoresView&, const LabelsBackTask&, std::uint8_t*, void*,
                      const Stream&) {
  absent();
}

void resample_cuda(const SourceView&, const ResampleTask&, float*, const Stream&) {
  absent();
}

}  // namespace osler::kernels
