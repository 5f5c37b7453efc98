#pragma once
// Where each label lies along the patient's axes: counted once for all pictures of a study.

#include <array>
#include <cstdint>
#include <vector>

#include "findings/findings.hpp"

namespace osler::page {

/// Of one patient axis: how many labels lie in each bin.
struct Histogram {
  double first_mm = 0;  ///< centre of counts[0]
  double bin_mm = 1;    ///< one; more where the grid is longer than kMostBins millimetres
  std::vector<std::int64_t> counts;

  std::int64_t at(std::int64_t bin) const {
    return bin < 0 || bin >= static_cast<std::int64_t>(counts.size())
               ? 0
               : counts[static_cast<std::size_t>(bin)];
  }
};

inline constexpr int kMostBins = 4096;

/// Bounds of the voxels' centres, LPS millimetres, and histograms of each axis.
struct Extent {
  std::array<double, 3> low{};
  std::array<double, 3> high{};
  std::array<Histogram, 3> histograms;
  bool empty = true;

  /// What another one has counted on the same grid.
  void add(const Extent& other);
  /// The position with most labels within two bins.
  double busiest(int axis) const;
};

/// [label]; entry 0 is empty.
using LabelExtents = std::vector<Extent>;

/// All voxels are visited once, on all threads; the answer does not depend on how many they are.
LabelExtents extents_of(const LabelMap& labels);

}  // namespace osler::page
