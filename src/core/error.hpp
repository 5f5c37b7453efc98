#pragma once
// What could not be done, said so that the reader can act: found, expected, remedy. Never holds
// anything of a patient: no names, identifiers, dates or descriptions out of a header.

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace osler {

enum class ErrorCode {
  usage,         ///< the command line is wrong (exit 2)
  bad_argument,  ///< a caller broke a contract (exit 5)
  bad_input,     ///< unreadable, truncated or unusable input (exit 3)
  model,         ///< a model package is missing, damaged or unknown (exit 3)
  device,        ///< the compute device asked for cannot be used (exit 3)
  output,        ///< results cannot be written (exit 3)
  internal,      ///< a defect of this program (exit 5)
};

/// Cannot do the job. `what()` reads "found; expected; remedy" in one line, parts left out if
/// empty.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string found, std::string expected = {}, std::string remedy = {});

  ErrorCode code() const { return code_; }
  const std::string& found() const { return found_; }
  const std::string& expected() const { return expected_; }
  const std::string& remedy() const { return remedy_; }

 private:
  ErrorCode code_;
  std::string found_;
  std::string expected_;
  std::string remedy_;
};

/// 0 ok, 2 usage, 3 bad input, 4 partly done, 5 internal.
enum ExitCode : int {
  kExitOk = 0,
  kExitUsage = 2,
  kExitBadInput = 3,
  kExitPartial = 4,
  kExitInternal = 5
};

int exit_code(ErrorCode code);

/// One line for people: an Error's own words, "out of memory" with the remedy, or "internal error"
/// with the first line of what a library says: the rest of it is a list of its functions.
std::string failure_text(const std::exception& error);

std::string first_line(std::string_view text);
std::string_view to_string(ErrorCode code);

}  // namespace osler
