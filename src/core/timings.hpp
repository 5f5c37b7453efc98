#pragma once
// Wall-clock time of named stages, in the order in which they began.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace osler {

struct Timings {
  std::vector<std::pair<std::string, double>> stages_ms;

  void add(const std::string& stage, double ms);
};

/// Adds the time from construction to destruction to a stage.
class StageTimer {
 public:
  StageTimer(Timings& timings, std::string stage);
  ~StageTimer();
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  Timings& timings_;
  std::string stage_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace osler
