#pragma once
// Does a series fit a model? All rules are checked, each failure is named.

#include <string>
#include <vector>

#include "registry/package.hpp"
#include "volume/plan.hpp"

namespace osler {

/// What keeps the first volume of a series from this model; empty if it fits.
std::vector<Reason> misfits(const dicom::Series& series, const SeriesPlan& plan,
                            const ModelPackage& package);

}  // namespace osler
