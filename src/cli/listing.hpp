#pragma once
// What several commands say in the same words: reasons, and files that were not read.

#include <vector>

#include "core/json.hpp"
#include "dicom/study.hpp"
#include "volume/verdict.hpp"

namespace osler::cli {

/// [{"code", "detail"}]
Json reasons_json(const std::vector<Reason>& reasons);
/// [{"path", "reason"}]
Json unreadable_json(const std::vector<dicom::Unreadable>& unreadable);

/// On stdout: a line each for the first few files of each reason, and how many more there are.
void print_unreadable(const std::vector<dicom::Unreadable>& unreadable);

}  // namespace osler::cli
