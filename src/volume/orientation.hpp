#pragma once

#include <string>

#include "volume/volume.hpp"

namespace osler {

/// "axial", "coronal" or "sagittal" by the slice normal's nearest patient axis, with "oblique" and
/// its angle to that axis if it is more than a degree.
std::string orientation_name(const Grid& grid);

}  // namespace osler
