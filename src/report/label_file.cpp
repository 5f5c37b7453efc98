#include "report/label_file.hpp"

#include <algorithm>
#include <cstdint>

#include "report/segmentation_reader.hpp"
#include "volume/exchange.hpp"

namespace osler::report {
namespace {

/// From nothing but the file.
MeasuredSegmentation measure_label_file(const std::filesystem::path& file, std::size_t segments) {
  const Volume read = read_exchange(file);
  const Size3& n = read.grid.size;
  MeasuredSegmentation measured;
  measured.voxel_mm3 = read.grid.voxel_mm3();
  const Vec3 spacing = read.grid.spacing_mm();
  measured.smallest_side_mm = *std::min_element(spacing.begin(), spacing.end());
  measured.segments.resize(segments);
  const auto* label = reinterpret_cast<const std::uint8_t*>(read.voxels.get());
  for (std::int64_t k = 0; k < n[2]; ++k) {
    for (std::int64_t r = 0; r < n[1]; ++r) {
      for (std::int64_t c = 0; c < n[0]; ++c, ++label) {
        if (*label == 0 || *label > segments) continue;
        MeasuredSegment& segment = measured.segments[*label - 1U];
        ++segment.voxels;
        segment.moment = segment.moment + measured.voxel_mm3 * read.grid.centre_mm(c, r, k);
      }
    }
  }
  for (MeasuredSegment& segment : measured.segments) {
    segment.volume_mm3 = static_cast<double>(segment.voxels) * measured.voxel_mm3;
  }
  return measured;
}

}  // namespace

void write_label_file(const Findings& findings, const LabelMap& labels, const Volume& volume,
                      const std::filesystem::path& file) {
  write_nifti_labels(labels.labels, labels.grid, is_turned_round(volume), file);
  verify_against(findings, measure_label_file(file, findings.segments.size()));
}

}  // namespace osler::report
