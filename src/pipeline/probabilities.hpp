#pragma once
// Class probabilities as a NIfTI file, for research.

#include <filesystem>
#include <span>

#include "core/progress.hpp"
#include "pipeline/windowed.hpp"

namespace osler {

/// Writes a 4-dimensional file of 32-bit floats on the source's grid: the fourth index is the
/// network's channel. Scores that the package leaves as they are become probabilities behind the
/// interpolation: softmax, or of regions the logistic function. Where the model looked at nothing,
/// the background's probability is 1 (of regions there is none).
/// @param turn_round  the slice order of the file that the image came from
/// @throws Error output; bad_argument: unevenly spaced slices
void write_probabilities(const KeptScores& scores, const LabelStep& step, const Grid& grid,
                         bool turn_round, const std::filesystem::path& file,
                         const Progress& progress);

/// How unsure the model is of each voxel, from 0 (one class has all probability) to 1 (all classes
/// have the same): Shannon entropy of the classes' probabilities, divided by the logarithm of their
/// number. Of regions, which do not exclude each other, the largest binary entropy of any.
/// @param probabilities  of `out.size()` voxels, class after class
/// @throws Error bad_argument if sizes do not match
void entropy_of(std::span<const float> probabilities, bool regions, std::span<float> out);

}  // namespace osler
