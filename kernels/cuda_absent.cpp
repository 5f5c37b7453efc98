// Stands in for the .cu files where the program is built without nvcc.

#include "core/error.hpp"
#include "kernels/bspline.hpp"
#include "kernels/resample.hpp"
#include "kernels/statistics.hpp"

namespace osler::kernels {

void resample_cuda(const SourceView&, const ResampleTask&, void*, void*, const Stream&) {
  throw Error(ErrorCode::device, cuda_absence(), "a build with nvcc 13", "use --device cpu");
}

void bspline_coefficients_cuda(const SourceView&, float*, const Stream&) {
  throw Error(ErrorCode::device, cuda_absence(), "a build with nvcc 13", "use --device cpu");
}

std::size_t statistics_scratch_bytes(const SourceView&, const StatisticsTask&) {
  throw Error(ErrorCode::device, cuda_absence(), "a build with nvcc 13", "use --device cpu");
}

void statistics_cuda(const SourceView&, const StatisticsTask&, Statistics*, void*, const Stream&) {
  throw Error(ErrorCode::device, cuda_absence(), "a build with nvcc 13", "use --device cpu");
}

}  // namespace osler::kernels
