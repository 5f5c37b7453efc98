#include "preprocess/localise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <exception>
#include <limits>
#include <mutex>
#include <numbers>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "preprocess/affine_register.hpp"
#include "preprocess/head_pyramid.hpp"

namespace osler {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kDistinct_mm = 12;   // maps that differ by less than this are one
constexpr std::size_t kKept = 4;      // distinct maps of each mask that are refined
constexpr double kRetryBelow = 0.12;  // mutual information, the gate on it: below, look further
constexpr int kRandomStarts = 80;
constexpr float kOutside = std::numeric_limits<float>::quiet_NaN();
constexpr double kFineShare = 0.25;  // of the voxels at 2 mm

// The first wave is believed at once if it fits like this.
constexpr double kSureMutualInformation = 0.20;
constexpr double kSureCorrelation = 0.50;
constexpr double kSureStretch[2] = {0.75, 1.15};
constexpr double kSureInside = 0.98;

// Steps in the unit frame: 0.1 is 5 mm.
constexpr Descent kCoarse{40, 0.12, 0.01};
constexpr Descent kRefine8{40, 0.06, 0.005};
constexpr Descent kRefine4{40, 0.03, 0.002};
constexpr Descent kFinal4{60, 0.03, 0.001};
constexpr Descent kFinal2{60, 0.01, 0.0004};

// A descent may stop in a bend of the valley; it is started again where it stopped, with its first
// step, until it stays there.
constexpr double kStays_mm = 1.5;
constexpr int kSettleRounds = 8;
constexpr double kHopeful = 0.1;     // score below which that is not worth the time
constexpr std::size_t kSettled = 2;  // of the refined maps of a wave

/// task(worker, i) for i in [0, count) on some threads; the first exception is thrown again here.
template <typename Task>
void for_each_index(std::size_t count, std::size_t workers, const Task& task) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_guard;
  const auto work = [&](std::size_t worker) {
    try {
      for (std::size_t i = next++; i < count; i = next++) task(worker, i);
    } catch (...) {
      const std::lock_guard lock(failure_guard);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t w = 1; w < std::min(count, workers); ++w) others.emplace_back(work, w);
    work(0);
  }
  if (failure) std::rethrow_exception(failure);
}

struct Start {
  Similarity pose;
  std::uint8_t mask = kMaskBrain;  ///< in which the coarse search compares
};

struct Candidate {
  Affine map;  ///< the template's unit frame to the head's
  double score = -1;
};

bool scores_more(const Candidate& a, const Candidate& b) {
  return a.score > b.score;
}

const Candidate& better(const Candidate& a, const Candidate& b) {
  return b.score > a.score ? b : a;
}

/// The 27 + 4 starts with each mask. First those of middle size with the wide mask.
void grid_starts(std::vector<Start>& first, std::vector<Start>& rest) {
  const auto add = [&](const Similarity& pose, bool goes_first) {
    (goes_first ? first : rest).push_back({pose, kMaskWide});
    rest.push_back({pose, kMaskBrain});
  };
  constexpr double kMiddleSize = 0.87;
  for (const double scale : {kMiddleSize, 1.0, 0.75}) {
    for (const double pitch : {0.0, -30.0, 30.0}) {
      for (const double height_mm : {0.0, -30.0, 30.0}) {
        add({scale, pitch * kDegree, 0, 0, {0, 0, height_mm / kUnitFrame_mm}},
            scale == kMiddleSize);
      }
    }
  }
  for (const double angle : {-20.0, 20.0}) {
    add({kMiddleSize, 0, angle * kDegree, 0, {}}, false);
    add({kMiddleSize, 0, 0, angle * kDegree, {}}, false);
  }
}

std::vector<Start> random_starts(std::uint32_t seed) {
  Draw draw(seed);
  std::vector<Start> starts(kRandomStarts);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    Start& start = starts[i];
    start.mask = i % 2 == 0 ? kMaskWide : kMaskBrain;
    start.pose.scale = draw(0.7, 1.1);
    start.pose.pitch_rad = draw(-40, 40) * kDegree;
    start.pose.roll_rad = draw(-30, 30) * kDegree;
    start.pose.yaw_rad = draw(-30, 30) * kDegree;
    for (double& t : start.pose.translation) t = draw(-40, 40) / kUnitFrame_mm;
  }
  return starts;
}

/// How far apart two maps take the corners of a box about the brain, at most.
double apart_mm(const Affine& a, const Affine& b) {
  double largest = 0;
  for (int corner = 0; corner < 8; ++corner) {
    const Vec3 p{(corner & 1) != 0 ? 1.0 : -1.0, (corner & 2) != 0 ? 1.0 : -1.0,
                 (corner & 4) != 0 ? 1.0 : -1.0};
    largest = std::max(largest, norm(a(p) - b(p)));
  }
  return largest * kUnitFrame_mm;
}

