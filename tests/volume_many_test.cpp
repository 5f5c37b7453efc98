// Series of very many slices: planning takes time by their number, not by its square. The slices
// are made in memory, as planning reads no file of them.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "volume/plan.hpp"

namespace osler {
namespace {

dicom::Series series_of(int slices, const std::function<void(dicom::Frame&, int)>& edit) {
  dicom::Series series{"1.2.3", "MR", {}};
  for (int k = 0; k < slices; ++k) {
    dicom::Instance i;
    i.sop_instance_uid = "1.2.3." + std::to_string(k + 1);
    i.modality = "MR";
    i.has_pixel_data = true;
    i.pixels.rows = i.pixels.columns = 4;
    i.pixels.bits_allocated = i.pixels.bits_stored = 16;
    i.pixels.high_bit = 15;
    dicom::Frame& frame = i.frames.emplace_back();
    frame.position_mm = Vec3{0, 0, 2.0 * k};
    frame.orientation = {1, 0, 0, 0, 1, 0};
    frame.spacing_mm = {1, 1};
    edit(frame, k);
    series.instances.push_back(std::move(i));
  }
  return series;
}

TEST(PlanSeries, AHundredThousandSlicesAreOneVolume) {
  const dicom::Series series = series_of(100'000, [](dicom::Frame&, int) {});
  const SeriesPlan plan = plan_series(series);
  EXPECT_EQ(plan.verdict(), Verdict::usable);
  EXPECT_EQ(plan.volumes.at(0).grid.size, (Size3{4, 4, 100'000}));
}

TEST(PlanSeries, AHundredThousandStacksAreRefused) {
  const dicom::Series series =
      series_of(100'000, [](dicom::Frame& frame, int k) { frame.told_apart_by.echo_time_ms = k; });
  const SeriesPlan plan = plan_series(series);
  EXPECT_EQ(plan.verdict(), Verdict::refused);
  EXPECT_EQ(plan.reasons.at(0).code, "too_many_stacks");
  EXPECT_TRUE(plan.volumes.empty());
}

}  // namespace
}  // namespace osler
