// Tables and boxes of labels, worked out by hand.

#include "kernels/relabel.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "backends.hpp"

namespace osler::kernels {
namespace {

using Labels = std::vector<std::uint8_t>;

class Relabel : public osler::testing::OnBackend {
 protected:
  bool on_gpu() const { return device.backend == Backend::cuda; }

  /// What `work` makes of `labels` with `other` beside them, both in the device's memory.
  template <typename F>
  Labels there(const Labels& other, Labels labels, const F& work) const {
    const Stream stream(device);
    const DeviceBuffer first(other.size(), stream), second(labels.size(), stream);
    copy_to_device(std::as_bytes(std::span(other)), first, stream);
    copy_to_device(std::as_bytes(std::span(labels)), second, stream);
    work(static_cast<const std::uint8_t*>(first.data()), static_cast<std::uint8_t*>(second.data()),
         stream);
    copy_to_host(second, std::as_writable_bytes(std::span(labels)), stream);
    stream.synchronize();
    return labels;
  }

  static LabelTable table_of(std::initializer_list<std::pair<int, int>> pairs) {
    LabelTable table{};
    for (const auto& [from, to] : pairs) {
      table[static_cast<std::size_t>(from)] = static_cast<std::uint8_t>(to);
    }
    return table;
  }
};

TEST_P(Relabel, EachLabelByTheTable) {
  const Labels from{0, 1, 2, 255, 2}, expected{9, 0, 7, 1, 7};
  const LabelTable table = table_of({{0, 9}, {2, 7}, {255, 1}});
  Labels to(5, 3);
  if (on_gpu()) {
    to = there(from, to, [&](const std::uint8_t* f, std::uint8_t* t, const Stream& stream) {
      relabel_cuda(f, 5, table, t, stream);
    });
  } else {
    relabel_cpu(from, table, to);
  }
  EXPECT_EQ(to, expected);
}

TEST_P(Relabel, BackgroundTakesWhatWasFound) {
  const Labels found{1, 1, 0, 2}, labels{0, 5, 0, 0}, expected{8, 5, 0, 0};
  const LabelTable table = table_of({{1, 8}});
  Labels made = labels;
  if (on_gpu()) {
    made = there(found, labels, [&](const std::uint8_t* f, std::uint8_t* l, const Stream& stream) {
      fill_background_cuda(f, 4, table, l, stream);
    });
  } else {
    fill_background_cpu(found, table, made);
  }
  EXPECT_EQ(made, expected);
}

TEST_P(Relabel, WhatIsLostIsChangedByTheTable) {
  const Labels found{0, 1, 0, 0}, labels{3, 3, 4, 0}, expected{0, 3, 4, 0};
  const LabelTable table = table_of({{4, 4}});
  Labels made = labels;
  if (on_gpu()) {
    made = there(found, labels, [&](const std::uint8_t* f, std::uint8_t* l, const Stream& stream) {
      relabel_lost_cuda(f, 4, table, l, stream);
    });
  } else {
    relabel_lost_cpu(found, table, made);
  }
  EXPECT_EQ(made, expected);
}

/// A box of 3 x 2 x 1 whose x runs down the columns of a map of 4 x 4, from the last row up, and
/// whose y runs along its rows.
TEST_P(Relabel, ABoxIsPutWhereItsStepsSay) {
  const Labels box{1, 2, 3, 4, 5, 6};
  const BoxPlace place{{3, 2, 1}, 13, {-4, 1, 16}};
  const Labels expected{0, 0, 0, 0, 0, 3, 6, 0, 0, 2, 5, 0, 0, 1, 4, 0};
  Labels made(16, 0);
  if (on_gpu()) {
    made = there(box, made, [&](const std::uint8_t* b, std::uint8_t* l, const Stream& stream) {
      place_box_cuda(b, place, l, stream);
    });
  } else {
    place_box_cpu(box, place, made);
  }
  EXPECT_EQ(made, expected);
}

TEST_P(Relabel, ALargeBoxComesWhole) {
  const Size3 size{45, 67, 3};
  Labels box(static_cast<std::size_t>(voxel_count(size)));
  for (std::size_t i = 0; i < box.size(); ++i) box[i] = static_cast<std::uint8_t>(i % 251);
  // Turned round on all axes: the last voxel comes first.
  const BoxPlace place{size, voxel_count(size) - 1, {-1, -45, -45 * 67}};
  Labels made(box.size(), 255);
  if (on_gpu()) {
    made = there(box, made, [&](const std::uint8_t* b, std::uint8_t* l, const Stream& stream) {
      place_box_cuda(b, place, l, stream);
    });
  } else {
    place_box_cpu(box, place, made);
  }
  EXPECT_EQ(made, Labels(box.rbegin(), box.rend()));
}

INSTANTIATE_TEST_SUITE_P(Backends, Relabel, osler::testing::both_backends(),
                         osler::testing::backend_name);

}  // namespace
}  // namespace osler::kernels
