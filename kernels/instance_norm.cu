#include <algorithm>

#include "kernels/half_math.hpp"
#include "kernels/instance_norm_math.hpp"
#include "kernels/queue.cuh"

// Three steps: moments of each part of a sample, moments of each sample, values. A thread stays
// with one column, the channels that a voxel's one load holds, and goes from voxel to voxel, so
// that a group reads whole voxels one after another.

namespace osler::kernels {
namespace {

constexpr int kGroupThreads = 256;
constexpr std::int64_t kLoadBytes = 16;
/// Voxels that one thread adds up; few, so that small maps make work for many groups.
constexpr std::int64_t kVoxelsPerThread = 16;

/// How a map is divided; the same on every device.
struct Division {
  std::int64_t samples, voxels, channels;
  std::int64_t columns;  ///< loads that make a voxel
  std::int64_t tiles;    ///< groups that make a voxel
  int across, down;      ///< threads of a group: columns, and voxels at once
  std::int64_t parts, voxels_per_part;

  std::int64_t groups() const { return samples * parts * tiles; }
};

Division division_of(const FeatureMap& map, int width) {
  Division d{};
  d.samples = map.samples;
  d.voxels = map.voxels;
  d.channels = map.channels;
  d.columns = map.channels / width;
  d.tiles = (d.columns + kGroupThreads - 1) / kGroupThreads;
  d.across = static_cast<int>(std::min<std::int64_t>(d.columns, kGroupThreads));
  d.down = kGroupThreads / d.across;
  d.voxels_per_part = d.down * kVoxelsPerThread;
  d.parts = (d.voxels + d.voxels_per_part - 1) / d.voxels_per_part;
  return d;
}

/// What is kept between the steps: of each part, and then of each sample, two numbers a channel.
struct Kept {
  float* mean;
  float* spread;  ///< of a part its squares, of a sample what its values are multiplied by
};

Kept kept_at(float* at, std::int64_t pieces, const Division& d) {
  return {at, at + pieces * d.channels};
}

/// Read and written at once.
template <typename T, int width>
struct alignas(width * sizeof(T)) Values {
  T v[width];
};

/// What one thread walks along: a column through the voxels of a part.
template <typename T, int width>
struct Walk {
  static constexpr int kThreads = kGroupThreads;
  using Load = Values<T, width>;

  T* values;
  Division d;

  struct Place {
    std::int64_t sample, part;  ///< the part counts through all samples
    std::int64_t column;
    std::int64_t begin, end;  ///< voxels: begin, begin + down, ... of the sample
    int row;
    bool active;
  };

  OSLER_DEVICE Place place(std::int64_t group, int thread) const {
    const std::int64_t part = group / d.tiles, in_sample = part % d.parts;
    const int row = thread / d.across;
    const std::int64_t column = group % d.tiles * kThreads + thread % d.across;
    const std::int64_t begin = in_sample * d.voxels_per_part;
    const std::int64_t end = begin + d.voxels_per_part;
    return {part / d.parts,
            part,
            column,
            begin + row,
            end < d.voxels ? end : d.voxels,
            row,
            row < d.down && column < d.columns};
  }

  OSLER_DEVICE Load* at(const Place& p, std::int64_t voxel) const {
    return reinterpret_cast<Load*>(values + (p.sample * d.voxels + voxel) * d.channels) + p.column;
  }
};

template <typename T, int width>
struct MomentsOfParts : Walk<T, width> {
  using Base = Walk<T, width>;
  using typename Base::Place;
  using Threads = Group<Base::kThreads>;
  struct Shared {
    float count[Base::kThreads];
    float mean[width][Base::kThreads];
    float squares[width][Base::kThreads];
  };

  Kept of_parts;

  OSLER_DEVICE void operator()(const Threads& group, std::int64_t n, Shared& shared) const {
    group.each([&](int thread) { add_up(this->place(n, thread), thread, shared); });
    // Voxels of one column are joined in a tree, the same each time.
    for (int rows = this->d.down; rows > 1;) {
      const int half = (rows + 1) / 2, across = this->d.across;
      group.each([&](int thread) {
        if (thread / across < rows - half) join(thread, thread + half * across, shared);
      });
      rows = half;
    }
    group.each([&](int thread) {
      const Place p = this->place(n, thread);
      if (!p.active || p.row > 0) return;
      for (int i = 0; i < width; ++i) {
        const std::int64_t to = p.part * this->d.channels + p.column * width + i;
        of_parts.mean[to] = shared.mean[i][thread];
        of_parts.spread[to] = shared.squares[i][thread];
      }
    });
  }

