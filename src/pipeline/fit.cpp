#include "pipeline/fit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace osler {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

void check_modality(const std::string& modality, const ModelPackage& package,
                    std::vector<Reason>& out) {
  if (contains(package.wants.modalities, modality)) return;
  out.push_back({"modality",
                 fmt::format("modality {}; {} wants {}", modality, package.name,
                             fmt::join(package.wants.modalities, " or ")),
                 true});
}

void check_grid(const Grid& grid, const ModelPackage& package, std::vector<Reason>& out) {
  const InputRules& wants = package.wants;
  const Vec3 spacing = grid.spacing_mm();
  Vec3 extent{};
  for (std::size_t i = 0; i < 3; ++i) extent[i] = spacing[i] * static_cast<double>(grid.size[i]);
  Vec3 sorted = extent;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < 3; ++i) {
    if (sorted[i] >= wants.min_extent_mm[i]) continue;
    out.push_back({"field_of_view",
                   fmt::format("field of view {:.0f} x {:.0f} x {:.0f} mm; {} wants at least {} mm",
                               extent[0], extent[1], extent[2], package.name,
                               fmt::join(wants.min_extent_mm, " x ")),
                   true});
    break;
  }
  // Between unevenly spaced slices the widest distance is what a model has to do with.
  const double apart = std::max(spacing[2], grid.slice_distances_mm()[1]);
  const double coarsest = std::max({spacing[0], spacing[1], apart});
  if (coarsest > wants.max_spacing_mm) {
    out.push_back(
        {"spacing",
         fmt::format("voxels of {:.2f} x {:.2f} x {:.2f} mm; {} wants none coarser than {} mm",
                     spacing[0], spacing[1], apart, package.name, wants.max_spacing_mm),
         true});
  }
}

void check_body_part(const dicom::Series& series, const ModelPackage& package,
                     std::vector<Reason>& out) {
  const std::vector<std::string>& wanted = package.wants.body_parts;
  const std::string body_part = series.instances.empty() ? "" : series.instances.front().body_part;
  if (body_part.empty() || wanted.empty() || contains(wanted, body_part)) return;
  out.push_back(
      {"body_part",
       fmt::format("body part {}; {} wants {}", body_part, package.name, fmt::join(wanted, ", ")),
       true});
}

}  // namespace

std::vector<Reason> series_misfits(const dicom::Series& series, const ModelPackage& package) {
  std::vector<Reason> out;
  check_modality(series.modality, package, out);
  check_body_part(series, package, out);
  return out;
}

std::vector<Reason> misfits(const dicom::Series& series, const SeriesPlan& plan, std::size_t index,
                            const ModelPackage& package) {
  std::vector<Reason> out;
  check_modality(series.modality, package, out);
  for (const Reason& reason : plan.reasons) {
    if (reason.refuses) out.push_back(reason);
  }
  check_body_part(series, package, out);
  if (index >= plan.volumes.size()) {
    if (out.empty()) out.push_back({"no_volume", "the series gives no volume", true});
    return out;
  }
  check_grid(plan.volumes[index].grid, package, out);
  return out;
}

std::vector<Reason> misfits(const Grid& grid, const std::string& modality,
                            const ModelPackage& package) {
  std::vector<Reason> out;
  if (modality.empty()) {
    const std::vector<std::string>& wanted = package.wants.modalities;
    out.push_back(
        {"modality_unknown",
         fmt::format("the file does not say its modality; {} wants {}: if it is that, "
                     "state it with --modality {}",
                     package.name, fmt::join(wanted, " or "), wanted.empty() ? "" : wanted.front()),
         true});
  } else {
    check_modality(modality, package, out);
  }
  if (package.classification() != nullptr && package.classification()->planar) {
    out.push_back({"not_a_picture", package.name + " takes single DICOM images", true});
    return out;
  }
  check_grid(grid, package, out);
  return out;
}

}  // namespace osler
