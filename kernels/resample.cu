#include "core/scalar.hpp"
#include "kernels/bspline.hpp"
#include "kernels/queue.cuh"
#include "kernels/resample.hpp"
#include "kernels/resample_math.hpp"

namespace osler::kernels {
namespace {

/// One thread a voxel, x fastest, so that a warp reads neighbours and writes one line.
template <typename T>
struct Resample {
  Voxels<T> source;
  ResampleConstants c;
  void* out;

  OSLER_DEVICE void operator()(std::int64_t n) const {
    const std::int64_t i = n % c.out[0];
    const std::int64_t rest = n / c.out[0];
    store(out, c.out_type, n, resampled(source, c, i, rest % c.out[1], rest / c.out[1]));
  }
};

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
  with_scalar(source.type, [&](auto scalar) {
    using T = decltype(scalar);
    Queue("resample", stream).each("voxels", count, Resample<T>{voxels_of<T>(source), c, out});
  });
}

}  // namespace osler::kernels