 private:
  OSLER_DEVICE void add_up(const Place& p, int thread, Shared& shared) const {
    float count = 0, mean[width]{}, squares[width]{};
    if (p.active) {
      for (std::int64_t voxel = p.begin; voxel < p.end; voxel += this->d.down) {
        const auto x = *this->at(p, voxel);
        const float share = 1 / ++count;
        for (int i = 0; i < width; ++i) take(to_float(x.v[i]), share, mean[i], squares[i]);
      }
    }
    shared.count[thread] = count;
    for (int i = 0; i < width; ++i) {
      shared.mean[i][thread] = mean[i];
      shared.squares[i][thread] = squares[i];
    }
  }

  OSLER_DEVICE static void join(int into, int from, Shared& shared) {
    const float counts[2] = {shared.count[into], shared.count[from]};
    if (counts[1] == 0) return;  // rows fill from the first
    for (int i = 0; i < width; ++i) {
      const Moments m = joined({counts[0], shared.mean[i][into], shared.squares[i][into]},
                               {counts[1], shared.mean[i][from], shared.squares[i][from]});
      shared.mean[i][into] = m.mean;
      shared.squares[i][into] = m.squares;
    }
    shared.count[into] = counts[0] + counts[1];
  }
};

/// Joins the parts of a sample, in double: 32 channels a group, each part taken by one of 8 rows.
struct MomentsOfSamples {
  static constexpr int kThreads = kGroupThreads;
  static constexpr int kChannels = 32, kRows = kThreads / kChannels;
  using Threads = Group<kThreads>;
  struct Shared {
    double sum[kRows][kChannels];
    double squares[kRows][kChannels];
  };

  Division d;
  Kept of_parts, of_samples;
  const float* weight;  ///< or null
  double eps;

  OSLER_DEVICE void operator()(const Threads& group, std::int64_t n, Shared& shared) const {
    const std::int64_t tiles = (d.channels + kChannels - 1) / kChannels;
    const std::int64_t sample = n / tiles, first = n % tiles * kChannels;
    group.each([&](int thread) {
      const int row = thread / kChannels, lane = thread % kChannels;
      double sum = 0;
      if (first + lane < d.channels) {
        for (std::int64_t part = row; part < d.parts; part += kRows) {
          sum += count_of(part) * of_parts.mean[at(sample, part, first + lane)];
        }
      }
      shared.sum[row][lane] = sum;
    });
    group.each([&](int thread) {
      const int row = thread / kChannels, lane = thread % kChannels;
      const double mean = total(shared.sum, lane) / static_cast<double>(d.voxels);
      double squares = 0;
      if (first + lane < d.channels) {
        for (std::int64_t part = row; part < d.parts; part += kRows) {
          const std::int64_t from = at(sample, part, first + lane);
          const double apart = of_parts.mean[from] - mean;
          squares += of_parts.spread[from] + count_of(part) * apart * apart;
        }
      }
      shared.squares[row][lane] = squares;
    });
    group.each([&](int thread) {
      if (thread >= kChannels || first + thread >= d.channels) return;
      const auto voxels = static_cast<double>(d.voxels);
      const std::int64_t channel = first + thread, to = sample * d.channels + channel;
      const double variance = total(shared.squares, thread) / voxels;
      of_samples.mean[to] = static_cast<float>(total(shared.sum, thread) / voxels);
      of_samples.spread[to] = static_cast<float>(
          (weight == nullptr ? 1.0 : static_cast<double>(weight[channel])) / sqrt(variance + eps));
    });
  }

 private:
  OSLER_DEVICE std::int64_t at(std::int64_t sample, std::int64_t part, std::int64_t channel) const {
    return (sample * d.parts + part) * d.channels + channel;
  }
  OSLER_DEVICE double count_of(std::int64_t part) const {
    const std::int64_t left = d.voxels - part * d.voxels_per_part;
    return static_cast<double>(left < d.voxels_per_part ? left : d.voxels_per_part);
  }
  OSLER_DEVICE static double total(const double (&rows)[kRows][kChannels], int lane) {
    double sum = 0;
    for (int row = 0; row < kRows; ++row) sum += rows[row][lane];
    return sum;
  }
};

template <typename T, int width>
struct Apply : Walk<T, width> {
  using Base = Walk<T, width>;
  using Threads = Group<Base::kThreads>;
  struct Shared {};

