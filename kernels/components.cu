#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <cub/device/device_scan.cuh>

#include "kernels/components.hpp"
#include "kernels/components_math.hpp"
#include "kernels/cuda_launch.cuh"

namespace osler::kernels {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;
constexpr unsigned kAllLanes = 0xffffffff;

struct AtomicTrees {
  std::uint32_t* parent;

  /// Other threads lower parents meanwhile: a cached old parent is in the same tree, only longer.
  __device__ std::uint32_t root(std::uint32_t i) const {
    const volatile std::uint32_t* now = parent;
    for (std::uint32_t up = now[i]; up != i; up = now[i]) i = up;
    return i;
  }
  __device__ std::uint32_t hang(std::uint32_t i, std::uint32_t lower) const {
    return atomicMin(parent + i, lower);
  }
};

struct Volume {
  std::int64_t nx, ny, nz;

  __host__ __device__ std::int64_t voxels() const { return nx * ny * nz; }
};

template <typename T>
__device__ bool joined(const T* labels, Joins joins, std::int64_t i, std::int64_t j) {
  if (joins == Joins::equal_labels) return labels[i] != 0 && labels[i] == labels[j];
  return labels[i] != 0 && labels[j] != 0;
}

/// Each voxel hangs on the first of its run inside the 32 voxels of its warp, so that no tree is a
/// chain as long as the row; a run that goes on from the warp before is joined by `join_kernel`.
template <typename T>
__global__ void plant_kernel(const T* labels, Joins joins, Volume volume, std::uint32_t* parent) {
  const std::int64_t i = this_item();
  const bool there = i < volume.voxels();
  const bool inside = there && labels[i] != 0;
  const bool goes_on = inside && i % volume.nx != 0 && joined(labels, joins, i, i - 1);
  const unsigned lane = threadIdx.x % 32;
  const unsigned begins = __ballot_sync(kAllLanes, !goes_on) | 1U;
  const unsigned up_to_me = begins & (kAllLanes >> (31 - lane));
  const unsigned first = 31 - static_cast<unsigned>(__clz(static_cast<int>(up_to_me)));
  if (there) parent[i] = inside ? static_cast<std::uint32_t>(i - (lane - first)) : kNone;
}

/// Joins each voxel with its neighbours before it, leaving out what its neighbour in x or the
/// neighbour's own run does already.
template <typename T>
__global__ void join_kernel(const T* labels, ComponentTask task, Volume volume,
                            std::uint32_t* parent) {
  const std::int64_t i = this_item();
  if (i >= volume.voxels() || labels[i] == 0) return;
  const AtomicTrees trees{parent};
  const Joins joins = task.joins;
  const auto me = static_cast<std::uint32_t>(i);
  const std::int64_t x = i % volume.nx;
  const std::int64_t y = (i / volume.nx) % volume.ny, z = i / (volume.nx * volume.ny);
  const bool with_left = x > 0 && joined(labels, joins, i, i - 1);
  const bool with_right = x + 1 < volume.nx && joined(labels, joins, i, i + 1);
  if (with_left && threadIdx.x % 32 == 0) unite(trees, me, me - 1);
  for (int step = 0; step < 4; ++step) {
    const int dy = step == 0 ? -1 : step - 2, dz = step == 0 ? 0 : -1;
    const int reach = reach_in_x(task.connectivity, dy, dz);
    if (reach < 0 || y + dy < 0 || y + dy >= volume.ny || z + dz < 0) continue;
    const std::int64_t other = i + dy * volume.nx + dz * volume.nx * volume.ny;
    if (joined(labels, joins, i, other)) {
      if (!(with_left && joined(labels, joins, i, other - 1))) {
        unite(trees, me, static_cast<std::uint32_t>(other));
      }
      continue;  // voxels beside `other` of the same component hang together with it
    }
    if (reach == 0) continue;
    if (x > 0 && !with_left && joined(labels, joins, i, other - 1)) {
      unite(trees, me, static_cast<std::uint32_t>(other - 1));
    }
    if (x + 1 < volume.nx && !with_right && joined(labels, joins, i, other + 1)) {
      unite(trees, me, static_cast<std::uint32_t>(other + 1));
    }
  }
}

/// No tree changes its members here; a thread may read a parent before or after it was shortened.
__global__ void shorten_kernel(std::uint32_t* parent, std::int64_t count) {
  const std::int64_t i = this_item();
  if (i >= count || parent[i] == kNone) return;
  parent[i] = AtomicTrees{parent}.root(parent[i]);
}

/// 1 for a root: the first voxel of its component.
struct IsRoot {
  const std::uint32_t* parent;

