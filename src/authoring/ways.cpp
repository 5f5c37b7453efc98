#include "authoring/ways.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>

#include "authoring/noise.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "infer/processor.hpp"
#include "registry/member_reader.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

constexpr char kCompiledFile[] = "compiled.json";
constexpr char kCompiledFormat[] = "osler-compiled/1";
constexpr std::size_t kMaxListBytes = 1 << 20;
/// Largest difference of a way in single precision; a graph that is wrong differs by all of it.
constexpr double kLargestDifference = 1e-3;
/// The first runs choose among implementations and take memory from the system.
constexpr int kWarmUps = 3;
constexpr int kFewestRuns = 5, kMostRuns = 30;
constexpr double kSecondsPerInput = 20;

double now_ms() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// What tools/export/aot wrote, if it is of these weights.
std::vector<WeightsFile> compiled_weights(const ModelPackage& package) {
  const fs::path file = package.folder / kCompiledFile;
  std::error_code error;
  if (package.weights.size() != 1 || !fs::exists(file, error)) return {};
  const std::vector<std::byte> bytes = read_file(file, kMaxListBytes);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const Json json = Json::parse(text, text + bytes.size(), nullptr, false);
  const MemberReader root(json, "");
  if (json.is_discarded() || root.get<std::string>("format") != kCompiledFormat) {
    throw Error(ErrorCode::model, file.string() + " is damaged", {},
                "run tools/export/aot again, or remove it");
  }
  if (root.get<std::string>("of") != package.weights.front().sha256) {
    throw Error(ErrorCode::model, file.string() + " is of other weights", {},
                "run tools/export/aot again, or remove it");
  }
  return root.list("weights", read_weights_file);
}

std::vector<MeasuredWay> ways_of(const ModelPackage& package) {
  std::vector<MeasuredWay> ways;
  const auto add = [&](Way way) {
    ways.emplace_back();
    ways.back().name = to_string(way);
    ways.back().way = way;
  };
  add(Way::frozen);
  add(Way::fused);
  add(Way::channels_last);
  if (processor_flags().contains("amx_bf16")) add(Way::bf16);
  if (auto compiled = compiled_weights(package); !compiled.empty()) {
    add(Way::fused);
    ways.back().name = "compiled";
    ways.back().compiled = std::move(compiled);
  }
  return ways;
}

/// Of the largest value.
struct Difference {
  double largest = 0;
  std::int64_t other_labels = 0;
  std::int64_t ties = 0;
};

/// Scores are N x classes x positions.
Difference compare(const Tensor& found, const Tensor& expected, double tie) {
  Difference difference;
  const auto classes = static_cast<std::size_t>(expected.shape[1]);
  const auto samples = static_cast<std::size_t>(expected.shape[0]);
  const std::size_t n = expected.values.size() / std::max<std::size_t>(classes * samples, 1);
  double largest = 0, apart = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    largest = std::max<double>(largest, std::abs(expected.values[i]));
    const double d = std::abs(found.values[i] - expected.values[i]);
    if (!(d <= apart)) apart = d;
  }
  difference.largest = apart == 0 ? 0 : apart / largest;
  for (std::size_t s = 0; s < samples; ++s) {
    for (std::size_t i = 0; i < n; ++i) {
      const auto at = [&](std::size_t c) { return (s * classes + c) * n + i; };
      std::size_t ours = 0, theirs = 0;
      for (std::size_t c = 1; c < classes; ++c) {
        if (found.values[at(c)] > found.values[at(ours)]) ours = c;
        if (expected.values[at(c)] > expected.values[at(theirs)]) theirs = c;
      }
      if (ours == theirs) continue;
      const double gap = expected.values[at(theirs)] - expected.values[at(ours)];
      ++(gap <= tie * largest ? difference.ties : difference.other_labels);
    }
  }
  return difference;
}

