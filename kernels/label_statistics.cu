#include "kernels/label_sums.cuh"

namespace osler::kernels {
namespace {

template <typename T>
struct Clear {
  SliceSums<T>* sums;

  OSLER_DEVICE void operator()(std::int64_t i) const { sums[i] = SliceSums<T>{}; }
};

template <typename T>
struct SumLabels {
  using Part = LineSums<T>;
  const std::uint8_t* labels;
  SumUp<T> sums;

  OSLER_DEVICE std::uint32_t take(std::int64_t line, std::int64_t x, Part& part) const {
    return sums.take(line, x, labels[line * sums.nx + x], part);
  }
  OSLER_DEVICE void operator()(std::int64_t line, std::uint32_t label, const Part& part) const {
    sums(line, label, part);
  }
};

}  // namespace

void clear_label_sums_cuda(const LabelStatisticsTask& task, void* sums, const Stream& stream) {
  const Queue queue("label sums", stream);
  with_scalar(stored_type(task), [&](auto scalar) {
    using T = decltype(scalar);
    queue.each("clear", task.size[2] * (task.max_label + 1),
               Clear<T>{static_cast<SliceSums<T>*>(sums)});
  });
}

void label_sums_cuda(const std::uint8_t* labels, const LabelStatisticsTask& task, void* sums,
                     const Stream& stream) {
  clear_label_sums_cuda(task, sums, stream);
  const Queue queue("label sums", stream);
  with_scalar(stored_type(task), [&](auto scalar) {
    using T = decltype(scalar);
    queue.each_joined("lines", task.size[1] * task.size[2], task.size[0],
                      SumLabels<T>{labels, sum_up<T>(task, sums)});
  });
}

}  // namespace osler::kernels
