// Compiled networks: tests/compiled_network.cpp in archives that are made here.

#include <ATen/ATen.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "compiled_archive.hpp"
#include "core/error.hpp"
#include "infer/aot_network.hpp"
#include "infer/private_folder.hpp"
#include "infer/processor.hpp"
#include "infer/session.hpp"
#include "infer/stored_archive.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"
#include "torchscript.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::archive;
using testing::compiled_library;
using testing::compiled_network;
using testing::expect_error;
using testing::kPlaceInArchive;
using testing::TemporaryFolder;

const TensorShape kShape{1, 1, 2, 3, 4};

SessionOptions options() {
  SessionOptions options;
  options.weights = {"aotinductor", kShape, {*processor_flags().begin()}};
  return options;
}

Session session(const std::vector<std::byte>& bytes, const SessionOptions& with = options()) {
  return Session(bytes, Device{Backend::cpu, 0, "cpu"}, with);
}

/// TMPDIR is a folder of the test's own while it runs.
class CompiledNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* was = std::getenv("TMPDIR")) before_ = was;
    ::setenv("TMPDIR", folder_.path().c_str(), 1);
  }
  void TearDown() override {
    if (before_.empty()) {
      ::unsetenv("TMPDIR");
    } else {
      ::setenv("TMPDIR", before_.c_str(), 1);
    }
  }

  TemporaryFolder folder_;

 private:
  std::string before_;
};

TEST_F(CompiledNetwork, GivesItsValues) {
  Session network = session(compiled_network(2));
  EXPECT_EQ(network.graph(), "compiled graph");
  EXPECT_EQ(network.last_layer(), nullptr);
  const std::vector<float> input(24, 3);
  for (int again = 0; again < 2; ++again) {
    const Tensor out = network.forward(input, kShape);
    EXPECT_EQ(out.shape, kShape);
    EXPECT_EQ(out.values, std::vector<float>(24, 7));
  }
}

TEST_F(CompiledNetwork, OfTheSameNameAsAnotherIsNotTakenForIt) {
  Session twice = session(compiled_network(2));
  Session thrice = session(compiled_network(3));
  const std::vector<float> input(24, 3);
  EXPECT_EQ(twice.forward(input, kShape).values[0], 7);
  EXPECT_EQ(thrice.forward(input, kShape).values[0], 10);
  { const Session gone(std::move(twice)); }
  EXPECT_EQ(session(compiled_network(3)).forward(input, kShape).values[0], 10);
}

TEST_F(CompiledNetwork, RefusesAnInputOfAnotherSize) {
  Session network = session(compiled_network(2));
  for (const TensorShape& shape : {TensorShape{1, 1, 4, 3, 2}, TensorShape{2, 1, 2, 3, 2}}) {
    const std::vector<float> input(24, 3);
    expect_error(ErrorCode::model, "1 x 1 x 2 x 3 x 4", [&] { network.forward(input, shape); });
  }
}

TEST_F(CompiledNetwork, RefusesAnotherProcessorAndSaysWhatItLacks) {
  SessionOptions other = options();
  other.weights.processor = {*processor_flags().begin(), "instructions_of_tomorrow"};
  expect_error(ErrorCode::device, "instructions_of_tomorrow",
               [&] { session(compiled_network(2), other); });
  expect_error(ErrorCode::device, "tools/export/aot", [&] { session(compiled_network(2), other); });
}

TEST_F(CompiledNetwork, RefusesAGpu) {
  expect_error(ErrorCode::device, "--device cpu",
               [] { AotNetwork(compiled_network(2), at::Device(at::kCUDA, 0), options()); });
}

TEST_F(CompiledNetwork, RefusesWeightsOfUnknownSizeOrProcessor) {
  SessionOptions nothing = options();
  nothing.weights.input.clear();
  expect_error(ErrorCode::model, "'input'", [&] { session(compiled_network(2), nothing); });
  nothing = options();
  nothing.weights.processor.clear();
  expect_error(ErrorCode::model, "'processor'", [&] { session(compiled_network(2), nothing); });
}

TEST_F(CompiledNetwork, RefusesAFormatThatIsNotKnown) {
  SessionOptions other;
  other.weights.name = "onnx";
  expect_error(ErrorCode::model, "'onnx'", [&] { session(compiled_network(2), other); });
}

