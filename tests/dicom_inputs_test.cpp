// What may lie in a folder beside regular files, and names that a terminal or JSON cannot hold.

#include <gtest/gtest.h>
#include <omp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "dicom/scan.hpp"
#include "phantom_dicom.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"

namespace osler::dicom {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

ScanResult scan_one(const fs::path& input) {
  return scan(std::vector<fs::path>{input});
}

class Inputs : public ::testing::Test {
 protected:
  Inputs() {
    testing::PhantomSeries series;
    series.positions_mm = testing::stack_of(3, {0, 0, 0}, {0, 0, 2});
    files_ = write_phantom(series, folder_.path() / "a");
  }
  static std::size_t instances(const ScanResult& found) {
    return found.studies.empty() ? 0 : found.studies.at(0).series.at(0).instances.size();
  }
  const TemporaryFolder folder_;
  std::vector<fs::path> files_;
};

TEST_F(Inputs, LinksToFilesAreReadAndLinksToFoldersAreNot) {
  const TemporaryFolder links;
  fs::create_symlink(files_[0], links.path() / "one");
  fs::create_directory_symlink(folder_.path() / "a", links.path() / "folder");
  fs::create_directory_symlink(".", links.path() / "loop");
  const ScanResult found = scan_one(links.path());
  EXPECT_EQ(instances(found), 1U);
  EXPECT_TRUE(found.unreadable.empty());
}

// As in a data set whose contents were not fetched: it may be any slice.
TEST_F(Inputs, ALinkThatLeadsNowhereIsAFileThatIsLost) {
  fs::create_symlink(folder_.path() / "not-fetched", folder_.path() / "a" / "slice");
  fs::create_symlink("itself", folder_.path() / "a" / "itself");
  const ScanResult found = scan_one(folder_.path());
  ASSERT_EQ(found.unreadable.size(), 2U);
  EXPECT_TRUE(found.unreadable[0].is_dicom);
  EXPECT_TRUE(found.unreadable[1].is_dicom);
  EXPECT_EQ(instances(found), 3U);
}

TEST_F(Inputs, PipesAndSocketsAreListedAndNeverWaitedFor) {
  const fs::path pipe = folder_.path() / "pipe", name = folder_.path() / "socket";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, name.c_str(), sizeof address.sun_path - 1);
  const int handle = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(handle, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const ScanResult found = scan_one(folder_.path());
  ::close(handle);
  ASSERT_EQ(found.unreadable.size(), 2U);
  for (const Unreadable& u : found.unreadable) EXPECT_FALSE(u.is_dicom) << u.file;
  EXPECT_EQ(instances(found), 3U);
  const ScanResult given = scan_one(pipe);
  ASSERT_EQ(given.unreadable.size(), 1U);
  EXPECT_EQ(given.unreadable[0].reason, "not a regular file");
}

TEST_F(Inputs, LongAndOddNamesAreNames) {
  const std::string longest(255, 'n');
  for (const std::string& name :
       {longest, std::string("line\nbreak"), std::string("M\xFCller\x1B[2J")}) {
    testing::write_text(folder_.path() / "a" / name, "no DICOM at all");
  }
  fs::rename(files_[0], folder_.path() / "a" / "sl\nice\xFF");
  const ScanResult found = scan_one(folder_.path());
  EXPECT_EQ(found.unreadable.size(), 3U);
  EXPECT_EQ(instances(found), 3U);
}

/// Runs as a user who owns nothing, in a process of its own. @return the exit status of `work`
template <typename Work>
int as_nobody(Work&& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(99);
    ::omp_set_num_threads(1);  // the threads of the parent are not here
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

// One folder that is closed must not hide the folders after it.
TEST_F(Inputs, WhatMayNotBeReadIsLostAndTheRestIsRead) {
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::permissions(folder_.path() / "a", fs::perms(0755));
  for (const fs::path& file : files_) fs::permissions(file, fs::perms(0644));
  fs::permissions(files_[1], fs::perms(0));
  fs::create_directory(folder_.path() / "closed");
  fs::permissions(folder_.path() / "closed", fs::perms(0));
  const fs::path top = folder_.path();
  const int lost_and_read = as_nobody([&] {
    const ScanResult found = scan_one(top);
    int lost = 0;
    for (const Unreadable& u : found.unreadable) lost += u.is_dicom ? 1 : 0;
    return 10 * lost + static_cast<int>(instances(found));
  });
  fs::permissions(folder_.path() / "closed", fs::perms(0755));
  EXPECT_EQ(lost_and_read, 22) << "a file and a folder are lost, two files are read";
}

}  // namespace
}  // namespace osler::dicom
