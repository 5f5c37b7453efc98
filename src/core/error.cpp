#include "core/error.hpp"

#include <new>
#include <utility>

namespace osler {
namespace {

std::string one_line(const std::string& found, const std::string& expected,
                     const std::string& remedy) {
  std::string text = found;
  if (!expected.empty()) text += "; expected: " + expected;
  if (!remedy.empty()) text += "; remedy: " + remedy;
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

}  // namespace

Error::Error(ErrorCode code, std::string found, std::string expected, std::string remedy)
    : std::runtime_error(one_line(found, expected, remedy)),
      code_(code),
      found_(std::move(found)),
      expected_(std::move(expected)),
      remedy_(std::move(remedy)) {}

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return kExitUsage;
    case ErrorCode::bad_input:
    case ErrorCode::model:
    case ErrorCode::device:
    case ErrorCode::output:
      return kExitBadInput;
    case ErrorCode::bad_argument:
    case ErrorCode::internal:
      return kExitInternal;
  }
  return kExitInternal;
}

std::string failure_text(const std::exception& error) {
  if (dynamic_cast<const Error*>(&error) != nullptr) return error.what();
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return "out of memory; remedy: give fewer or smaller series at once";
  }
  return "internal error: " + first_line(error.what()) + "; this is a defect, please report it";
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::bad_argument:
      return "bad_argument";
    case ErrorCode::bad_input:
      return "bad_input";
    case ErrorCode::model:
      return "model";
    case ErrorCode::device:
      return "device";
    case ErrorCode::output:
      return "output";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace osler
