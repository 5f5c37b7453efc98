#pragma once
// What instructions this machine's processor has.

#include <set>
#include <span>
#include <string>
#include <vector>

namespace osler {

/// By the kernel's names (/proc/cpuinfo, "flags"): "avx2", "avx512f", "amx_bf16". Read once.
const std::set<std::string>& processor_flags();

/// Those of the flags that numbers are computed with, in order: "avx2", "avx512f", "fma".
std::vector<std::string> instruction_sets();

/// Refuses what was compiled for instructions that this processor does not have: it would end the
/// process, not throw. @throws Error device, names them
void require_processor(std::span<const std::string> flags);

/// "AMD EPYC", or as the kernel calls it.
std::string processor_name();

}  // namespace osler
