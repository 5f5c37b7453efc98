// Filters of labels on rows of voxels, worked out by hand.

#include "postprocess/label_filters.hpp"

#include <gtest/gtest.h>

#include <span>
#include <vector>

#include "backends.hpp"

namespace osler {
namespace {

using Kind = LabelFilter::Kind;
using Labels = std::vector<std::uint8_t>;

class FilterLabels : public testing::OnBackend {
 protected:
  /// The model's values 10, 20, ... are labels 1, 2, ... In the device's own memory if it has some.
  Labels filtered(const LabelFilter& filter, Labels labels, Size3 size = {0, 1, 1}) const {
    if (size[0] == 0) size[0] = static_cast<std::int64_t>(labels.size());
    const auto label_of = [](int value) { return static_cast<std::uint8_t>(value / 10); };
    if (device.backend == Backend::cpu) {
      filter_labels(device, filter, label_of, size, labels);
      return labels;
    }
    Labels through_host = labels;
    filter_labels(device, filter, label_of, size, through_host);
    const Stream stream(device);
    const DeviceBuffer there(labels.size(), stream);
    copy_to_device(std::as_bytes(std::span(labels)), there, stream);
    filter_labels(filter, label_of, size, static_cast<std::uint8_t*>(there.data()), stream);
    copy_to_host(there, std::as_writable_bytes(std::span(labels)), stream);
    stream.synchronize();
    EXPECT_EQ(labels, through_host);
    return labels;
  }
};

LabelFilter filter_of(Kind kind, std::vector<int> values = {}) {
  LabelFilter filter;
  filter.kind = kind;
  filter.values = std::move(values);
  return filter;
}

TEST_P(FilterLabels, KeepsTheLargestComponentOfEachOrOfAll) {
  const Labels row{1, 0, 1, 1, 2, 0, 2, 0, 2, 2};
  EXPECT_EQ(filtered(filter_of(Kind::keep_largest), row), (Labels{0, 0, 1, 1, 0, 0, 0, 0, 2, 2}));
  EXPECT_EQ(filtered(filter_of(Kind::keep_largest, {20}), row),
            (Labels{1, 0, 1, 1, 0, 0, 0, 0, 2, 2}));
  LabelFilter together = filter_of(Kind::keep_largest);
  together.together = true;
  EXPECT_EQ(filtered(together, row), (Labels{0, 0, 1, 1, 2, 0, 0, 0, 0, 0}));
}

TEST_P(FilterLabels, RemovesWhatIsSmall) {
  LabelFilter small = filter_of(Kind::remove_small, {10});
  small.min_voxels = 2;
  EXPECT_EQ(filtered(small, {1, 0, 1, 1, 2, 0, 2}), (Labels{0, 0, 1, 1, 2, 0, 2}));
}

TEST_P(FilterLabels, NeighboursAreThoseThatAreNamed) {
  LabelFilter small = filter_of(Kind::remove_small);
  small.min_voxels = 2;
  const Labels diagonal{1, 0, 0, 1};
  EXPECT_EQ(filtered(small, diagonal, {2, 2, 1}), diagonal);
  small.connectivity = 6;
  EXPECT_EQ(filtered(small, diagonal, {2, 2, 1}), (Labels{0, 0, 0, 0}));
}

TEST_P(FilterLabels, FillsHoles) {
  Labels box(27, 1);
  box[13] = 0;
  Labels whole(27, 1);
  LabelFilter fill = filter_of(Kind::fill_holes);
  fill.connectivity = 6;
  EXPECT_EQ(filtered(fill, box, {3, 3, 3}), whole);
  // Of two labels together the hole gets the first.
  Labels two = box;
  two[4] = 2;
  EXPECT_EQ(filtered(fill, two, {3, 3, 3}), two) << "neither encloses it alone";
  fill.together = true;
  fill.values = {10, 20};
  two[13] = 1;
  Labels open = two;
  open[13] = 0;
  EXPECT_EQ(filtered(fill, open, {3, 3, 3}), two);
}

TEST_P(FilterLabels, KeepsValues) {
  EXPECT_EQ(filtered(filter_of(Kind::keep_values, {20, 40}), {1, 2, 3, 4, 0}),
            (Labels{0, 2, 0, 4, 0}));
}

INSTANTIATE_TEST_SUITE_P(Backends, FilterLabels, testing::both_backends(), testing::backend_name);

}  // namespace
}  // namespace osler
