// Each file of a corpus of malformed DICOM gives a clear error or a correct read: never a crash, a
// hang, or an allocation over a limit. Run under the asan preset this is what it says.

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "core/error.hpp"
#include "core/json.hpp"
#include "dicom/dicom_json.hpp"
#include "dicom/picture.hpp"
#include "dicom/pixels.hpp"
#include "test_data.hpp"
#include "volume/plan.hpp"

namespace osler {
namespace {

TEST(Malformed, EveryFileIsReadOrRefusedWithAReason) {
  const auto folder = testing::unpacked_series() / "malformed_fuzz_even";
  OSLER_NEEDS(folder, "malformed_fuzz_even.tar.zst");
  dicom::Limits limits;
  limits.max_frame_bytes = 64 << 20;
  limits.max_volume_bytes = 256 << 20;
  const std::vector<std::filesystem::path> inputs{folder};
  const dicom::ScanResult scan = dicom::scan(inputs, limits);
  std::size_t files = scan.unreadable.size();
  for (const dicom::Unreadable& u : scan.unreadable) EXPECT_FALSE(u.reason.empty()) << u.file;
  for (const dicom::Study& study : scan.studies) {
    for (const dicom::Series& series : study.series) {
      files += series.instances.size();
      const SeriesPlan plan = plan_series(series, limits);
      EXPECT_TRUE(!plan.volumes.empty() || plan.verdict() == Verdict::refused);
      for (const dicom::Instance& i : series.instances) {
        try {
          std::vector<std::byte> frame(dicom::frame_bytes(i.pixels, limits));
          dicom::decode_frame(i, 0, frame, limits);
          dicom::read_picture(i, 0, limits);
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), ErrorCode::bad_input) << i.file.string() << ": " << error.what();
        }
      }
    }
  }
  EXPECT_GT(files, 400U) << "the corpus has 476 files";
}

TEST(Malformed, EveryFileGivesDicomJsonOrAReason) {
  const auto folder = testing::unpacked_series() / "malformed_fuzz_even";
  OSLER_NEEDS(folder, "malformed_fuzz_even.tar.zst");
  std::size_t written = 0, refused = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream json;
    try {
      dicom::write_dicom_json(entry.path(), json);
      EXPECT_TRUE(Json::accept(json.str())) << entry.path();
      ++written;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_input) << entry.path() << ": " << error.what();
      ++refused;
    }
  }
  EXPECT_GT(written, 300U);
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace osler
