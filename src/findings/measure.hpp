#pragma once
// Labels -> coded, measured statements.

#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "postprocess/labels.hpp"
#include "registry/package.hpp"

namespace osler {

/// The package as it is quoted in results.
ModelUse describe_model(const ModelPackage& package);

/// Segments of the package, numbered from 1 in its order.
std::vector<Segment> describe_segments(const ModelPackage& package);

/// One finding per side of the whole structure (the union of its segments), then one per segment.
/// @param statistics  per label, as label_statistics gives them
std::vector<Finding> measure(const ModelPackage& package,
                             const std::vector<LabelStatistics>& statistics);

/// (left - right) / mean for the whole structure, if both sides were measured.
std::vector<Asymmetry> asymmetries(const ModelPackage& package,
                                   const std::vector<Finding>& findings);

}  // namespace osler
