#include "kernels/component_filters.hpp"
#include "kernels/queue.cuh"

namespace osler::kernels {
namespace {

/// The components of a label map's voxels.
template <typename T>
struct Components {
  T* labels;
  const std::uint32_t* numbers;
  const std::uint32_t* sizes;

  OSLER_DEVICE bool inside(std::int64_t i) const { return numbers[i] != 0; }
  OSLER_DEVICE std::uint32_t size(std::int64_t i) const { return sizes[numbers[i] - 1]; }
  /// Size above, and below it what is the larger the earlier the component comes.
  OSLER_DEVICE std::uint64_t rank(std::int64_t i) const {
    return static_cast<std::uint64_t>(size(i)) << 32 | (0xffffffffU - numbers[i]);
  }
};

template <typename T>
struct FindBest {
  Components<T> of;
  std::uint64_t* best;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    if (!of.inside(i)) return;
    // What is no longer lower needs no exchange: most voxels of a component end here.
    std::uint64_t* const held = best + of.labels[i];
    const std::uint64_t mine = of.rank(i);
    if (value_at(held) < mine) raise(held, mine);
  }
};

template <typename T>
struct KeepBest {
  Components<T> of;
  const std::uint64_t* best;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    if (of.inside(i) && best[of.labels[i]] != of.rank(i)) of.labels[i] = 0;
  }
};

template <typename T>
struct RemoveSmall {
  Components<T> of;
  std::int64_t least;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    if (of.inside(i) && of.size(i) < least) of.labels[i] = 0;
  }
};

template <typename T>
struct MarkOthers {
  const T* labels;
  std::uint16_t label;
  std::uint8_t* others;

  OSLER_DEVICE void operator()(std::int64_t i) const { others[i] = labels[i] != label ? 1 : 0; }
};

/// Several threads may write the same 1.
struct MarkAtBorder {
  const std::uint32_t* numbers;
  std::int64_t nx, ny, nz;
  std::uint8_t* at_border;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    if (numbers[i] == 0) return;
    const std::int64_t x = i % nx, y = (i / nx) % ny, z = i / (nx * ny);
    if (x == 0 || y == 0 || z == 0 || x == nx - 1 || y == ny - 1 || z == nz - 1) {
      at_border[numbers[i] - 1] = 1;
    }
  }
};

template <typename T>
struct Fill {
  T* labels;
  std::uint16_t label;
  const std::uint32_t* numbers;
  const std::uint8_t* at_border;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    if (numbers[i] == 0 || labels[i] != 0) return;
    if (at_border[numbers[i] - 1] == 0) labels[i] = static_cast<T>(label);
  }
};

template <typename F>
void with_labels(const LabelMap& map, F&& f) {
  if (map.type == ScalarType::u8) return f(static_cast<std::uint8_t*>(map.voxels));
  f(static_cast<std::uint16_t*>(map.voxels));
}

}  // namespace

void keep_largest_cuda(const LabelMap& map, const std::uint32_t* numbers,
                       const std::uint32_t* sizes, std::uint64_t* best, const Stream& stream) {
  const std::int64_t count = voxel_count(map.size);
  if (count == 0) return;
  const Queue queue("keep largest", stream);
  queue.clear(best, 65536 * sizeof(std::uint64_t));
  with_labels(map, [&]<typename T>(T* labels) {
    const Components<T> of{labels, numbers, sizes};
    queue.each("rank", count, FindBest<T>{of, best});
    queue.each("keep", count, KeepBest<T>{of, best});
  });
}

void remove_small_cuda(const LabelMap& map, const std::uint32_t* numbers,
                       const std::uint32_t* sizes, std::int64_t least, const Stream& stream) {
  const Queue queue("remove small", stream);
  with_labels(map, [&]<typename T>(T* labels) {
    queue.each("remove", voxel_count(map.size), RemoveSmall<T>{{labels, numbers, sizes}, least});
  });
}

void mark_others_cuda(const LabelMap& map, std::uint16_t label, std::uint8_t* others,
                      const Stream& stream) {
  const Queue queue("mark others", stream);
  with_labels(map, [&]<typename T>(T* labels) {
    queue.each("mark", voxel_count(map.size), MarkOthers<T>{labels, label, others});
  });
}

void fill_holes_cuda(const LabelMap& map, std::uint16_t label, const ComponentsFound& found,
                     std::uint8_t* at_border, const Stream& stream) {
  const std::int64_t count = voxel_count(map.size);
  if (count == 0 || found.count == 0) return;
  const Queue queue("fill holes", stream);
  queue.clear(at_border, static_cast<std::size_t>(found.count));
  queue.each("border", count,
             MarkAtBorder{found.numbers, map.size[0], map.size[1], map.size[2], at_border});
  with_labels(map, [&]<typename T>(T* labels) {
    queue.each("fill", count, Fill<T>{labels, label, found.numbers, at_border});
  });
}

}  // namespace osler::kernels
