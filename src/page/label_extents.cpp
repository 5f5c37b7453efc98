#include "page/label_extents.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "page/parallel.hpp"

namespace osler::page {
namespace {

constexpr std::size_t kLabels = 256;

/// Bins that hold every voxel's centre, one to spare at each end.
std::array<Histogram, 3> bins_of(const Grid& grid) {
  std::array<Histogram, 3> bins;
  for (std::size_t a = 0; a < 3; ++a) {
    double least = std::numeric_limits<double>::max(), most = -least;
    for (int corner = 0; corner < 8; ++corner) {
      const Vec3 p = grid.centre_mm((corner & 1) != 0 ? grid.size[0] - 1 : 0,
                                    (corner & 2) != 0 ? grid.size[1] - 1 : 0,
                                    (corner & 4) != 0 ? grid.size[2] - 1 : 0);
      least = std::min(least, p[a]);
      most = std::max(most, p[a]);
    }
    // Sizes of voxels out of a file may be anything.
    bins[a].bin_mm = std::max(1.0, std::ceil((most - least) / kMostBins));
    bins[a].first_mm = (std::floor(least / bins[a].bin_mm) - 1) * bins[a].bin_mm;
    bins[a].counts.resize(static_cast<std::size_t>((most - least) / bins[a].bin_mm) + 4);
  }
  return bins;
}

std::size_t bin_of(const Histogram& h, double mm) {
  const double bin = std::floor((mm - h.first_mm) / h.bin_mm + 0.5);
  return static_cast<std::size_t>(std::clamp(bin, 0.0, static_cast<double>(h.counts.size() - 1)));
}

/// Voxels of one label that follow each other in a row of the grid.
struct Run {
  Vec3 first_mm;
  Vec3 step_mm;
  std::int64_t length;
};

void count(Extent& extent, const Run& run) {
  for (std::size_t a = 0; a < 3; ++a) {
    const double first = run.first_mm[a], step = run.step_mm[a];
    const double last = first + static_cast<double>(run.length - 1) * step;
    extent.low[a] = std::min({extent.low[a], first, last});
    extent.high[a] = std::max({extent.high[a], first, last});
    Histogram& h = extent.histograms[a];
    if (bin_of(h, first) == bin_of(h, last)) {
      h.counts[bin_of(h, first)] += run.length;
      continue;
    }
    for (std::int64_t i = 0; i < run.length; ++i) {
      ++h.counts[bin_of(h, first + static_cast<double>(i) * step)];
    }
  }
}

void begin(Extent& extent, const std::array<Histogram, 3>& bins) {
  extent.empty = false;
  extent.low.fill(std::numeric_limits<double>::max());
  extent.high.fill(-std::numeric_limits<double>::max());
  extent.histograms = bins;
}

void count_slice(const LabelMap& labels, std::int64_t k, const std::array<Histogram, 3>& bins,
                 LabelExtents& extents) {
  const Size3& n = labels.grid.size;
  const Vec3 step = labels.grid.index_to_lps.column(0);
  for (std::int64_t r = 0; r < n[1]; ++r) {
    const std::uint8_t* row = labels.labels.data() + (k * n[1] + r) * n[0];
    for (std::int64_t c = 0; c < n[0];) {
      const std::uint8_t label = row[c];
      std::int64_t end = c + 1;
      while (end < n[0] && row[end] == label) ++end;
      if (label != 0) {
        if (extents[label].empty) begin(extents[label], bins);
        count(extents[label], {labels.grid.centre_mm(c, r, k), step, end - c});
      }
      c = end;
    }
  }
}

}  // namespace

void Extent::add(const Extent& other) {
  if (other.empty) return;
  if (empty) {
    *this = other;
    return;
  }
  for (std::size_t a = 0; a < 3; ++a) {
    low[a] = std::min(low[a], other.low[a]);
    high[a] = std::max(high[a], other.high[a]);
    std::vector<std::int64_t>& counts = histograms[a].counts;
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.histograms[a].counts[i];
  }
}

double Extent::busiest(int axis) const {
  const Histogram& h = histograms[static_cast<std::size_t>(axis)];
  std::int64_t best = -1;
  double sum = 0;
  int ties = 0;
  for (std::size_t i = 0; i < h.counts.size(); ++i) {
    if (h.counts[i] == 0) continue;
    std::int64_t near = 0;
    for (int d = -2; d <= 2; ++d) near += h.at(static_cast<std::int64_t>(i) + d);
    if (near > best) {
      best = near;
      sum = 0;
      ties = 0;
    }
    if (near == best) {
      sum += h.first_mm + static_cast<double>(i) * h.bin_mm;
      ++ties;
    }
  }
  return ties == 0 ? 0 : sum / ties;
}

LabelExtents extents_of(const LabelMap& labels) {
  const std::array<Histogram, 3> bins = bins_of(labels.grid);
  constexpr std::int64_t kPortions = 16;
  const std::int64_t slices = labels.grid.size[2];
  LabelExtents all(kLabels);
  std::mutex all_guard;
  in_parallel(std::min(kPortions, slices), [&](std::int64_t portion) {
    LabelExtents own(kLabels);
    const std::int64_t portions = std::min(kPortions, slices);
    for (std::int64_t k = portion * slices / portions; k < (portion + 1) * slices / portions; ++k) {
      count_slice(labels, k, bins, own);
    }
    const std::lock_guard lock(all_guard);
    for (std::size_t label = 0; label < kLabels; ++label) all[label].add(own[label]);
  });
  return all;
}

}  // namespace osler::page
