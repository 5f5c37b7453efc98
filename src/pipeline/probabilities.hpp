#pragma once
// Class probabilities on the source's grid, slice by slice: for an ensemble's labels, and as a
// NIfTI file for research.

#include <filesystem>
#include <span>
#include <vector>

#include "core/progress.hpp"
#include "pipeline/windowed.hpp"

namespace osler {

/// Probabilities of every class, one source slice at a time. Scores that a package leaves as they
/// are become probabilities behind the interpolation: softmax, or of regions the logistic function.
/// Where a model looked at nothing, the background's probability is 1 (of regions there is none).
/// Of several members the mean, as nnU-Net's average_probabilities: added in single precision, in
/// their order, then divided by their number.
class SliceProbabilities {
 public:
  /// @param members  at least one, all of the same classes; they and the grid must stay
  SliceProbabilities(std::span<const KeptScores> members, const Grid& grid);

  /// Class after class in the order of the networks' channels, grid.size.x * y each; valid until
  /// the next call.
  std::span<const float> of(std::int64_t slice);

 private:
  void make(const KeptScores& scores, std::int64_t slice, std::span<float> out) const;
  void finish(const KeptScores& scores, float* voxel, bool seen) const;

  std::span<const KeptScores> members_;
  const Grid& grid_;
  std::size_t per_class_;
  std::vector<float> mean_;
  std::vector<float> next_;  ///< of the second member and those behind it
};

/// Writes a 4-dimensional file of 32-bit floats on the source's grid: the fourth index is the
/// network's channel.
/// @param members     as of SliceProbabilities
/// @param turn_round  the slice order of the file that the image came from
/// @throws Error output; bad_argument: unevenly spaced slices
void write_probabilities(std::span<const KeptScores> members, const Grid& grid, bool turn_round,
                         const std::filesystem::path& file, const Progress& progress);

/// How unsure the model is of each voxel, from 0 (one class has all probability) to 1 (all classes
/// have the same): Shannon entropy of the classes' probabilities, divided by the logarithm of their
/// number. Of regions, which do not exclude each other, the largest binary entropy of any.
/// @param probabilities  of `out.size()` voxels, class after class
/// @throws Error bad_argument if sizes do not match
void entropy_of(std::span<const float> probabilities, bool regions, std::span<float> out);

}  // namespace osler
