// Patches out of an image and back: answers worked out by hand, and the device's formula run voxel
// by voxel on the host against the CPU twin.

#include "kernels/patches.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <random>
#include <vector>

#include "backends.hpp"
#include "kernels/patches_math.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

std::vector<float> random_values(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> values(-2, 2);
  std::vector<float> out(n);
  for (float& v : out) v = values(random);
  return out;
}

std::vector<float> gathered(const ImageView& image, const PatchTask& task) {
  std::vector<float> patch(static_cast<std::size_t>(image.channels * voxel_count(task.size)));
  gather_patch_cpu(image, task, FloatType::f32, std::as_writable_bytes(std::span(patch)));
  return patch;
}

TEST(GatherPatch, TakesWhatLiesInTheImage) {
  const std::vector<float> row{10, 11, 12, 13};
  const ImageView image{row.data(), 1, {4, 1, 1}};
  EXPECT_EQ(gathered(image, {{1, 0, 0}, {2, 1, 1}, {}, Beyond::value, 0}),
            (std::vector<float>{11, 12}));
}

TEST(GatherPatch, FillsWhatLiesBeyond) {
  const std::vector<float> row{10, 11, 12};
  const ImageView image{row.data(), 1, {3, 1, 1}};
  PatchTask task{{-5, 0, 0}, {13, 1, 1}, {}, Beyond::value, -1};
  EXPECT_EQ(gathered(image, task),
            (std::vector<float>{-1, -1, -1, -1, -1, 10, 11, 12, -1, -1, -1, -1, -1}));
  task.beyond = Beyond::outermost;
  EXPECT_EQ(gathered(image, task),
            (std::vector<float>{10, 10, 10, 10, 10, 10, 11, 12, 12, 12, 12, 12, 12}));
  // numpy.pad([10, 11, 12], 5, "reflect")
  task.beyond = Beyond::mirrored;
  EXPECT_EQ(gathered(image, task),
            (std::vector<float>{11, 10, 11, 12, 11, 10, 11, 12, 11, 10, 11, 12, 11}));
}

TEST(GatherPatch, AnImageOfOneVoxelIsItsOwnMirror) {
  const std::vector<float> one{7};
  EXPECT_EQ(gathered({one.data(), 1, {1, 1, 1}}, {{-1, 0, 0}, {3, 1, 1}, {}, Beyond::mirrored, 0}),
            (std::vector<float>{7, 7, 7}));
}

TEST(GatherPatch, FlipsEachAxisAndKeepsChannels) {
  // {x 2, y 2, z 1}, two channels
  const std::vector<float> values{0, 1, 2, 3, 10, 11, 12, 13};
  const ImageView image{values.data(), 2, {2, 2, 1}};
  EXPECT_EQ(gathered(image, {{0, 0, 0}, {2, 2, 1}, {true, false, false}, Beyond::value, 0}),
            (std::vector<float>{1, 0, 3, 2, 11, 10, 13, 12}));
  EXPECT_EQ(gathered(image, {{0, 0, 0}, {2, 2, 1}, {false, true, false}, Beyond::value, 0}),
            (std::vector<float>{2, 3, 0, 1, 12, 13, 10, 11}));
  EXPECT_EQ(gathered(image, {{-1, 0, 0}, {3, 2, 1}, {true, true, true}, Beyond::value, 9}),
            (std::vector<float>{3, 2, 9, 1, 0, 9, 13, 12, 9, 11, 10, 9}));
}

TEST(GatherPatch, RoundsToTheTypeOfThePatch) {
  // 1 + 2^-11 is half-way between two halves and goes to the even one; bfloat16 has 8 bits.
  const std::vector<float> values{1 + 0x1p-11F, 1 + 0x1p-8F + 0x1p-9F};
  const ImageView image{values.data(), 1, {2, 1, 1}};
  const PatchTask task{{0, 0, 0}, {2, 1, 1}, {}, Beyond::value, 0};
  std::vector<std::uint16_t> patch(2);
  gather_patch_cpu(image, task, FloatType::f16, std::as_writable_bytes(std::span(patch)));
  EXPECT_EQ(patch[0], 0x3C00);
  gather_patch_cpu(image, task, FloatType::bf16, std::as_writable_bytes(std::span(patch)));
  EXPECT_EQ(patch[1], 0x3F81);
}

