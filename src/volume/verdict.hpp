#pragma once
// What a series is good for: usable, usable with named warnings, or refused for named reasons. All
// problems are listed, not the first.

#include <string>
#include <string_view>
#include <vector>

#include "volume/volume.hpp"

namespace osler {

struct Reason {
  std::string code;    ///< snake_case, stable: missing_slice, duplicate_position, not_an_image, ...
  std::string detail;  ///< a sentence with the figures
  bool refuses = false;
};

enum class Verdict { usable, usable_with, refused };
std::string_view to_string(Verdict verdict);

struct VolumeVerdict {
  std::vector<Reason> reasons;
  Verdict verdict() const {
    for (const Reason& reason : reasons) {
      if (reason.refuses) return Verdict::refused;
    }
    return reasons.empty() ? Verdict::usable : Verdict::usable_with;
  }
};

}  // namespace osler
