// A ball through a package of windows: its volume and place are those of the formula, on grids of
// every kind, and labels are the thresholded voxels themselves where nothing is resampled.

#include "pipeline/device_lane.hpp"
#include "pipeline/windowed.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "backends.hpp"
#include "phantom_dicom.hpp"
#include "pipeline/run.hpp"
#include "postprocess/labels.hpp"
#include "throws.hpp"
#include "windowed_package.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

constexpr double kRadiusMm = 18;
constexpr Vec3 kCentreMm{3.5, -4.25, 10};

/// 500 at the surface, 100 more for each millimetre inwards, held to 0 ... 1000.
double ball_hu(const Vec3& mm) {
  return std::clamp(500 + 100 * (kRadiusMm - norm(mm - kCentreMm)), 0.0, 1000.0);
}

Volume ball(const Grid& grid) {
  Volume volume;
  volume.grid = grid;
  volume.type = ScalarType::i16;
  volume.modality = "CT";
  volume.voxels = std::make_unique<std::byte[]>(volume.bytes());
  auto* voxels = reinterpret_cast<std::int16_t*>(volume.voxels.get());
  for (std::int64_t k = 0; k < grid.size[2]; ++k) {
    volume.slices.push_back({});
    for (std::int64_t r = 0; r < grid.size[1]; ++r) {
      for (std::int64_t c = 0; c < grid.size[0]; ++c) {
        *voxels++ = static_cast<std::int16_t>(std::lround(ball_hu(grid.centre_mm(c, r, k))));
      }
    }
  }
  return volume;
}

/// A grid of these axes whose middle lies at the ball's centre, a little off.
Grid around(const Size3& size, const Vec3& x, const Vec3& y, const Vec3& z) {
  const Vec3 middle = (static_cast<double>(size[0] - 1) / 2) * x +
                      (static_cast<double>(size[1] - 1) / 2) * y +
                      (static_cast<double>(size[2] - 1) / 2) * z;
  return {size, Affine::from_columns(x, y, z, kCentreMm - middle + Vec3{.3, .2, -.4}), {}};
}

struct Threshold {
  TemporaryFolder folder;
  ModelPackage package;
  Session session;

  explicit Threshold(const std::function<void(Json&)>& change = [](Json&) {})
      : package(make(folder.path(), change)),
        session(read_weights(package, package.weights.front()), Device{}) {}

  static ModelPackage make(const fs::path& folder, const std::function<void(Json&)>& change) {
    const std::string weights = testing::threshold_network();
    Json description = testing::windowed_description(weights);
    change(description);
    testing::write_windowed_package(folder, description, weights);
    return read_package(folder);
  }

  LabelMap run(const Volume& image, const Grid& grid) {
    Timings timings;
    WindowedTask task{{&image}, grid, package, *package.windowed()};
    task.most_voxels = 1 << 30;
    return segment_by_windows({&session, 1}, task, {}, timings).labels;
  }
};

TEST(SegmentByWindows, LabelsTheVoxelsThemselvesWhereNothingIsResampled) {
  Threshold model;
  const Volume image = ball(around({45, 40, 50}, {1.1, 0, 0}, {0, 1.2, 0}, {0, 0, 1.0}));
  const LabelMap labels = model.run(image, image.grid);
  std::vector<std::int16_t> voxels(labels.labels.size());
  std::memcpy(voxels.data(), image.voxels.get(), image.bytes());
  std::size_t bright = 0;
  for (std::size_t i = 0; i < voxels.size(); ++i) {
    if (voxels[i] == 500) continue;  // a tie
    ASSERT_EQ(labels.labels[i], voxels[i] > 500 ? 1 : 0) << i;
    bright += labels.labels[i];
  }
  EXPECT_GT(bright, 1000U);
}

