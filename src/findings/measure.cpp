#include "findings/measure.hpp"

#include <algorithm>
#include <cmath>

namespace osler {
namespace {

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

/// Of one label; nothing if no voxel of it has a value.
std::optional<Intensities> intensities_of(const LabelStatistics& s) {
  if (s.valued == 0) return std::nullopt;
  return Intensities{s.valued, s.mean, s.sd, s.min, s.max};
}

/// Of two sets of voxels together.
std::optional<Intensities> together(const std::optional<Intensities>& a,
                                    const std::optional<Intensities>& b) {
  if (!a || !b) return a ? a : b;
  const auto na = static_cast<double>(a->voxels), nb = static_cast<double>(b->voxels);
  const double n = na + nb, mean = (na * a->mean + nb * b->mean) / n;
  const auto squares = [&](const Intensities& i, double count) {
    return count * (i.sd * i.sd + (i.mean - mean) * (i.mean - mean));
  };
  return Intensities{a->voxels + b->voxels, mean,
                     std::sqrt((squares(*a, na) + squares(*b, nb)) / n), std::min(a->min, b->min),
                     std::max(a->max, b->max)};
}

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::complete:
      return "complete";
    case Status::partial:
      return "partial";
    case Status::refused:
      return "refused";
  }
  return "refused";
}

ModelUse describe_model(const ModelPackage& p) {
  ModelUse use;
  use.name = p.name;
  use.title = p.title;
  use.version = p.version;
  use.digest = p.digest;
  use.manufacturer = p.manufacturer;
  use.intended_use = p.intended_use;
  use.protocol = p.protocol;
  use.limits = p.limits;
  use.licence = p.licence;
  for (const WeightsFile& weights : p.weights) {
    use.parameters.emplace_back("weights_sha256", weights.sha256);
  }
  if (p.ensemble() != nullptr) {
    for (const Stage& member : p.stages) {
      use.parameters.emplace_back("member " + member.name, member.package->digest);
    }
  }
  if (const LocalisedTwoPass* steps = p.localised()) {
    use.parameters.emplace_back("template_sha256", steps->localise.template_use.sha256);
  }
  return use;
}

std::vector<Segment> describe_segments(const ModelPackage& package) {
  std::vector<Segment> segments;
  for (const SegmentRule& rule : package.segments) {
    Segment s;
    s.number = static_cast<int>(segments.size()) + 1;
    s.value = rule.value;
    s.label = rule.label;
    s.category = rule.category;
    s.type = rule.type;
    s.type_modifier = rule.laterality;
    s.part_modifier = rule.part;
    s.rgb = rule.rgb;
    segments.push_back(std::move(s));
  }
  return segments;
}

std::vector<Finding> measure(const ModelPackage& package,
                             const std::vector<LabelStatistics>& statistics) {
  std::vector<Finding> wholes, parts;
  const LocalisedTwoPass* localised = package.localised();
  for (const Side& side : localised != nullptr ? localised->localise.sides : std::vector<Side>{}) {
    Finding whole;
    whole.label = capitalised(side.name) + " " + package.structure;
    whole.code = package.structure_code;
    whole.laterality = side.laterality;
    Vec3 sum{0, 0, 0};
    for (std::size_t i = 0; i < package.segments.size(); ++i) {
      const SegmentRule& rule = package.segments[i];
      if (rule.side != side.name) continue;
      const LabelStatistics& s = statistics[i + 1];
      whole.segments.push_back(static_cast<int>(i) + 1);
      whole.voxels += s.voxels;
      whole.volume_mm3 += s.volume_mm3;
      sum = sum + s.volume_mm3 * s.centroid_mm;
      whole.intensities = together(whole.intensities, intensities_of(s));
    }
    if (whole.voxels > 0) whole.centroid_mm = (1.0 / whole.volume_mm3) * sum;
    wholes.push_back(std::move(whole));
  }
  for (std::size_t i = 0; i < package.segments.size(); ++i) {
    const SegmentRule& rule = package.segments[i];
    Finding part;
    part.label = rule.label;
    part.code = rule.type;
    part.laterality = rule.laterality;
    part.part = rule.part;
    part.segments = {static_cast<int>(i) + 1};
    part.voxels = statistics[i + 1].voxels;
    part.volume_mm3 = statistics[i + 1].volume_mm3;
    part.centroid_mm = statistics[i + 1].centroid_mm;
    part.intensities = intensities_of(statistics[i + 1]);
    parts.push_back(std::move(part));
  }
  wholes.insert(wholes.end(), parts.begin(), parts.end());
  return wholes;
}

std::vector<Asymmetry> asymmetries(const ModelPackage& package,
                                   const std::vector<Finding>& findings) {
  const auto volume = [&](const char* side) -> double {
    const std::string label = capitalised(side) + " " + package.structure;
    for (const Finding& f : findings) {
      if (f.label == label) return f.volume_mm3;
    }
    return 0;
  };
  const double left = volume("left"), right = volume("right");
  if (!(left > 0) || !(right > 0)) return {};
  return {{capitalised(package.structure), (left - right) / ((left + right) / 2)}};
}

}  // namespace osler
