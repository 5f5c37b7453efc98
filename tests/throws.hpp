#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "core/error.hpp"

namespace osler::testing {

/// The Error that `work` throws; a test failure and nothing if it throws none.
template <typename F>
std::optional<Error> error_of(F&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no osler::Error was thrown";
  return std::nullopt;
}

/// Expects an Error of this code whose text holds `word`.
template <typename F>
void expect_error(ErrorCode code, const std::string& word, F&& work) {
  const auto error = error_of(std::forward<F>(work));
  if (!error) return;
  EXPECT_EQ(to_string(error->code()), to_string(code)) << error->what();
  EXPECT_NE(std::string(error->what()).find(word), std::string::npos)
      << "'" << word << "' is not in: " << error->what();
}

}  // namespace osler::testing
