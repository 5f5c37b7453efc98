#include "kernels/host_device.hpp"
#include "kernels/queue.cuh"
#include "kernels/relabel.hpp"

namespace osler::kernels {
namespace {

/// A table that goes to the device with the launch.
struct Table {
  std::uint8_t label[256];

  explicit Table(const LabelTable& from) {
    for (std::size_t i = 0; i < 256; ++i) label[i] = from[i];
  }
};

struct Relabel {
  const std::uint8_t* from;
  Table table;
  std::uint8_t* to;

  OSLER_DEVICE void operator()(std::int64_t i) const { to[i] = table.label[from[i]]; }
};

struct FillBackground {
  const std::uint8_t* found;
  Table table;
  std::uint8_t* labels;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    if (labels[i] == 0) labels[i] = table.label[found[i]];
  }
};

struct RelabelLost {
  const std::uint8_t* found;
  Table table;
  std::uint8_t* labels;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    if (found[i] == 0) labels[i] = table.label[labels[i]];
  }
};

struct PlaceBox {
  const std::uint8_t* box;
  std::int64_t size_x, size_y, first, step_x, step_y, step_z;
  std::uint8_t* labels;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t line = i / size_x, x = i % size_x;
    labels[first + x * step_x + line % size_y * step_y + line / size_y * step_z] = box[i];
  }
};

}  // namespace

void relabel_cuda(const std::uint8_t* from, std::int64_t voxels, const LabelTable& table,
                  std::uint8_t* to, const Stream& stream) {
  Queue("relabel", stream).each("labels", voxels, Relabel{from, Table(table), to});
}

void fill_background_cuda(const std::uint8_t* found, std::int64_t voxels, const LabelTable& table,
                          std::uint8_t* labels, const Stream& stream) {
  Queue("fill background", stream)
      .each("labels", voxels, FillBackground{found, Table(table), labels});
}

void relabel_lost_cuda(const std::uint8_t* found, std::int64_t voxels, const LabelTable& table,
                       std::uint8_t* labels, const Stream& stream) {
  Queue("relabel lost", stream).each("labels", voxels, RelabelLost{found, Table(table), labels});
}

void place_box_cuda(const std::uint8_t* box, const BoxPlace& place, std::uint8_t* labels,
                    const Stream& stream) {
  Queue("place box", stream)
      .each("labels", voxel_count(place.size),
            PlaceBox{box, place.size[0], place.size[1], place.first, place.step[0], place.step[1],
                     place.step[2], labels});
}

}  // namespace osler::kernels
