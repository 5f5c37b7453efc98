#include "volume/concatenations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace osler {
namespace {

// Names what is missing up to here; a hostile total of 65535 makes no longer sentence.
constexpr std::size_t kNamed = 10;

struct Parts {
  std::set<long> numbers;
  std::map<long, long> frames;  ///< first frame, from 0 -> frames of the part that begins there
  long total = 0;
};

std::string missing_numbers(const Parts& parts) {
  const long last = std::max(parts.total, parts.numbers.empty() ? 0 : *parts.numbers.rbegin());
  std::string text;
  std::size_t count = 0;
  for (long number = 1; number <= last; ++number) {
    if (parts.numbers.contains(number)) continue;
    if (++count <= kNamed) text += fmt::format("{}{}", count > 1 ? ", " : "", number);
  }
  if (count == 0) return {};
  if (count > kNamed) text += " and others";
  return fmt::format("of {} parts {} missing: {}", last,
                     count == 1 ? "1 is" : fmt::format("{} are", count), text);
}

std::string missing_frames(const Parts& parts) {
  long covered = 0;
  std::string text;
  std::size_t count = 0;
  for (const auto& [first, frames] : parts.frames) {
    if (first > covered && ++count <= kNamed) {
      text += fmt::format("{}{} to {}", count > 1 ? ", " : "", covered + 1, first);
    }
    covered = std::max(covered, first + frames);
  }
  return text.empty() ? text : "no part holds frames " + text;
}

}  // namespace

void check_concatenations(const dicom::Series& series, std::vector<Reason>& reasons) {
  std::map<std::string_view, Parts> all;
  for (const dicom::Instance& i : series.instances) {
    if (i.concatenation.empty()) continue;
    const dicom::Concatenation& c = *i.concatenation;
    Parts& parts = all[c.uid];
    parts.total = std::max(parts.total, c.total);
    if (c.number > 0) parts.numbers.insert(c.number);
    if (c.frame_offset < 0) continue;
    long& frames = parts.frames[c.frame_offset];
    frames = std::max(frames, static_cast<long>(i.pixels.frames));
  }
  for (const auto& [uid, parts] : all) {
    std::string missing = missing_numbers(parts);
    if (missing.empty()) missing = missing_frames(parts);
    if (missing.empty()) continue;
    reasons.push_back({"concatenation_incomplete",
                       "a multi-frame object was sent in parts, and " + missing, true});
  }
}

}  // namespace osler