TEST(SegmentByWindows, MeasuresABallOnGridsOfEveryKind) {
  const double c = std::cos(.4), s = std::sin(.4);
  const Grid grids[] = {around({45, 40, 50}, {1.1, 0, 0}, {0, 1.2, 0}, {0, 0, 1.0}),
                        around({45, 40, 50}, {-1.1, 0, 0}, {0, -1.2, 0}, {0, 0, -1.0}),
                        around({40, 45, 50}, {0, 1.1, 0}, {0, 0, -1.0}, {1.0, 0, 0}),  // sagittal
                        around({45, 45, 50}, {c, s, 0}, {-s, c, 0}, {0, 0, 1}),        // oblique
                        around({45, 45, 50}, {1, 0, 0}, {0, 1, 0}, {0, .3, 1}),  // tilted gantry
                        around({48, 48, 12}, {1, 0, 0}, {0, 1, 0}, {0, 0, 5})};  // thick slices
  for (const char* axes : {"", "RAS"}) {
    for (const char* alignment : {"edges", "first-voxel"}) {
      Threshold model([&](Json& j) {
        Json& resample = j["steps"][0];
        resample["spacing_mm"] = {1.3, 1.3, 1.3};
        resample["alignment"] = alignment;
        if (*axes != '\0') {
          Json orient{{"step", "orient"}, {"axes", axes}};
          j["steps"].insert(j["steps"].begin(), std::move(orient));
        }
      });
      for (const Grid& grid : grids) {
        const Volume image = ball(grid);
        const LabelMap labels = model.run(image, image.grid);
        const auto found = label_statistics({}, labels.labels, grid, 1)[1];
        const double expected = 4.0 / 3 * std::numbers::pi * std::pow(kRadiusMm, 3);
        // Interpolated twice at 1.3 mm; a 5 mm slice is a seventh of the ball.
        const bool thick = grid.size[2] == 12;
        EXPECT_NEAR(found.volume_mm3 / expected, 1, thick ? .03 : .01);
        EXPECT_LT(norm(found.centroid_mm - kCentreMm), thick ? .25 : .1);
      }
    }
  }
}

TEST(SegmentByWindows, PutsLabelsOntoUnevenSlices) {
  Threshold model;
  const Grid even = around({45, 40, 50}, {1.1, 0, 0}, {0, 1.2, 0}, {0, 0, 1.0});
  const Volume image = ball(even);
  Grid uneven = even;  // every slice up to the middle, then every second
  uneven.slice_at.clear();
  for (std::int64_t k = 0; k < 50; k += k < 25 ? 1 : 2) {
    uneven.slice_at.push_back(static_cast<double>(k));
  }
  uneven.size[2] = static_cast<std::int64_t>(uneven.slice_at.size());
  const LabelMap all = model.run(image, image.grid);
  const LabelMap some = model.run(image, uneven);
  const std::size_t slice = 45 * 40;
  for (std::size_t k = 0; k < uneven.slice_at.size(); ++k) {
    const auto from = static_cast<std::size_t>(uneven.slice_at[k]);
    ASSERT_TRUE(std::equal(some.labels.begin() + static_cast<std::ptrdiff_t>(k * slice),
                           some.labels.begin() + static_cast<std::ptrdiff_t>((k + 1) * slice),
                           all.labels.begin() + static_cast<std::ptrdiff_t>(from * slice)));
  }
}

TEST(SegmentByWindows, RefusesANetworkOfOtherClasses) {
  Threshold model([](Json& j) { j["gives"]["classes"] = 3; });
  const Volume image = ball(around({20, 20, 20}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}));
  testing::expect_error(ErrorCode::model, "gives 2 classes", [&] { model.run(image, image.grid); });
}

TEST(SegmentByWindows, ShowsAnotherModelWhatWasMadeForTheFirst) {
  Threshold model([](Json& j) { j["steps"][0]["spacing_mm"] = {1.3, 1.3, 1.3}; });
  const Volume image = ball(around({45, 40, 50}, {1.1, 0, 0}, {0, 1.2, 0}, {0, 0, 1.0}));
  ImageCache cache;
  WindowedTask task{{&image}, image.grid, model.package, *model.package.windowed()};
  task.most_voxels = 1 << 30;
  task.cache = &cache;
  Timings timings;
  const auto run = [&](const WindowedTask& each) {
    return segment_by_windows({&model.session, 1}, each, {}, timings).labels.labels;
  };
  const std::vector<std::uint8_t> first = run(task);
  const auto made = cache.values;
  ASSERT_TRUE(made);
  EXPECT_EQ(run(task), first);
  EXPECT_EQ(cache.values, made) << "the same steps of the same image";
  // It is really that image which is shown: with another one in its place nothing is found.
  cache.values = std::make_shared<const std::vector<float>>(made->size(), 0.0F);
  EXPECT_EQ(run(task), std::vector<std::uint8_t>(first.size(), 0));
  // Other steps, or another image, are another matter.
  WindowedSegmentation other = *model.package.windowed();
  std::get<ResampleStep>(other.image.steps[0]).spacing_mm = {1.4, 1.4, 1.4};
  const Volume twin = ball(image.grid);
  WindowedTask with_other{{&image}, image.grid, model.package, other};
  WindowedTask of_twin{{&twin}, twin.grid, model.package, *model.package.windowed()};
  for (WindowedTask* each : {&with_other, &of_twin}) {
    each->most_voxels = 1 << 30;
    each->cache = &cache;
    const auto before = cache.values;
    EXPECT_NE(run(*each), std::vector<std::uint8_t>(first.size(), 0));
    EXPECT_NE(cache.values, before);
  }
}

