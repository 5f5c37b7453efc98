// Stands in for recording_cuda.cpp where the program is built without nvcc.

#include "core/error.hpp"
#include "infer/recording.hpp"

namespace osler {

struct Recording::State {};

Recording::Recording(const std::function<void()>&) {
  throw Error(ErrorCode::device, "this build has no CUDA backend", "a build with nvcc 13",
              "use --device cpu");
}
Recording::~Recording() = default;
Recording::Recording(Recording&&) noexcept = default;
bool Recording::possible() {
  return false;
}
void Recording::replay() const {}

}  // namespace osler
