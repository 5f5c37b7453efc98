#pragma once
// Multi-frame objects that were cut into several instances. Inside the room only.

#include <vector>

#include "dicom/study.hpp"
#include "volume/verdict.hpp"

namespace osler {

/// Adds `concatenation_incomplete` for each Concatenation UID (PS3.3 C.7.6.16.2.2.4) of which parts
/// are missing: by the In-concatenation Total Number, by a gap in the In-concatenation Numbers, or
/// by frames that no part holds before one that a part does. That the last parts are missing is
/// told by the total alone, which is optional. A part that is there twice is no gap.
void check_concatenations(const dicom::Series& series, std::vector<Reason>& reasons);

}  // namespace osler