class Contest {
 public:
  Contest(const ModelPackage& package, std::vector<MeasuredWay> ways)
      : ways_(std::move(ways)), sessions_(ways_.size()) {
    const std::vector<std::byte> weights = read_weights(package, package.weights.front());
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      attempt(i, [&] {
        SessionOptions options;
        options.weights = package.weights.front().format;
        options.way = ways_[i].way;
        for (const WeightsFile& file : ways_[i].compiled) {
          options.compiled.push_back({file.format, read_weights(package, file)});
        }
        sessions_[i].emplace(weights, Device{Backend::cpu, 0, "cpu"}, options);
      });
    }
  }

  void run(const TensorShape& input) {
    const std::vector<float> values = noise(input);
    Tensor expected;
    double once_ms = 0;
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      attempt(i, [&] {
        Tensor found;
        double start = 0;
        for (int again = 0; again < kWarmUps; ++again) {
          start = now_ms();
          found = sessions_[i]->forward(values, input);
        }
        once_ms += now_ms() - start;
        if (i == 0) {
          expected = std::move(found);
        } else {
          judge(ways_[i], found, expected);
        }
      });
    }
    take_turns(values, input, once_ms);
  }

  std::vector<MeasuredWay> result() {
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      if (sessions_[i]) ways_[i].graph = sessions_[i]->graph();
    }
    return std::move(ways_);
  }

 private:
  /// What one way cannot do ends that way; what the graph as it is cannot do ends all.
  template <typename F>
  void attempt(std::size_t i, F&& work) {
    if (!ways_[i].refused.empty() && !sessions_[i]) return;
    try {
      work();
    } catch (const Error& error) {
      if (i == 0) throw;
      ways_[i].refused = error.what();
      sessions_[i].reset();
    }
  }

  static void judge(MeasuredWay& way, const Tensor& found, const Tensor& expected) {
    if (found.shape != expected.shape) {
      way.refused = "it gives another shape";
      return;
    }
    const bool bf16 = way.way == Way::bf16;
    const Difference d = compare(found, expected, bf16 ? kTieOfBf16 : kTie);
    if (std::isnan(d.largest) || d.largest > way.difference) way.difference = d.largest;
    way.other_labels += d.other_labels;
    way.ties += d.ties;
    if (!bf16 && !(d.largest <= kLargestDifference)) {
      way.refused = "its scores differ from the graph's in the file";
    } else if (d.other_labels > 0) {
      way.refused = "its labels differ, and not only where scores are tied";
    }
  }

  /// One run of each, again and again: what disturbs the machine disturbs all.
  void take_turns(const std::vector<float>& values, const TensorShape& input, double once_ms) {
    const int runs =
        std::clamp(static_cast<int>(kSecondsPerInput * 1000 / once_ms), kFewestRuns, kMostRuns);
    std::vector<std::vector<double>> times(ways_.size());
    for (int run = 0; run < runs; ++run) {
      for (std::size_t i = 0; i < ways_.size(); ++i) {
        if (!sessions_[i]) continue;
        const double start = now_ms();
        sessions_[i]->forward(values, input);
        times[i].push_back(now_ms() - start);
      }
    }
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      if (sessions_[i]) ways_[i].median_ms.push_back(median(times[i]));
    }
  }

  std::vector<MeasuredWay> ways_;
  std::vector<std::optional<Session>> sessions_;
};

}  // namespace

double MeasuredWay::total_ms() const {
  return std::accumulate(median_ms.begin(), median_ms.end(), 0.0);
}

std::vector<MeasuredWay> measure_ways(const ModelPackage& package,
                                      const std::vector<TensorShape>& inputs) {
  Contest contest(package, ways_of(package));
  for (const TensorShape& input : inputs) contest.run(input);
  return contest.result();
}

const MeasuredWay* fastest(const std::vector<MeasuredWay>& ways) {
  const auto fused = std::find_if(ways.begin(), ways.end(), [](const MeasuredWay& way) {
    return way.name == to_string(Way::fused) && way.refused.empty();
  });
  const MeasuredWay* best = fused == ways.end() ? nullptr : &*fused;
  for (const MeasuredWay& way : ways) {
    if (!way.refused.empty() || &way == best) continue;
    const double share = best == nullptr ? 1 : best == &*fused ? kWorthIt : 1;
    if (best == nullptr || way.total_ms() < share * best->total_ms()) best = &way;
  }
  return best;
}

}  // namespace osler
