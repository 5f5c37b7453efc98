#include <gtest/gtest.h>

#include <string>

#include "core/error.hpp"
#include "core/timings.hpp"

namespace osler {
namespace {

TEST(Error, SaysFoundExpectedAndRemedyInOneLine) {
  const Error error(ErrorCode::bad_input, "3 slices", "at least 20", "send the whole series");
  EXPECT_STREQ(error.what(), "3 slices; expected: at least 20; remedy: send the whole series");
  EXPECT_EQ(error.found(), "3 slices");
  EXPECT_EQ(error.expected(), "at least 20");
  EXPECT_EQ(error.remedy(), "send the whole series");
}

TEST(Error, LeavesOutPartsThatAreEmpty) {
  EXPECT_STREQ(Error(ErrorCode::internal, "broken").what(), "broken");
  EXPECT_STREQ(Error(ErrorCode::internal, "broken", "", "retry").what(), "broken; remedy: retry");
}

TEST(Error, StaysOneLineWhateverItIsTold) {
  const std::string text = Error(ErrorCode::model, "first\nsecond\r\nthird").what();
  EXPECT_EQ(text.find_first_of("\r\n"), std::string::npos);
}

TEST(Error, ExitCodesAreThoseOfTheHouseStyle) {
  // 0 ok, 2 usage, 3 bad input, 4 partly done, 5 internal
  EXPECT_EQ(exit_code(ErrorCode::usage), 2);
  for (const ErrorCode code :
       {ErrorCode::bad_input, ErrorCode::model, ErrorCode::device, ErrorCode::output}) {
    EXPECT_EQ(exit_code(code), 3) << to_string(code);
  }
  EXPECT_EQ(exit_code(ErrorCode::bad_argument), 5);
  EXPECT_EQ(exit_code(ErrorCode::internal), 5);
  EXPECT_EQ(kExitOk, 0);
  EXPECT_EQ(kExitPartial, 4);
}

TEST(Timings, AddUpUnderOneNameInOrderOfFirstUse) {
  Timings timings;
  timings.add("scan", 1.5);
  timings.add("infer", 10);
  timings.add("scan", 2);
  ASSERT_EQ(timings.stages_ms.size(), 2U);
  EXPECT_EQ(timings.stages_ms[0], (std::pair<std::string, double>("scan", 3.5)));
  EXPECT_EQ(timings.stages_ms[1], (std::pair<std::string, double>("infer", 10)));
}

}  // namespace
}  // namespace osler
