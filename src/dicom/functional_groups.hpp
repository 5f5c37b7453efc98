#pragma once
// Functional groups of a multi-frame object (PS3.3 C.7.6.16): what belongs to all frames, then what
// belongs to each. Inside the room only.

#include <vector>

#include "dicom/element_reader.hpp"
#include "dicom/study.hpp"
#include "dicom/values.hpp"

namespace osler::dicom {

/// Overwrites in `frame` what one item of the Shared or Per-frame Functional Groups Sequence holds.
void read_functional_groups(ElementReader& item, const Values& values, Frame& frame);

}  // namespace osler::dicom
