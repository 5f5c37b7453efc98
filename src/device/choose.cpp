#include <omp.h>

#include <charconv>

#include "core/error.hpp"
#include "device/cuda_names.hpp"
#include "device/device.hpp"

namespace osler {
namespace {

Device cpu_device() {
  return {Backend::cpu, 0, "cpu (" + std::to_string(omp_get_max_threads()) + " threads)"};
}

Device cuda_device(int index) {
  return {Backend::cuda, index,
          "cuda:" + std::to_string(index) + " (" + cuda_device_name(index) + ")"};
}

}  // namespace

Device choose_device(std::string_view wish) {
  if (wish == "cpu") return cpu_device();
  const int count = cuda_device_count();
  if (wish == "auto") return count > 0 ? cuda_device(0) : cpu_device();

  int index = 0;
  bool understood = wish == "cuda";
  if (wish.starts_with("cuda:")) {
    const char* end = wish.data() + wish.size();
    const auto [rest, error] = std::from_chars(wish.data() + 5, end, index);
    understood = error == std::errc() && rest == end && index >= 0;
  }
  if (!understood) {
    throw Error(ErrorCode::usage, "device '" + std::string(wish) + "'",
                "auto, cpu, cuda or cuda:n");
  }
  if (index >= count) {
    throw Error(ErrorCode::device,
                count == 0 ? cuda_absence()
                           : "no CUDA device " + std::to_string(index) + ", there are " +
                                 std::to_string(count),
                "a usable CUDA device", "use --device cpu or --device auto");
  }
  return cuda_device(index);
}

}  // namespace osler
