// Objects for tests/judges/check_result_objects.py, and what they are made of.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "core/json.hpp"
#include "enhanced_phantom.hpp"
#include "objects/key_objects.hpp"
#include "objects/presentation_state.hpp"
#include "objects/secondary_capture.hpp"
#include "objects/segmentation.hpp"
#include "objects/structured_report.hpp"
#include "objects_map_numbers.hpp"
#include "objects_reading.hpp"
#include "page/pictures.hpp"

namespace osler::objects {
namespace {

using phantom::Phantom;

void write_bytes(const std::filesystem::path& file, const void* bytes, std::size_t size) {
  std::ofstream(file, std::ios::binary)
      .write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
}

/// All objects of a phantom, and beside them what they are made of: map.f32, labels.u8, truth.json.
void write_for_judges(const Phantom& p, const std::filesystem::path& out) {
  std::filesystem::create_directories(out);
  const Grid& grid = p.volume.grid;
  const std::vector<float> numbers = numbers_for(grid);
  std::vector<ObjectIds> others;
  const ObjectIds seg = write_segmentation(p.findings, p.labels, p.volume, out / "seg.dcm");
  others.push_back(write_parametric_map(p.findings, kUncertainty, grid, slices_of(numbers, grid),
                                        out / "pm.dcm"));
  const auto state = write_presentation_state(p.findings, p.labels, p.volume, out / "pr.dcm");
  ASSERT_TRUE(state.ids) << state.why_not;
  others.push_back(*state.ids);
  const auto pictures = page::draw_pictures(p.findings, p.labels, p.volume);
  for (const Picture& picture : pictures) {
    others.push_back(
        write_secondary_capture(p.findings, picture, {seg}, out / ("sc-" + picture.name + ".dcm")));
  }
  const ObjectIds report = write_structured_report(p.findings, p.volume, seg, out / "sr.dcm",
                                                   SrForm::comprehensive_3d, others);
  others.push_back(seg);
  others.push_back(report);
  write_key_objects(p.findings, p.labels, p.findings.findings, others, out / "ko.dcm");

  write_bytes(out / "map.f32", numbers.data(), numbers.size() * sizeof(float));
  write_bytes(out / "labels.u8", p.labels.labels.data(), p.labels.labels.size());
  Json truth;
  truth["size"] = grid.size;
  for (std::int64_t k = 0; k < grid.size[2]; ++k) {
    truth["corners_mm"].push_back(phantom::place(grid, 0, 0, k));
    truth["slices"].push_back(
        {{"uid", p.volume.slices[static_cast<std::size_t>(k)].sop_instance_uid},
         {"frame", p.volume.slices[static_cast<std::size_t>(k)].frame}});
  }
  truth["column_step_mm"] = grid.index_to_lps.column(0);
  truth["row_step_mm"] = grid.index_to_lps.column(1);
  for (const Finding& finding : p.findings.findings) truth["findings"].push_back(finding.segments);
  std::ofstream(out / "truth.json") << truth.dump();
}

/// OSLER_JUDGE_DIR/<name> and OSLER_JUDGE_DIR/<name>-source, for check_result_objects.py.
TEST(ResultObjectsForJudges, OfAwkwardSeries) {
  const char* place = std::getenv("OSLER_JUDGE_DIR");
  if (place == nullptr) GTEST_SKIP() << "OSLER_JUDGE_DIR is not set";
  const std::filesystem::path root(place);
  const Affine tilted = phantom::sheared(kStraight, 0.6);
  struct Series {
    const char* name;
    Grid grid;
  };
  for (const Series& s :
       {Series{"straight", {{64, 48, 6}, kStraight}}, Series{"odd", {{7, 9, 5}, kStraight}},
        Series{"oblique", {{33, 29, 21}, kOblique}}, Series{"tilted", {{15, 10, 8}, tilted}},
        Series{"uneven", {{15, 10, 8}, kOblique, kUneven}}}) {
    write_for_judges(boxes(root / (std::string(s.name) + "-source"), s.grid), root / s.name);
  }
  Phantom enhanced = boxes(root / "enhanced-source", {{15, 10, 8}, kOblique});
  make_enhanced(enhanced);
  write_for_judges(enhanced, root / "enhanced");

  // Holes, islands in them, borders, single voxels, and names that are none.
  Phantom hostile =
      phantom::make(root / "hostile-source", {{40, 40, 4}, kStraight}, [](int c, int r, int k) {
        const int ring = std::max(std::abs(c - 20), std::abs(r - 20));
        if (ring <= 3 + k) return 1;
        if (ring >= 8 && ring <= 12) return 2;
        if (ring == 20) return 3;
        return (c * 7 + r * 13) % 11 == 0 && ring > 13 ? 4 : 0;
      });
  hostile.findings.segments[0].label = "back\\slash\r\n\x1b[2J\t and \"quotes\" <b>&amp;";
  hostile.findings.segments[1].label =
      "\xC3\x9C"
      "ber \xE2\x89\xA4 \xFF\xFE broken";
  hostile.findings.segments[2].label = std::string(3000, 'x');
  hostile.findings.segments[3].label = "^";
  hostile.findings.model.title = "^=\\ \xE6\x97\xA5\xE6\x9C\xAC";
  for (Finding& finding : hostile.findings.findings) {
    finding.label =
        hostile.findings.segments[static_cast<std::size_t>(finding.segments[0] - 1)].label;
  }
  write_for_judges(hostile, root / "hostile");
}

}  // namespace
}  // namespace osler::objects