TEST(GatherPatch, RefusesWhatCannotBe) {
  const std::vector<float> one{7};
  std::vector<float> patch(8);
  const auto bytes = std::as_writable_bytes(std::span(patch));
  testing::expect_error(ErrorCode::bad_argument, "without voxels", [&] {
    gather_patch_cpu({one.data(), 1, {0, 1, 1}}, {{}, {2, 2, 2}, {}, Beyond::value, 0},
                     FloatType::f32, bytes);
  });
  testing::expect_error(ErrorCode::bad_argument, "another size", [&] {
    gather_patch_cpu({one.data(), 1, {1, 1, 1}}, {{}, {3, 2, 2}, {}, Beyond::value, 0},
                     FloatType::f32, bytes);
  });
}

TEST(BlendPatch, AddsWeightedScoresWhereThePatchLies) {
  // A patch of 2 voxels at x = 1 of a grid of 4, two classes.
  const std::vector<float> scores{1, 2, 10, 20};
  const std::vector<float> weights{0.5F, 2};
  const std::vector<float> share{1, 1, 0.25F, 1};
  std::vector<float> sums{1, 1, 1, 1, 0, 0, 0, 0};
  const BlendTask task{
      {{1, 0, 0}, {2, 1, 1}, {}, Beyond::value, 0}, weights.data(), share.data(), 1};
  blend_patch_cpu({scores.data(), FloatType::f32, ScoreLayout::classes_first, 2}, task,
                  {sums.data(), FloatType::f32, 2, {4, 1, 1}, 0, 1});
  EXPECT_EQ(sums, (std::vector<float>{1, 1.5F, 2, 1, 0, 5, 10, 0}));
}

TEST(BlendPatch, ReadsChannelsLastAndFlipsBack) {
  // Two voxels, three classes, a voxel's classes side by side; shown flipped along x.
  const std::vector<float> scores{1, 2, 3, 10, 20, 30};
  const std::vector<float> weights{1, 2}, share{1, 1};
  std::vector<float> sums(6, 0);
  const BlendTask task{{{0, 0, 0}, {2, 1, 1}, {true, false, false}, Beyond::value, 0},
                       weights.data(),
                       share.data(),
                       0.5F};
  blend_patch_cpu({scores.data(), FloatType::f32, ScoreLayout::classes_last, 3}, task,
                  {sums.data(), FloatType::f32, 3, {2, 1, 1}, 0, 1});
  EXPECT_EQ(sums, (std::vector<float>{5, 1, 10, 2, 15, 3}));
}

