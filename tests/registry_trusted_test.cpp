// Lists of digests: what is on them is loaded.

#include "registry/trusted.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "core/error.hpp"
#include "temporary_folder.hpp"
#include "test_data.hpp"
#include "throws.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;

class Trusted : public ::testing::Test {
 protected:
  void SetUp() override {
    package = read_package(testing::project_source() / "models" / "hippocampus-t1");
  }
  void TearDown() override { ::unsetenv(kTrustedVariable); }

  void list(const std::string& text) {
    testing::write_text(file, text);
    ::setenv(kTrustedVariable, file.c_str(), 1);
  }
  void expect_refused(const WeightsFile& weights) {
    expect_error(ErrorCode::model, package.digest, [&] { read_weights(package, weights); });
    expect_error(ErrorCode::model, "osler models trust", [&] { read_weights(package, weights); });
  }

  testing::TemporaryFolder folder;
  fs::path file = folder.path() / "trusted.txt";
  ModelPackage package;
};

TEST_F(Trusted, WithoutAListEveryPackageIsLoaded) {
  EXPECT_FALSE(read_weights(package, package.weights[0]).empty());
  ::setenv(kTrustedVariable, "", 1);
  EXPECT_FALSE(read_weights(package, package.weights[0]).empty());
}

TEST_F(Trusted, APackageIsLoadedByItsDigestOrItsWeights) {
  for (const std::string& digest : {package.digest, package.weights[0].sha256}) {
    list("# hospital\n\n  " + digest + "  hippocampus-t1 1.0.0\n");
    EXPECT_FALSE(read_weights(package, package.weights[0]).empty());
  }
}

TEST_F(Trusted, WhatIsNotListedIsRefusedWithItsDigestAndTheRemedy) {
  list("");
  expect_refused(package.weights[0]);
  list(std::string(64, '0') + "\n# " + package.digest + "\n");
  expect_refused(package.weights[0]);
}

TEST_F(Trusted, ThePackagesDigestDoesNotStandForWhatLiesBesideIt) {
  WeightsFile beside = package.weights[0];
  beside.file = "compiled.pt2";
  beside.sha256 = std::string(64, '1');
  list(package.digest + "\n");
  expect_refused(beside);
}

TEST_F(Trusted, AListThatIsMissingOrDamagedIsAnError) {
  ::setenv(kTrustedVariable, (folder.path() / "nowhere").c_str(), 1);
  expect_error(ErrorCode::bad_input, "nowhere", [&] { read_weights(package, package.weights[0]); });
  for (const std::string& line : {package.digest.substr(1), "x" + package.digest.substr(1),
                                  package.digest + "0", std::string("all")}) {
    list("# one\n" + line + "\n");
    expect_error(ErrorCode::bad_input, "line 2",
                 [&] { read_weights(package, package.weights[0]); });
  }
}

TEST_F(Trusted, AListThatEveryoneMayWriteIsAnError) {
  list(package.digest + "\n");
  fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
  expect_error(ErrorCode::bad_input, "chmod", [&] { read_weights(package, package.weights[0]); });
}

}  // namespace
}  // namespace osler
