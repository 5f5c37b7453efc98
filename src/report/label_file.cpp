#include "report/label_file.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "objects/segmentation_reader.hpp"
#include "volume/exchange.hpp"

namespace osler::report {
namespace {

/// From nothing but the file.
objects::MeasuredSegmentation measure_label_file(const std::filesystem::path& file,
                                                 const std::vector<Segment>& segments) {
  const Volume read = read_exchange(file);
  const Size3& n = read.grid.size;
  objects::MeasuredSegmentation measured;
  measured.voxel_mm3 = read.grid.voxel_mm3();
  const Vec3 spacing = read.grid.spacing_mm();
  measured.smallest_side_mm = *std::min_element(spacing.begin(), spacing.end());
  measured.segments.resize(segments.size());
  std::array<std::size_t, 256> number_of{};
  for (const Segment& segment : segments) {
    number_of[static_cast<std::size_t>(segment.value)] = static_cast<std::size_t>(segment.number);
  }
  const auto* label = reinterpret_cast<const std::uint8_t*>(read.voxels.get());
  for (std::int64_t k = 0; k < n[2]; ++k) {
    for (std::int64_t r = 0; r < n[1]; ++r) {
      for (std::int64_t c = 0; c < n[0]; ++c, ++label) {
        if (number_of[*label] == 0) continue;
        objects::MeasuredSegment& segment = measured.segments[number_of[*label] - 1U];
        ++segment.voxels;
        segment.moment = segment.moment + measured.voxel_mm3 * read.grid.centre_mm(c, r, k);
      }
    }
  }
  for (objects::MeasuredSegment& segment : measured.segments) {
    segment.volume_mm3 = static_cast<double>(segment.voxels) * measured.voxel_mm3;
  }
  return measured;
}

}  // namespace

void write_label_file(const Findings& findings, const LabelMap& labels, const Volume& volume,
                      const std::filesystem::path& file) {
  std::array<std::uint8_t, 256> value_of{};
  for (const Segment& segment : findings.segments) {
    value_of[static_cast<std::size_t>(segment.number)] = static_cast<std::uint8_t>(segment.value);
  }
  std::vector<std::uint8_t> values(labels.labels.size());
  std::ranges::transform(labels.labels, values.begin(),
                         [&](std::uint8_t label) { return value_of[label]; });
  write_nifti_labels(values, labels.grid, is_turned_round(volume), file);
  objects::verify_against(findings, measure_label_file(file, findings.segments));
}

}  // namespace osler::report
