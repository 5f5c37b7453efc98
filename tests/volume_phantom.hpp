#pragma once
// A phantom series that was written, scanned and planned.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "phantom_dicom.hpp"
#include "temporary_folder.hpp"
#include "volume/plan.hpp"

namespace osler::testing {

/// 10 stored units per mm of x, 20 of y, 30 of z: a voxel's value says where it lies.
inline double ramp(const Vec3& p) {
  return 100 + 10 * p[0] + 20 * p[1] + 30 * p[2];
}

inline PhantomSeries ramp_series(std::vector<Vec3> positions_mm) {
  PhantomSeries series;
  series.positions_mm = std::move(positions_mm);
  series.stored = [](const Vec3& p) { return std::llround(ramp(p)); };
  return series;
}

struct PlannedSeries {
  TemporaryFolder folder;
  dicom::Series series;
  SeriesPlan plan;

  explicit PlannedSeries(const PhantomSeries& phantom, const dicom::Limits& limits = {}) {
    write_phantom(phantom, folder.path());
    series = read_only_series(folder.path());
    plan = plan_series(series, limits);
  }
  const Reason* reason(std::string_view code) const {
    for (const Reason& r : plan.reasons) {
      if (r.code == code) return &r;
    }
    return nullptr;
  }
  bool refused_for(std::string_view code) const {
    const Reason* r = reason(code);
    return r != nullptr && r->refuses && plan.verdict() == Verdict::refused;
  }
  bool warned_of(std::string_view code) const {
    const Reason* r = reason(code);
    return r != nullptr && !r->refuses && plan.verdict() == Verdict::usable_with;
  }
};

inline std::vector<std::int16_t> int16_voxels(const Volume& volume) {
  std::vector<std::int16_t> values(volume.bytes() / 2);
  std::memcpy(values.data(), volume.voxels.get(), volume.bytes());
  return values;
}

/// Largest difference between the voxels and the ramp at the places that the grid gives them; half
/// a unit is the rounding of the stored values.
inline double worst_misplacement(const Volume& volume) {
  const std::vector<std::int16_t> values = int16_voxels(volume);
  double worst = 0;
  std::size_t n = 0;
  for (std::int64_t k = 0; k < volume.grid.size[2]; ++k) {
    for (std::int64_t r = 0; r < volume.grid.size[1]; ++r) {
      for (std::int64_t c = 0; c < volume.grid.size[0]; ++c, ++n) {
        worst = std::max(worst, std::abs(values[n] - ramp(volume.grid.centre_mm(c, r, k))));
      }
    }
  }
  return worst;
}

}  // namespace osler::testing
