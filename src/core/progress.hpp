#pragma once
// Progress of long work. Rooms report; only the command line decides what a person sees.

#include <cstdint>
#include <functional>
#include <string_view>

namespace osler {

/// Called with the stage, what is done and the total (0 if unknown). May be empty. Must be cheap;
/// it is called from one thread at a time.
using Progress = std::function<void(std::string_view stage, std::int64_t done, std::int64_t total)>;

inline void notify(const Progress& progress, std::string_view stage, std::int64_t done,
                   std::int64_t total) {
  if (progress) progress(stage, done, total);
}

}  // namespace osler