Affine settle(AffineRegistration& level, Affine map, const Descent& descent, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const Affine next = level.affine(map, descent);
    const double moved_mm = apart_mm(map, next);
    map = next;
    if (moved_mm < kStays_mm) break;
  }
  return map;
}

/// Adds the best of `found` that differ from each other and from what is kept already.
void keep_distinct(std::vector<Candidate> found, std::vector<Candidate>& kept) {
  std::stable_sort(found.begin(), found.end(), scores_more);
  std::size_t added = 0;
  for (const Candidate& candidate : found) {
    if (added == kKept) return;
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Candidate& other) {
      return apart_mm(other.map, candidate.map) < kDistinct_mm;
    });
    if (known) continue;
    kept.push_back(candidate);
    ++added;
  }
}

class Search {
 public:
  Search(const HeadImage& head, const HeadTemplate& head_template, const LocaliseOptions& options)
      : options_(options),
        fixed_(make_pyramid({head_template.size,
                             head_template.index_to_lps,
                             {head_template.t1.begin(), head_template.t1.end()}})),
        moving_(make_pyramid(
            {head.size, head.index_to_lps, {head.voxels.begin(), head.voxels.end()}})) {
    const auto points = [&](std::uint8_t mask, const RegistrationImage& level, double share) {
      return mask_points(head_template, mask, fixed_, level, share, options.seed);
    };
    fine_brain_ = points(kMaskBrain, fixed_.fine, kFineShare);
    middle_brain_ = points(kMaskBrain, fixed_.middle, 1);
    coarse_brain_ = points(kMaskBrain, fixed_.coarse, 1);
    coarse_wide_ = points(kMaskWide, fixed_.coarse, 1);
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    workers_.resize(options.threads > 0 ? static_cast<std::size_t>(options.threads) : cores);
  }

  Localisation run() {
    std::vector<Start> first, rest;
    grid_starts(first, rest);
    Candidate best = try_starts(first);
    if (!options_.stop_early || !is_sure(best.map)) best = better(best, try_starts(rest));
    Affine map = finish(best.map);

    Localisation result;
    if (score(map) < kRetryBelow) {
      result.retried = true;
      map = finish(better({map, score(map)}, try_starts(random_starts(options_.seed))).map);
    }
    result.template_to_head = moving_.frame_to_mm * map * inverse(fixed_.frame_to_mm);
    result.mutual_information = mutual_information(map);
    result.correlation = correlation(map);
    result.singular_values = singular_values(map);
    result.brain_inside = inside(middle_brain_, map, moving_.fine);
    result.starts_tried = starts_tried_;
    return result;
  }

 private:
  /// What one thread works with, made when it is first needed.
  struct Worker {
    std::optional<AffineRegistration> coarse_brain, coarse_wide, middle_brain;
  };

  Worker& worker(std::size_t i) {
    Worker& w = workers_[i];
    if (!w.coarse_brain) {
      w.coarse_brain.emplace(fixed_.coarse, coarse_brain_, moving_.coarse);
      w.coarse_wide.emplace(fixed_.coarse, coarse_wide_, moving_.coarse);
      w.middle_brain.emplace(fixed_.middle, middle_brain_, moving_.middle);
    }
    return w;
  }

  /// Share of the points that the map takes into the field of view.
  static double inside(const std::vector<Vec3>& points, const Affine& map,
                       const RegistrationImage& image) {
    const Affine to_index = inverse(image.index_to_frame) * map;
    std::size_t count = 0;
    for (const Vec3& p : points) {
      const Vec3 at = to_index(p);
      bool in = true;
      for (int c = 0; c < 3; ++c) {
        in = in && at[c] >= -0.5 && at[c] <= static_cast<double>(image.size[c]) - 0.5;
      }
      if (in) ++count;
    }
    return points.empty() ? 0 : static_cast<double>(count) / static_cast<double>(points.size());
  }

  double mutual_information(const Affine& map) {
    return worker(0).middle_brain->mutual_information(map);
  }
  /// Mutual information at 4 mm times the share inside: little overlap must not look good.
  double score(const Affine& map) {
    return mutual_information(map) * inside(middle_brain_, map, moving_.middle);
  }

