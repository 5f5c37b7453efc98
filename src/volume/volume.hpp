#pragma once
// A volume in patient space: stored integers as the scanner sent them, and where each voxel lies.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/affine.hpp"
#include "core/scalar.hpp"
#include "dicom/study.hpp"

namespace osler {

/// A grid in patient space. Index (c, r, k) = (column, row, slice), c fastest in memory. Slices
/// ascend along the slice normal row x column; a tilted gantry is a third column of the affine that
/// leans off that normal.
///
/// Of a regular grid `index_to_lps` maps the index of a voxel to its centre in LPS millimetres.
/// Where a scanner spaced its slices unevenly, slice k lies at `slice_at[k]` along the third axis
/// instead of at k: (c, r, slice_at[k]) goes through the affine. `centre_mm` is right for both.
struct Grid {
  Size3 size{0, 0, 0};
  Affine index_to_lps;
  /// One per slice, in steps of the third column, ascending from 0 to size.z - 1; empty if regular.
  std::vector<double> slice_at{};

  bool operator==(const Grid&) const = default;

  bool is_regular() const { return slice_at.empty(); }
  double place_of_slice(std::int64_t k) const {
    return is_regular() ? static_cast<double>(k) : slice_at[static_cast<std::size_t>(k)];
  }
  /// The inverse of place_of_slice, linear between slices; outside, their outermost distance goes
  /// on.
  double slice_at_place(double place) const;
  Vec3 centre_mm(std::int64_t c, std::int64_t r, std::int64_t k) const {
    return index_to_lps({static_cast<double>(c), static_cast<double>(r), place_of_slice(k)});
  }

  /// Between columns, between rows, between slices (their mean, along the third axis).
  Vec3 spacing_mm() const {
    return {norm(index_to_lps.column(0)), norm(index_to_lps.column(1)),
            norm(index_to_lps.column(2))};
  }
  /// The least and the largest distance of neighbouring slices along the normal; of a single slice
  /// the step of the affine.
  std::array<double, 2> slice_distances_mm() const;
  /// Volume of one voxel: |det|, right for sheared grids too. The mean, if slices are uneven.
  double voxel_mm3() const;
  /// Of a voxel of slice k, which reaches half-way to both neighbours; an outermost slice reaches
  /// as far outwards as inwards.
  double voxel_mm3(std::int64_t k) const;
  /// Angle between the slice step and the slice normal, degrees.
  double tilt_deg() const;
};

/// The instance that a slice came from.
struct SliceSource {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::filesystem::path file;
  int frame = 1;       ///< from 1; of a multi-frame object the frame's number
  double slope = 1.0;  ///< real value = slope * stored + intercept
  double intercept = 0.0;
};

/// One scan. Move-only; owns its voxels.
struct Volume {
  Grid grid;
  ScalarType type = ScalarType::i16;
  std::unique_ptr<std::byte[]> voxels;  ///< size.x * size.y * size.z scalars, slice k at k * x * y
  std::vector<SliceSource> slices;      ///< one per k
  /// Stored values low..high are padding, not image (PS3.3 C.7.5.1.1.2).
  struct Padding {
    std::int64_t low;
    std::int64_t high;
  };
  std::optional<Padding> padding;

  std::string study_uid;
  std::string series_uid;
  std::string frame_of_reference_uid;
  std::string modality;
  std::string body_part;
  std::string series_description;
  bool lossy = false;  ///< the source was compressed with loss at some time

  std::size_t bytes() const {
    return static_cast<std::size_t>(voxel_count(grid.size)) * bytes_of(type);
  }
};

}  // namespace osler