  __host__ __device__ std::uint32_t operator()(std::int64_t i) const {
    return parent[i] == static_cast<std::uint32_t>(i) ? 1U : 0U;
  }
};

__global__ void number_kernel(std::uint32_t* numbers, const std::uint32_t* roots_up_to,
                              std::int64_t count) {
  const std::int64_t i = this_item();
  if (i >= count) return;
  numbers[i] = numbers[i] == kNone ? 0 : roots_up_to[numbers[i]];
}

/// One atomic for all lanes of a warp that count the same component as its first lane.
__global__ void sizes_kernel(const std::uint32_t* numbers, std::int64_t voxels,
                             std::uint32_t* sizes) {
  const std::int64_t i = this_item();
  const std::uint32_t mine = i < voxels ? numbers[i] : 0;
  const unsigned alike = __match_any_sync(kAllLanes, mine);
  const bool first =
      (threadIdx.x % 32) == static_cast<unsigned>(__ffs(static_cast<int>(alike)) - 1);
  if (mine != 0 && first) atomicAdd(sizes + (mine - 1), static_cast<std::uint32_t>(__popc(alike)));
}

auto roots_of(const std::uint32_t* parent) {
  return thrust::make_transform_iterator(thrust::counting_iterator<std::int64_t>(0),
                                         IsRoot{parent});
}

std::size_t aligned(std::size_t bytes) {
  return (bytes + 255) / 256 * 256;
}

std::size_t scan_bytes(std::int64_t voxels) {
  std::size_t bytes = 0;
  check_cuda(cub::DeviceScan::InclusiveSum(nullptr, bytes, roots_of(nullptr),
                                           static_cast<std::uint32_t*>(nullptr), voxels),
             "scratch of the scan");
  return bytes;
}

template <typename T>
void queue_joins(const LabelView& labels, const ComponentTask& task, std::uint32_t* parent,
                 const Stream& stream) {
  const Volume volume{labels.size[0], labels.size[1], labels.size[2]};
  const T* voxels = static_cast<const T*>(labels.voxels);
  const unsigned blocks = blocks_for(volume.voxels());
  plant_kernel<<<blocks, kThreads, 0, native(stream)>>>(voxels, task.joins, volume, parent);
  check_cuda(cudaGetLastError(), "components launch: plant");
  join_kernel<<<blocks, kThreads, 0, native(stream)>>>(voxels, task, volume, parent);
  check_cuda(cudaGetLastError(), "components launch: join");
}

}  // namespace

std::size_t components_scratch_bytes(const Size3& size) {
  const std::int64_t voxels = voxel_count(size);
  return aligned(static_cast<std::size_t>(voxels) * sizeof(std::uint32_t)) + scan_bytes(voxels);
}

void components_cuda(const LabelView& labels, const ComponentTask& task,
                     const ComponentsOnDevice& out, void* scratch, const Stream& stream) {
  check_labels(labels, "components");
  const std::int64_t voxels = voxel_count(labels.size);
  if (voxels == 0) {
    check_cuda(cudaMemsetAsync(out.count, 0, sizeof(std::uint32_t), native(stream)),
               "no component");
    return;
  }
  if (labels.type == ScalarType::u8) {
    queue_joins<std::uint8_t>(labels, task, out.numbers, stream);
  } else {
    queue_joins<std::uint16_t>(labels, task, out.numbers, stream);
  }
  const unsigned blocks = blocks_for(voxels);
  shorten_kernel<<<blocks, kThreads, 0, native(stream)>>>(out.numbers, voxels);
  check_cuda(cudaGetLastError(), "components launch: shorten");
  auto* const roots_up_to = static_cast<std::uint32_t*>(scratch);
  void* const scan = static_cast<std::byte*>(scratch) +
                     aligned(static_cast<std::size_t>(voxels) * sizeof(std::uint32_t));
  std::size_t bytes = scan_bytes(voxels);
  check_cuda(cub::DeviceScan::InclusiveSum(scan, bytes, roots_of(out.numbers), roots_up_to, voxels,
                                           native(stream)),
             "scan of the roots");
  number_kernel<<<blocks, kThreads, 0, native(stream)>>>(out.numbers, roots_up_to, voxels);
  check_cuda(cudaGetLastError(), "components launch: number");
  check_cuda(cudaMemcpyAsync(out.count, roots_up_to + (voxels - 1), sizeof(std::uint32_t),
                             cudaMemcpyDeviceToDevice, native(stream)),
             "count of components");
}

void component_sizes_cuda(const std::uint32_t* numbers, std::int64_t voxels, std::uint32_t* sizes,
                          std::int64_t count, const Stream& stream) {
  if (count == 0) return;
  check_cuda(cudaMemsetAsync(sizes, 0, static_cast<std::size_t>(count) * sizeof(std::uint32_t),
                             native(stream)),
             "clear sizes");
  sizes_kernel<<<blocks_for(voxels), kThreads, 0, native(stream)>>>(numbers, voxels, sizes);
  check_cuda(cudaGetLastError(), "component sizes launch");
}

}  // namespace osler::kernels
