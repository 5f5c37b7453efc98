#include "core/timings.hpp"

namespace osler {

void Timings::add(const std::string& stage, double ms) {
  for (auto& [name, total] : stages_ms) {
    if (name == stage) {
      total += ms;
      return;
    }
  }
  stages_ms.emplace_back(stage, ms);
}

StageTimer::StageTimer(Timings& timings, std::string stage)
    : timings_(timings), stage_(std::move(stage)) {}

StageTimer::~StageTimer() {
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  timings_.add(stage_, std::chrono::duration<double, std::milli>(elapsed).count());
}

}  // namespace osler