  /// Coarse search from every start, then the best distinct ones refined; the best of these.
  Candidate try_starts(const std::vector<Start>& starts) {
    std::vector<Candidate> found(starts.size());
    for_each_index(found.size(), workers_.size(), [&](std::size_t thread, std::size_t i) {
      Worker& w = worker(thread);
      AffineRegistration& coarse = starts[i].mask == kMaskWide ? *w.coarse_wide : *w.coarse_brain;
      const Affine map = coarse.similarity(starts[i].pose, kCoarse);
      found[i] = {map, w.coarse_brain->mutual_information(map) *
                           inside(coarse_brain_, map, moving_.coarse)};
    });
    starts_tried_ += static_cast<int>(starts.size());

    std::vector<Candidate> kept;
    for (const std::uint8_t mask : {kMaskWide, kMaskBrain}) {
      std::vector<Candidate> of_mask;
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (starts[i].mask == mask) of_mask.push_back(found[i]);
      }
      keep_distinct(std::move(of_mask), kept);
    }
    for_each_index(kept.size(), workers_.size(), [&](std::size_t thread, std::size_t i) {
      Worker& w = worker(thread);
      const Affine coarse = w.coarse_brain->affine(kept[i].map, kRefine8);
      const Affine map = w.middle_brain->affine(coarse, kRefine4);
      kept[i] = {map, w.middle_brain->mutual_information(map) *
                          inside(middle_brain_, map, moving_.middle)};
    });
    std::stable_sort(kept.begin(), kept.end(), scores_more);
    kept.resize(std::min(kept.size(), kSettled));
    for_each_index(kept.size(), workers_.size(), [&](std::size_t thread, std::size_t i) {
      if (kept[i].score < kHopeful) return;
      Worker& w = worker(thread);
      const Affine map = settle(*w.middle_brain, kept[i].map, kFinal4, kSettleRounds);
      kept[i] = {map, w.middle_brain->mutual_information(map) *
                          inside(middle_brain_, map, moving_.middle)};
    });
    Candidate best = kept.front();
    for (const Candidate& candidate : kept) best = better(best, candidate);
    return best;
  }

  Affine finish(const Affine& map) {
    return AffineRegistration(fixed_.fine, fine_brain_, moving_.fine).affine(map, kFinal2);
  }

  /// Pearson's, of template and head over the brain's points inside the head's voxel centres.
  double correlation(const Affine& map) const {
    const Affine fixed_index = inverse(fixed_.middle.index_to_frame);
    const Affine moving_index = inverse(moving_.middle.index_to_frame);
    double n = 0, sum_a = 0, sum_b = 0, sum_aa = 0, sum_bb = 0, sum_ab = 0;
    for (const Vec3& p : middle_brain_) {
      const double b = sample(moving_.middle, moving_index, map(p), kOutside);
      if (std::isnan(b)) continue;
      const double a = sample(fixed_.middle, fixed_index, p, 0);
      n += 1;
      sum_a += a;
      sum_b += b;
      sum_aa += a * a;
      sum_bb += b * b;
      sum_ab += a * b;
    }
    const double spread = (n * sum_aa - sum_a * sum_a) * (n * sum_bb - sum_b * sum_b);
    return spread > 0 ? (n * sum_ab - sum_a * sum_b) / std::sqrt(spread) : 0;
  }

  bool is_sure(const Affine& map) {
    const Vec3 stretch = singular_values(map);
    return mutual_information(map) >= kSureMutualInformation &&
           correlation(map) >= kSureCorrelation && stretch[2] >= kSureStretch[0] &&
           stretch[0] <= kSureStretch[1] && inside(middle_brain_, map, moving_.fine) >= kSureInside;
  }

  LocaliseOptions options_;
  HeadPyramid fixed_, moving_;
  std::vector<Vec3> fine_brain_, middle_brain_, coarse_brain_, coarse_wide_;
  std::vector<Worker> workers_;
  int starts_tried_ = 0;
};

void check(const HeadImage& head) {
  const bool degenerate = !(std::abs(head.index_to_lps.determinant()) > 1e-6);
  if (std::any_of(head.size.begin(), head.size.end(), [](auto n) { return n < 1; }) ||
      head.voxels.size() != static_cast<std::size_t>(voxel_count(head.size)) || degenerate) {
    throw Error(
        ErrorCode::bad_argument,
        fmt::format("a head of {} x {} x {} with {} voxels{}", head.size[0], head.size[1],
                    head.size[2], head.voxels.size(), degenerate ? " in a degenerate frame" : ""));
  }
}

}  // namespace

Localisation localise(const HeadImage& head, const HeadTemplate& head_template,
                      const LocaliseOptions& options) {
  check(head);
  return Search(head, head_template, options).run();
}

}  // namespace osler
