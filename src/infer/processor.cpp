#include "infer/processor.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "core/error.hpp"

namespace osler {
namespace {

/// What the first processor has under this name; empty if it says nothing.
std::string of_first_processor(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (colon != std::string::npos &&
        line.substr(0, line.find_last_not_of("\t ", colon - 1) + 1) == key)
      return line.substr(colon + 2);
  }
  return {};
}

}  // namespace

const std::set<std::string>& processor_flags() {
  static const std::set<std::string> flags = [] {
    std::istringstream words(of_first_processor("flags"));
    return std::set<std::string>(std::istream_iterator<std::string>(words), {});
  }();
  return flags;
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> sets;
  for (const std::string& flag : processor_flags()) {
    for (const char* kind : {"avx", "amx", "sse", "ssse", "fma", "f16c", "bmi", "gfni"}) {
      if (!flag.starts_with(kind)) continue;
      sets.push_back(flag);
      break;
    }
  }
  return sets;
}

void require_processor(std::span<const std::string> flags) {
  std::string missing;
  for (const std::string& flag : flags) {
    if (!processor_flags().contains(flag)) missing += (missing.empty() ? "" : ", ") + flag;
  }
  if (missing.empty()) return;
  throw Error(
      ErrorCode::device,
      "the weights are compiled for a processor with " + missing + ", which this one does not have",
      "a processor like the one that they were compiled on",
      "compile them on this machine (tools/export/aot), or use the package's TorchScript");
}

std::string processor_name() {
  return of_first_processor("model name");
}

}  // namespace osler