  Kept of_samples;
  const float* bias;  ///< or null
  float slope;

  OSLER_DEVICE void operator()(const Threads& group, std::int64_t n, Shared&) const {
    group.each([&](int thread) {
      const auto p = this->place(n, thread);
      if (!p.active) return;
      float mean[width], scale[width], shift[width];
      for (int i = 0; i < width; ++i) {
        const std::int64_t channel = p.column * width + i;
        mean[i] = of_samples.mean[p.sample * this->d.channels + channel];
        scale[i] = of_samples.spread[p.sample * this->d.channels + channel];
        shift[i] = bias == nullptr ? 0 : bias[channel];
      }
      for (std::int64_t voxel = p.begin; voxel < p.end; voxel += this->d.down) {
        auto x = *this->at(p, voxel);
        for (int i = 0; i < width; ++i) {
          const float y = (to_float(x.v[i]) - mean[i]) * scale[i] + shift[i];
          x.v[i] = from_float<T>(activated(y, slope));
        }
        *this->at(p, voxel) = x;
      }
    });
  }
};

bool in_wide_loads(const FeatureMap& map) {
  const auto width = kLoadBytes / static_cast<std::int64_t>(bytes_of(map.type));
  return map.channels % width == 0 &&
         reinterpret_cast<std::uintptr_t>(map.values) % kLoadBytes == 0;
}

template <typename T, int width>
void normalise(const FeatureMap& map, const InstanceNorm& norm, float* scratch,
               const Queue& queue) {
  const Division d = division_of(map, width);
  const Walk<T, width> walk{static_cast<T*>(map.values), d};
  const Kept of_parts = kept_at(scratch, d.samples * d.parts, d);
  const Kept of_samples = kept_at(scratch + 2 * d.samples * d.parts * d.channels, d.samples, d);
  const float* weight = norm.weight.empty() ? nullptr : norm.weight.data();
  const float* bias = norm.bias.empty() ? nullptr : norm.bias.data();
  constexpr int kChannels = MomentsOfSamples::kChannels;
  queue.groups("moments of parts", d.groups(), MomentsOfParts<T, width>{walk, of_parts});
  queue.groups("moments", d.samples * ((d.channels + kChannels - 1) / kChannels),
               MomentsOfSamples{d, of_parts, of_samples, weight, norm.eps});
  queue.groups("values", d.groups(), Apply<T, width>{walk, of_samples, bias, norm.slope});
}

template <typename T>
void normalise_by_width(const FeatureMap& map, const InstanceNorm& norm, void* scratch,
                        const Queue& queue) {
  constexpr int kWidth = kLoadBytes / static_cast<int>(sizeof(T));
  auto* const at = static_cast<float*>(scratch);
  if (in_wide_loads(map)) return normalise<T, kWidth>(map, norm, at, queue);
  normalise<T, 1>(map, norm, at, queue);
}

bool is_empty(const FeatureMap& map) {
  return map.samples == 0 || map.voxels == 0 || map.channels == 0;
}

}  // namespace

std::size_t instance_norm_scratch_bytes(const FeatureMap& map) {
  if (is_empty(map)) return 0;
  const auto width = static_cast<int>(kLoadBytes / static_cast<int>(bytes_of(map.type)));
  const Division d = division_of(map, in_wide_loads(map) ? width : 1);
  return static_cast<std::size_t>(d.samples * (d.parts + 1) * d.channels) * 2 * sizeof(float);
}

void instance_norm_cuda(const FeatureMap& map, const InstanceNorm& norm, void* scratch,
                        const Stream& stream) {
  check_instance_norm(map, norm);
  if (is_empty(map)) return;
  const Queue queue("instance norm", stream);
  switch (map.type) {
    case FloatType::f32:
      return normalise_by_width<float>(map, norm, scratch, queue);
    case FloatType::f16:
      return normalise_by_width<Half>(map, norm, scratch, queue);
    case FloatType::bf16:
      return normalise_by_width<BFloat16>(map, norm, scratch, queue);
  }
}

}  // namespace osler::kernels
