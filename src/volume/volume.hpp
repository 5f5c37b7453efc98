#pragma once
// A volume in patient space: stored integers as the scanner sent them, and where each voxel lies.

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

/// A regular grid in patient space. Index (c, r, k) = (column, row, slice), c fastest in memory;
/// `index_to_lps` maps the index of a voxel to its centre in LPS millimetres. Slices ascend along
/// the slice normal row x column; a tilted gantry is a third column that leans off that normal.
struct Grid {
  Size3 size{0, 0, 0};
  Affine index_to_lps;

  Vec3 spacing_mm() const {
    return {norm(index_to_lps.column(0)), norm(index_to_lps.column(1)),
            norm(index_to_lps.column(2))};
  }
  /// Volume of one voxel: |det|, right for sheared grids too.
  double voxel_mm3() const;
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
  /// Stored values low..high are padding, not image (PS3.3 C.7.5.1.1.2). Where voxels are outputs
  /// of a Modality LUT, padding was found before it and is a value that no output has, 2^bits.
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