TEST_F(CompiledNetwork, RefusesFilesThatAreNone) {
  const std::vector<std::byte> good = compiled_network(2);
  ASSERT_NO_THROW(session(good));
  const auto refuses = [&](const std::vector<std::byte>& bytes, const char* what) {
    SCOPED_TRACE(what);
    const auto error = testing::error_of([&] { session(bytes); });
    ASSERT_TRUE(error);
    EXPECT_EQ(to_string(error->code()), to_string(ErrorCode::model)) << error->what();
    EXPECT_EQ(std::string(error->what()).find('\n'), std::string::npos) << error->what();
  };
  const std::string so = std::string(kPlaceInArchive) + "a.so";
  refuses({}, "empty");
  refuses(std::vector<std::byte>(1000, std::byte{'x'}), "text");
  refuses({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(good.size() / 2)}, "half");
  refuses({good.begin(), good.end() - 1}, "one byte short");
  std::vector<std::byte> corrupt = good;
  for (std::size_t i = corrupt.size() / 4; i < corrupt.size() / 2; ++i)
    corrupt[i] ^= std::byte{0x5A};
  refuses(corrupt, "corrupt");
  std::vector<std::byte> followed = good;
  followed.push_back(std::byte{0});
  refuses(followed, "one byte too many");
  refuses(testing::torchscript("    return x\n"), "TorchScript");
  refuses(archive({{so, "no library"}}), "a library that is none");
  refuses(archive({{so, ""}}), "an empty library");
  refuses(archive({{so, compiled_library(2)},
                   {std::string(kPlaceInArchive) + "b.so", compiled_library(3)}}),
          "two networks");
  refuses(archive({{std::string(kPlaceInArchive) + "a.cubin", "x"}}), "no network");
}

TEST_F(CompiledNetwork, EachByteThatIsChangedIsFound) {
  const std::vector<std::byte> good =
      archive({{std::string(kPlaceInArchive) + "a.cpp", "abcdefgh"}});
  ASSERT_NO_THROW(read_stored_archive(good));
  std::size_t content = 0;
  for (const StoredFile& file : read_stored_archive(good)) content += file.bytes.size();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::vector<std::byte> bad = good;
    bad[i] ^= std::byte{0x10};
    try {
      read_stored_archive(bad);  // names, dates and padding have no checksum
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, content);
}

TEST_F(CompiledNetwork, LeavesNothingOnTheDisk) {
  const Session network = session(compiled_network(2));
  EXPECT_TRUE(fs::is_empty(folder_.path()));
  EXPECT_THROW(session(archive({{std::string(kPlaceInArchive) + "a.so", "none"}})), Error);
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(CompiledNetwork, WithoutAPlaceForItsLibraryIsAnError) {
  ::setenv("TMPDIR", (folder_.path() / "nowhere").c_str(), 1);
  expect_error(ErrorCode::output, "TMPDIR", [] { session(compiled_network(2)); });
}

class PrivateFolderTest : public CompiledNetwork {};

TEST_F(PrivateFolderTest, IsForItsUserAlone) {
  const PrivateFolder folder;
  EXPECT_EQ(fs::status(folder.path()).permissions(), fs::perms::owner_all);
}

TEST_F(PrivateFolderTest, WhatAKilledProcessLeftIsRemovedByTheNext) {
  const auto make = [&](const char* name, bool old) {
    const fs::path place = folder_.path() / name;
    fs::create_directories(place);
    testing::write_text(place / "a.so", "x");
    if (old) fs::last_write_time(place, fs::file_time_type::clock::now() - std::chrono::hours(1));
    return place;
  };
  const fs::path left = make("osler-weights-1-aaaaaa", true);
  const fs::path used = make("osler-weights-2-aaaaaa", true);
  const fs::path fresh = make("osler-weights-3-aaaaaa", false);
  const fs::path other = make("somebody-else", true);
  const int lock = ::open(used.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  { const PrivateFolder folder; }
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(used));
  EXPECT_TRUE(fs::exists(fresh));
  EXPECT_TRUE(fs::exists(other));
  ::close(lock);
}

}  // namespace
}  // namespace osler