TEST(BlendPatch, LeavesOutWhatLiesBeyondGridAndSlab) {
  // A patch of 3 x 1 x 3 whose corner lies at (-1, 0, 1); planes 2 and 3 of 5 are held.
  const std::vector<float> scores{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::vector<float> weights(9, 1), share(4, 1);
  std::vector<float> sums(4, 0);
  const BlendTask task{
      {{-1, 0, 1}, {3, 1, 3}, {}, Beyond::value, 0}, weights.data(), share.data(), 1};
  blend_patch_cpu({scores.data(), FloatType::f32, ScoreLayout::classes_first, 1}, task,
                  {sums.data(), FloatType::f32, 1, {2, 1, 5}, 2, 2});
  EXPECT_EQ(sums, (std::vector<float>{5, 6, 8, 9}));
}

TEST(BlendPatch, RefusesOtherClasses) {
  const std::vector<float> one{1};
  std::vector<float> sum{0};
  testing::expect_error(ErrorCode::bad_argument, "other classes", [&] {
    blend_patch_cpu({one.data(), FloatType::f32, ScoreLayout::classes_first, 1},
                    {{{}, {1, 1, 1}, {}, Beyond::value, 0}, one.data(), one.data(), 1},
                    {sum.data(), FloatType::f32, 2, {1, 1, 1}, 0, 1});
  });
}

// ---------------------------------------------------------------- CPU twin, device formula, GPU

constexpr int kClasses = 3;
constexpr Size3 kImage{13, 9, 7}, kPatch{6, 5, 4};

std::vector<PatchTask> awkward_patches() {
  std::vector<PatchTask> tasks;
  for (const Size3& begin : {Size3{0, 0, 0}, Size3{-2, 3, 2}, Size3{9, 7, 5}, Size3{7, 4, 3}}) {
    for (const Beyond beyond : {Beyond::value, Beyond::outermost, Beyond::mirrored}) {
      tasks.push_back({begin, kPatch, {false, true, false}, beyond, 0.5F});
      tasks.push_back({begin, kPatch, {true, false, true}, beyond, 0.5F});
    }
  }
  return tasks;
}

struct BlendCase {
  std::vector<float> scores = random_values(kClasses * 120, 3);
  std::vector<std::uint16_t> halves;
  std::vector<float> weights = random_values(120, 4);
  std::vector<float> share = random_values(13 * 9 * 5, 5);
  FloatType type;
  ScoreLayout layout;

  BlendCase(FloatType of, ScoreLayout in) : type(of), layout(in) {
    for (const float v : scores) halves.push_back(of == FloatType::f16 ? to_f16(v) : to_bf16(v));
  }
  PatchScores view() const {
    const void* values = type == FloatType::f32 ? static_cast<const void*>(scores.data())
                                                : static_cast<const void*>(halves.data());
    return {values, type, layout, kClasses};
  }
  BlendTask task(const PatchTask& patch) const {
    return {patch, weights.data(), share.data(), 0.25F};
  }
};

std::vector<BlendCase> blend_cases() {
  std::vector<BlendCase> cases;
  for (const FloatType type : {FloatType::f32, FloatType::f16, FloatType::bf16}) {
    cases.emplace_back(type, ScoreLayout::classes_first);
    cases.emplace_back(type, ScoreLayout::classes_last);
  }
  return cases;
}

/// Planes 1 ... 5 of the grid are held.
ScoreSums held(void* sums, FloatType type) {
  return {sums, type, kClasses, kImage, 1, 5};
}

template <typename Sum>
std::vector<Sum> blended_on_host(const BlendCase& c, const PatchTask& patch) {
  std::vector<Sum> sums(kClasses * 13 * 9 * 5, Sum{});
  const ScoreSums view = held(sums.data(), sizeof(Sum) == 4 ? FloatType::f32 : FloatType::f16);
  const BlendVoxel voxel(c.view(), c.task(patch), view);
  for (std::int64_t i = voxel.voxels(); i-- > 0;) {  // the order is nobody's to count on
    if (c.type == FloatType::f32) voxel(i, c.scores.data(), sums.data());
    if (c.type == FloatType::f16) {
      voxel(i, reinterpret_cast<const Half*>(c.halves.data()), sums.data());
    }
    if (c.type == FloatType::bf16) {
      voxel(i, reinterpret_cast<const BFloat16*>(c.halves.data()), sums.data());
    }
  }
  return sums;
}

TEST(PatchFormula, IsTheCpuTwins) {
  const std::vector<float> values = random_values(2 * 13 * 9 * 7, 1);
  const ImageView image{values.data(), 2, kImage};
  for (const PatchTask& task : awkward_patches()) {
    const std::vector<float> expected = gathered(image, task);
    const GatherVoxel voxel(image, task);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(voxel(static_cast<std::int64_t>(i)), expected[i]);
    }
    for (const BlendCase& c : blend_cases()) {
      std::vector<float> sums(kClasses * 13 * 9 * 5, 0);
      blend_patch_cpu(c.view(), c.task(task), held(sums.data(), FloatType::f32));
      EXPECT_EQ(sums, blended_on_host<float>(c, task));
      std::vector<Half> halves(sums.size(), Half{0});
      blend_patch_cpu(c.view(), c.task(task), held(halves.data(), FloatType::f16));
      const std::vector<Half> expected_halves = blended_on_host<Half>(c, task);
      for (std::size_t i = 0; i < halves.size(); ++i) {
        ASSERT_EQ(halves[i].bits, expected_halves[i].bits);
      }
    }
  }
}

