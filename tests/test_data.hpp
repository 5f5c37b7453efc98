#pragma once
// Where the test data lie. They are beside the project and may be absent: tests then skip.

#include <cstdlib>
#include <filesystem>
#include <string>

namespace osler::testing {

/// OSLER_TEST_DATA, else ../shared/data beside the project.
inline std::filesystem::path test_data() {
  const char* place = std::getenv("OSLER_TEST_DATA");
  return place != nullptr && *place != '\0'
             ? std::filesystem::path(place)
             : std::filesystem::path(PROJECT_SOURCE_DIR) / ".." / "shared" / "data";
}

/// Where the ctest fixture `real_series` has unpacked the archives of the test data.
inline std::filesystem::path unpacked_series() {
  return TEST_UNPACKED_DIR;
}

inline std::filesystem::path project_source() {
  return PROJECT_SOURCE_DIR;
}

}  // namespace osler::testing

/// In a test's body: skips it, by name, where `path` is absent.
#define OSLER_NEEDS(path, name) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs " << (name) << " of OSLER_TEST_DATA"
