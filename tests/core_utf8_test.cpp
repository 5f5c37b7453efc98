#include "core/utf8.hpp"

#include <gtest/gtest.h>

namespace osler {
namespace {

TEST(Utf8, CharactersOfOneToFourBytes) {
  EXPECT_EQ(utf8_front("A").code, U'A');
  EXPECT_EQ(utf8_front("\xC3\xBC").code, U'\u00FC');
  EXPECT_EQ(utf8_front("\xE5\xB1\xB1").code, U'\u5C71');
  EXPECT_EQ(utf8_front("\xF0\x9F\x98\x80").bytes, 4U);
}

// RFC 3629, sections 3 and 10.
TEST(Utf8, RefusesWhatIsNone) {
  for (const char* text : {"\x80", "\xC0\x80", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                           "\xF8\x88\x80\x80", "\xC3", "\xE5\xB1"}) {
    EXPECT_EQ(utf8_front(text).bytes, 0U);
  }
}

TEST(Utf8, ByteThatIsNoneIsReplaced) {
  EXPECT_EQ(valid_utf8("a\xFF\xC3\xBC\xE5\xB1"), "a\uFFFD\u00FC\uFFFD\uFFFD");
}

TEST(Utf8, OneLineHasNoControlCharacters) {
  EXPECT_EQ(one_line(" a\r\n\tb\x01\x7F\xC2\x85 <script>\x1B[2J "), "a   b <script>[2J");
  EXPECT_EQ(one_line("\n \x02"), "");
}

}  // namespace
}  // namespace osler
