#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <cuda/std/bit>

#include "kernels/components.hpp"
#include "kernels/components_math.hpp"
#include "kernels/queue.cuh"

namespace osler::kernels {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;

struct AtomicTrees {
  std::uint32_t* parent;

  /// Other threads lower parents meanwhile: a parent read too early is in the same tree, only
  /// longer.
  OSLER_DEVICE std::uint32_t root(std::uint32_t i) const {
    for (std::uint32_t up = value_at(parent + i); up != i; up = value_at(parent + i)) i = up;
    return i;
  }
  OSLER_DEVICE std::uint32_t hang(std::uint32_t i, std::uint32_t lowest) const {
    return lower(parent + i, lowest);
  }
};

/// The labels and the answer of one task.
template <typename T>
struct Labels {
  const T* labels;
  ComponentTask task;
  std::int64_t nx, ny, nz;
  std::uint32_t* parent;

  OSLER_DEVICE bool joined(std::int64_t i, std::int64_t j) const {
    if (task.joins == Joins::equal_labels) return labels[i] != 0 && labels[i] == labels[j];
    return labels[i] != 0 && labels[j] != 0;
  }
};

/// Each voxel hangs on the first of its run inside the 32 voxels of its warp, so that no tree is a
/// chain as long as the row; a run that goes on from the warp before is joined by `Join`.
template <typename T>
struct Plant : Labels<T> {
  OSLER_DEVICE bool vote(std::int64_t i) const {
    return this->labels[i] != 0 && i % this->nx != 0 && this->joined(i, i - 1);
  }
  OSLER_DEVICE void operator()(std::int64_t i, int lane, unsigned goes_on) const {
    const unsigned begins = ~goes_on | 1U;
    const unsigned up_to_me = begins & (0xffffffffU >> (31 - lane));
    const int first = 31 - cuda::std::countl_zero(up_to_me);
    const bool inside = this->labels[i] != 0;
    this->parent[i] = inside ? static_cast<std::uint32_t>(i - (lane - first)) : kNone;
  }
};

/// Joins each voxel with its neighbours before it, leaving out what its neighbour in x or the
/// neighbour's own run does already.
template <typename T>
struct Join : Labels<T> {
  OSLER_DEVICE void operator()(std::int64_t i) const {
    if (this->labels[i] == 0) return;
    const AtomicTrees trees{this->parent};
    const std::int64_t nx = this->nx, ny = this->ny;
    const auto me = static_cast<std::uint32_t>(i);
    const std::int64_t x = i % nx, y = (i / nx) % ny, z = i / (nx * ny);
    const bool with_left = x > 0 && this->joined(i, i - 1);
    const bool with_right = x + 1 < nx && this->joined(i, i + 1);
    if (with_left && i % 32 == 0) unite(trees, me, me - 1);
    for (int step = 0; step < 4; ++step) {
      const int dy = step == 0 ? -1 : step - 2, dz = step == 0 ? 0 : -1;
      const int reach = reach_in_x(this->task.connectivity, dy, dz);
      if (reach < 0 || y + dy < 0 || y + dy >= ny || z + dz < 0) continue;
      const std::int64_t other = i + dy * nx + dz * nx * ny;
      if (this->joined(i, other)) {
        if (!(with_left && this->joined(i, other - 1))) {
          unite(trees, me, static_cast<std::uint32_t>(other));
        }
        continue;  // voxels beside `other` of the same component hang together with it
      }
      if (reach == 0) continue;
      if (x > 0 && !with_left && this->joined(i, other - 1)) {
        unite(trees, me, static_cast<std::uint32_t>(other - 1));
      }
      if (x + 1 < nx && !with_right && this->joined(i, other + 1)) {
        unite(trees, me, static_cast<std::uint32_t>(other + 1));
      }
    }
  }
};

/// No tree changes its members here; a thread may read a parent before or after it was shortened.
struct Shorten {
  std::uint32_t* parent;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    const std::uint32_t up = value_at(parent + i);
    if (up != kNone) put(parent + i, AtomicTrees{parent}.root(up));
  }
};

/// 1 for a root: the first voxel of its component.
struct IsRoot {
  const std::uint32_t* parent;

  OSLER_HOST_DEVICE std::uint32_t operator()(std::int64_t i) const {
    return parent[i] == static_cast<std::uint32_t>(i) ? 1U : 0U;
  }
};

struct Number {
  std::uint32_t* numbers;
  const std::uint32_t* roots_up_to;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    numbers[i] = numbers[i] == kNone ? 0 : roots_up_to[numbers[i]];
  }
};

struct CountVoxels {
  const std::uint32_t* numbers;
  std::uint32_t* sizes;

  OSLER_DEVICE std::uint32_t key(std::int64_t i) const { return numbers[i]; }
  OSLER_DEVICE void operator()(std::uint32_t number, std::uint32_t voxels) const {
    add(sizes + (number - 1), voxels);
  }
};

auto roots_of(const std::uint32_t* parent) {
  return thrust::make_transform_iterator(thrust::counting_iterator<std::int64_t>(0),
                                         IsRoot{parent});
}

std::size_t roots_bytes(std::int64_t voxels) {
  return aligned(static_cast<std::size_t>(voxels) * sizeof(std::uint32_t));
}

std::size_t scan_bytes(std::int64_t voxels) {
  return Queue::inclusive_sum_bytes(roots_of(nullptr), static_cast<std::uint32_t*>(nullptr),
                                    voxels);
}

template <typename T>
void queue_joins(const Queue& queue, const LabelView& view, const ComponentTask& task,
                 std::uint32_t* parent) {
  const Labels<T> labels{
      static_cast<const T*>(view.voxels), task, view.size[0], view.size[1], view.size[2], parent};
  const std::int64_t voxels = voxel_count(view.size);
  queue.each_voting("plant", voxels, Plant<T>{labels});
  queue.each("join", voxels, Join<T>{labels});
}

}  // namespace

std::size_t components_scratch_bytes(const Size3& size) {
  const std::int64_t voxels = voxel_count(size);
  return roots_bytes(voxels) + scan_bytes(voxels);
}

void components_cuda(const LabelView& labels, const ComponentTask& task,
                     const ComponentsOnDevice& out, void* scratch, const Stream& stream) {
  check_labels(labels, "components");
  const Queue queue("components", stream);
  const std::int64_t voxels = voxel_count(labels.size);
  if (voxels == 0) return queue.clear(out.count, sizeof(std::uint32_t));
  if (labels.type == ScalarType::u8) {
    queue_joins<std::uint8_t>(queue, labels, task, out.numbers);
  } else {
    queue_joins<std::uint16_t>(queue, labels, task, out.numbers);
  }
  queue.each("shorten", voxels, Shorten{out.numbers});
  auto* const roots_up_to = static_cast<std::uint32_t*>(scratch);
  queue.inclusive_sum(roots_of(out.numbers), roots_up_to, voxels,
                      {static_cast<std::byte*>(scratch) + roots_bytes(voxels), scan_bytes(voxels)});
  queue.each("number", voxels, Number{out.numbers, roots_up_to});
  queue.copy(out.count, roots_up_to + (voxels - 1), sizeof(std::uint32_t));
}

void component_sizes_cuda(const std::uint32_t* numbers, std::int64_t voxels, std::uint32_t* sizes,
                          std::int64_t count, const Stream& stream) {
  if (count == 0) return;
  const Queue queue("component sizes", stream);
  queue.clear(sizes, static_cast<std::size_t>(count) * sizeof(std::uint32_t));
  queue.each_alike("count", voxels, CountVoxels{numbers, sizes});
}

}  // namespace osler::kernels