class SegmentByWindowsOnGpu : public testing::OnBackend {};

TEST_P(SegmentByWindowsOnGpu, GivesTheLabelsOfTheCpu) {
  const Threshold model([](Json& j) {
    j["steps"][0]["spacing_mm"] = {1.3, 1.3, 1.3};
    j["steps"].insert(j["steps"].begin(), Json{{"step", "orient"}, {"axes", "RAS"}});
  });
  const std::vector<std::byte> weights = read_weights(model.package, model.package.weights.front());
  DeviceLane lane(device);  // goes behind what LibTorch keeps on it
  Session on_gpu(weights, device), on_cpu(weights, {});
  const Volume image = ball(around({45, 40, 50}, {1.1, 0, 0}, {0, 1.2, 0}, {0, 0, 1.0}));
  WindowedTask task{{&image}, image.grid, model.package, *model.package.windowed()};
  task.most_voxels = 1 << 30;
  Timings timings;
  const LabelMap expected = segment_by_windows({&on_cpu, 1}, task, {}, timings).labels;
  task.lane = &lane;
  const LabelMap found = segment_by_windows({&on_gpu, 1}, task, {}, timings).labels;
  std::size_t different = 0;
  for (std::size_t i = 0; i < expected.labels.size(); ++i) {
    different += expected.labels[i] != found.labels[i] ? 1 : 0;
  }
  // A voxel on the surface itself may fall to either side; its cells are 1.3 mm.
  EXPECT_LE(different, expected.labels.size() / 10000);
}

INSTANTIATE_TEST_SUITE_P(Backends, SegmentByWindowsOnGpu, testing::gpu_only(),
                         testing::backend_name);

TEST(RunWindowedPackage, GivesResultsFromDicomFiles) {
  const TemporaryFolder folder;
  testing::PhantomSeries series;
  series.modality = "CT";
  series.columns = 45;
  series.rows = 45;
  series.spacing_mm = {1.2, 1.2};
  series.positions_mm = testing::stack_of(
      30, {kCentreMm[0] - 26.4, kCentreMm[1] - 26.4, kCentreMm[2] - 29}, {0, 0, 2});
  series.slope = 1;
  series.intercept = -1024;
  series.stored = [](const Vec3& mm) { return std::lround(ball_hu(mm) + 1024); };
  fs::create_directories(folder.path() / "in");
  testing::write_phantom(series, folder.path() / "in");
  const std::string weights = testing::threshold_network();
  testing::write_windowed_package(folder.path() / "threshold",
                                  testing::windowed_description(weights), weights);
  RunOptions options;
  options.inputs = {folder.path() / "in"};
  options.out = folder.path() / "out";
  options.models = {(folder.path() / "threshold").string()};
  options.device = "cpu";
  const RunReport report = run(options);
  ASSERT_EQ(report.outcomes.size(), 1U);
  const StudyOutcome& outcome = report.outcomes.front();
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.findings.status, Status::complete);
  ASSERT_EQ(outcome.findings.findings.size(), 1U);
  const Finding& bright = outcome.findings.findings.front();
  EXPECT_EQ(bright.label, "Bright");
  EXPECT_NEAR(bright.volume_mm3, 4.0 / 3 * std::numbers::pi * std::pow(kRadiusMm, 3), .01 * 24429);
  EXPECT_LT(norm(bright.centroid_mm - kCentreMm), .05);
  for (const char* name : {"seg.dcm", "sr.dcm", "report.html", "findings.json"}) {
    EXPECT_TRUE(fs::exists(outcome.folder / name)) << name;
  }
  EXPECT_EQ(report.exit_code, 0);
}

}  // namespace
}  // namespace osler