TEST(Patches, AreTheSameForAnyNumberOfThreads) {
  const std::vector<float> values = random_values(2 * 13 * 9 * 7, 1);
  const ImageView image{values.data(), 2, kImage};
  const int before = omp_get_max_threads();
  const BlendCase c(FloatType::f32, ScoreLayout::classes_last);
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 3}) {
    omp_set_num_threads(threads);
    std::vector<float> sums(kClasses * 13 * 9 * 5, 0);
    std::vector<float> all;
    for (const PatchTask& task : awkward_patches()) {
      blend_patch_cpu(c.view(), c.task(task), held(sums.data(), FloatType::f32));
      const std::vector<float> patch = gathered(image, task);
      all.insert(all.end(), patch.begin(), patch.end());
    }
    all.insert(all.end(), sums.begin(), sums.end());
    results.push_back(all);
  }
  omp_set_num_threads(before);
  EXPECT_EQ(results[0], results[1]);
}

class PatchesOnGpu : public testing::OnBackend {};

TEST_P(PatchesOnGpu, AgreeWithTheCpuTwin) {
  const Stream stream(device);
  const auto on_device = [&](std::span<const std::byte> host) {
    DeviceBuffer buffer(host.size(), stream);
    copy_to_device(host, buffer, stream);
    return buffer;
  };
  const std::vector<float> values = random_values(2 * 13 * 9 * 7, 1);
  const DeviceBuffer image_there = on_device(std::as_bytes(std::span(values)));
  const ImageView image{values.data(), 2, kImage};
  const ImageView there{static_cast<const float*>(image_there.data()), 2, kImage};
  for (const PatchTask& task : awkward_patches()) {
    const std::vector<float> expected = gathered(image, task);
    std::vector<float> found(expected.size());
    const DeviceBuffer patch(expected.size() * sizeof(float), stream);
    gather_patch_cuda(there, task, FloatType::f32, patch.data(), stream);
    copy_to_host(patch, std::as_writable_bytes(std::span(found)), stream);
    stream.synchronize();
    EXPECT_EQ(found, expected);
    for (const BlendCase& c : blend_cases()) {
      const std::vector<float> none(kClasses * 13 * 9 * 5, 0);
      std::vector<float> sums = none, sums_there = none;
      const DeviceBuffer sums_buffer = on_device(std::as_bytes(std::span(none)));
      const DeviceBuffer scores =
          on_device(c.type == FloatType::f32 ? std::as_bytes(std::span(c.scores))
                                             : std::as_bytes(std::span(c.halves)));
      const DeviceBuffer weights = on_device(std::as_bytes(std::span(c.weights)));
      const DeviceBuffer share = on_device(std::as_bytes(std::span(c.share)));
      blend_patch_cpu(c.view(), c.task(task), held(sums.data(), FloatType::f32));
      blend_patch_cuda({scores.data(), c.type, c.layout, kClasses},
                       {task, static_cast<const float*>(weights.data()),
                        static_cast<const float*>(share.data()), 0.25F},
                       held(sums_buffer.data(), FloatType::f32), stream);
      copy_to_host(sums_buffer, std::as_writable_bytes(std::span(sums_there)), stream);
      stream.synchronize();
      for (std::size_t i = 0; i < sums.size(); ++i) {
        ASSERT_NEAR(sums_there[i], sums[i], 2 * kBlendTolerance);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, PatchesOnGpu, testing::gpu_only(), testing::backend_name);

}  // namespace
}  // namespace osler::kernels
