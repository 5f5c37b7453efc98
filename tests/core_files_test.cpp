#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/files.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(StagedFolder, LeavesNothingIfItIsNotCommitted) {
  const TemporaryFolder place;
  {
    StagedFolder staged(place.path() / "out");
    staged.write("seg.dcm", "half of it");
    EXPECT_FALSE(fs::exists(place.path() / "out"));
  }
  EXPECT_EQ(entries(place.path()), 0U);
}

TEST(StagedFolder, LeavesNothingOfATargetThatEndsWithASlash) {
  const TemporaryFolder place;
  {
    StagedFolder staged(place.path() / "out" / "");
    staged.write("seg.dcm", "half of it");
  }
  EXPECT_EQ(entries(place.path()), 0U);
}

TEST(StagedFolder, ShowsEveryFileOnceCommitted) {
  const TemporaryFolder place;
  const std::string binary("\0\n\r\xFF", 4);
  {
    StagedFolder staged(place.path() / "deep" / "out");
    staged.write("a.json", "{}");
    staged.write("b.dcm", binary);
    staged.commit();
  }
  EXPECT_EQ(entries(place.path() / "deep"), 1U) << "the staging folder is still there";
  EXPECT_EQ(entries(place.path() / "deep" / "out"), 2U);
  EXPECT_EQ(read_text(place.path() / "deep" / "out" / "a.json"), "{}");
  EXPECT_EQ(read_text(place.path() / "deep" / "out" / "b.dcm"), binary);
}

TEST(StagedFolder, ReplacesFilesOfTheSameNameAndLeavesOthersAlone) {
  const TemporaryFolder place;
  const fs::path out = place.path() / "out";
  fs::create_directory(out);
  write_text(out / "a.json", "old and longer");
  write_text(out / "notes.txt", "mine");
  StagedFolder staged(out);
  staged.write("a.json", "new");
  EXPECT_EQ(read_text(out / "a.json"), "old and longer") << "replaced before the commit";
  staged.commit();
  EXPECT_EQ(read_text(out / "a.json"), "new");
  EXPECT_EQ(read_text(out / "notes.txt"), "mine");
}

TEST(StagedFolder, NamesTheFolderThatCannotBeMade) {
  const TemporaryFolder place;
  write_text(place.path() / "file", "x");
  expect_error(ErrorCode::output, (place.path() / "file").string(),
               [&] { StagedFolder(place.path() / "file" / "out"); });
}

TEST(StagedFolder, RefusesATargetThatIsAFile) {
  const TemporaryFolder place;
  write_text(place.path() / "out", "x");
  expect_error(ErrorCode::output, "out", [&] {
    StagedFolder staged(place.path() / "out");
    staged.write("a.json", "{}");
    staged.commit();
  });
  EXPECT_EQ(read_text(place.path() / "out"), "x");
  EXPECT_EQ(entries(place.path()), 1U);
}

TEST(ReadFile, GivesTheBytes) {
  const TemporaryFolder place;
  write_text(place.path() / "f", std::string("a\0b", 3));
  const auto bytes = read_file(place.path() / "f", 3);
  ASSERT_EQ(bytes.size(), 3U);
  EXPECT_EQ(bytes[1], std::byte{0});
  EXPECT_EQ(bytes[2], std::byte{'b'});
}

TEST(ReadFile, RefusesWhatIsOverTheLimitOrAbsentOrAFolder) {
  const TemporaryFolder place;
  write_text(place.path() / "f", "four");
  expect_error(ErrorCode::bad_input, "4 bytes", [&] { read_file(place.path() / "f", 3); });
  expect_error(ErrorCode::bad_input, "none", [&] { read_file(place.path() / "none", 3); });
  expect_error(ErrorCode::bad_input, "cannot read", [&] { read_file(place.path(), 3); });
}

}  // namespace
}  // namespace osler
