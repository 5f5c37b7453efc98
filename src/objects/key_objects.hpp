#pragma once
// Key Object Selection (TID 2010): the slices worth looking at first, and the results beside them.

#include <filesystem>
#include <span>

#include "findings/findings.hpp"
#include "objects/modules.hpp"

namespace osler::objects {

inline constexpr char kKeyObjectStorage[] = "1.2.840.10008.5.1.4.1.1.88.59";

/// More images than a person looks at are no selection.
inline constexpr std::size_t kMostKeyImages = 20;

/// Title (113000, DCM, "Of Interest"). Of each chosen finding the source slice in which most of its
/// voxels lie (of equal ones the first), until there are kMostKeyImages different ones; the
/// description says of how many findings they are. Then the results, in their order.
/// @param chosen   some of the findings' findings, or all; those without a voxel have no slice
/// @param results  written before: SEG, SR, pictures ...
/// @throws Error bad_argument if labels and source slices do not match, or nothing is selected;
///         output
ObjectIds write_key_objects(const Findings& findings, const LabelMap& labels,
                            std::span<const Finding> chosen, std::span<const ObjectIds> results,
                            const std::filesystem::path& file);

}  // namespace osler::objects
