#pragma once
// Whose images these are, out of the header of the source.

#include "findings/findings.hpp"
#include "findings/identity.hpp"

namespace osler::objects {

/// All empty if there is no source, it is not DICOM, or it cannot be read.
Identity read_identity(const Findings& findings);

}  // namespace osler::objects
