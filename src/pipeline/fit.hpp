#pragma once
// Does a series fit a model? All rules are checked, each failure is named.

#include <cstddef>
#include <string>
#include <vector>

#include "registry/package.hpp"
#include "volume/plan.hpp"

namespace osler {

/// What keeps a series from this model, whatever its images are: modality and body part.
std::vector<Reason> series_misfits(const dicom::Series& series, const ModelPackage& package);

/// What keeps volume `index` of a series from this model; empty if it fits. A series without
/// volumes never fits, whatever the index.
std::vector<Reason> misfits(const dicom::Series& series, const SeriesPlan& plan, std::size_t index,
                            const ModelPackage& package);

/// The same of a volume out of a file that is not DICOM.
/// @param modality  as it was stated; empty if it was not, which keeps every model from running
std::vector<Reason> misfits(const Grid& grid, const std::string& modality,
                            const ModelPackage& package);

}  // namespace osler
