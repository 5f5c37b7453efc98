#include "core/printable.hpp"

#include <gtest/gtest.h>

#include <string>

namespace osler {
namespace {

TEST(Printable, KeepsTextOfAnyScript) {
  EXPECT_EQ(printable("scan 1/Müller/脳.dcm"), "scan 1/Müller/脳.dcm");
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("\xF0\x9F\xA7\xA0"), "\xF0\x9F\xA7\xA0");
}

TEST(Printable, EscapesWhatCouldForgeALineOrMoveTheCursor) {
  EXPECT_EQ(printable("a\nb"), "a\\x0ab");
  EXPECT_EQ(printable("\x1B[2J\x7F"), "\\x1b[2J\\x7f");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b") << "CSI of the C1 controls";
}

// The sequences that RFC 3629 3 and 10 forbid.
TEST(Printable, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("M\xFCller"), "M\\xfcller") << "Latin-1";
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf") << "an overlong slash";
  EXPECT_EQ(printable("\xE0\x80\xAF"), "\\xe0\\x80\\xaf") << "an overlong slash";
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "over U+10FFFF";
  EXPECT_EQ(printable("\xE8\x84"), "\\xe8\\x84") << "cut off";
}

}  // namespace
}  // namespace osler
