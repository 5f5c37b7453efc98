#include <cuda_runtime.h>

#include <string>

#include "core/error.hpp"
#include "core/scalar.hpp"
#include "kernels/bspline.hpp"
#include "kernels/resample.hpp"
#include "kernels/resample_math.hpp"

namespace osler::kernels {
namespace {

constexpr unsigned kThreads = 256;

/// One thread a voxel, x fastest, so that a warp reads neighbours and writes one line.
template <typename T>
__global__ void resample_kernel(Voxels<T> source, ResampleConstants c, void* out,
                                std::int64_t count) {
  const std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (n >= count) return;
  const std::int64_t i = n % c.out[0];
  const std::int64_t rest = n / c.out[0];
  store(out, c.out_type, n, resampled(source, c, i, rest % c.out[1], rest / c.out[1]));
}

}  // namespace

void resample_cuda(const SourceView& source, const ResampleTask& task, void* out, void* scratch,
                   const Stream& stream) {
  const std::int64_t count = voxel_count(task.out_size);
  if (count == 0) return;
  auto* coefficients = static_cast<float*>(scratch);
  if (task.interpolation == Interpolation::cubic) {
    bspline_coefficients_cuda(source, coefficients, stream);
  }
  const ResampleConstants c = resample_constants(source, task, coefficients);
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  with_scalar(source.type, [&](auto scalar) {
    using T = decltype(scalar);
    resample_kernel<T><<<blocks, kThreads, 0, static_cast<cudaStream_t>(stream.native())>>>(
        voxels_of<T>(source), c, out, count);
  });
  const cudaError_t launched = cudaGetLastError();
  if (launched != cudaSuccess) {
    throw Error(ErrorCode::device, std::string("resample launch: ") + cudaGetErrorString(launched));
  }
}

}  // namespace osler::kernels
