#include <gtest/gtest.h>

#include "reading/character_set.hpp"

namespace osler::reading {
namespace {

// The names of the examples of PS3.5 annexes H, I, J and K, byte for byte as they stand there.
TEST(CharacterSet, ReadsTheExamplesOfTheStandard) {
  struct Example {
    const char* declared;
    const char* bytes;
    const char* utf8;
  };
  const Example examples[] = {
      // H.3.1
      {"\\ISO 2022 IR 87",
       "Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B",
       "Yamada^Tarou=山田^太郎=やまだ^たろう"},
      // H.3.2
      {"ISO 2022 IR 13\\ISO 2022 IR 87",
       "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1B$B;3ED\x1B(J^\x1B$BB@O:\x1B(J=\x1B$B$d$^$@\x1B(J^"
       "\x1B$B$?$m$&\x1B(J",
       "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"},
      // I.2
      {"\\ISO 2022 IR 149",
       "Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7=\x1B$)C\xC8\xAB^\x1B$)C\xB1\xE6"
       "\xB5\xBF",
       "Hong^Gildong=洪^吉洞=홍^길동"},
      // J.1, J.2
      {"ISO_IR 192", "Wang^XiaoDong=\xE7\x8E\x8B^\xE5\xB0\x8F\xE6\x9D\xB1",
       "Wang^XiaoDong=王^小東"},
      {"GB18030", "Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB", "Wang^XiaoDong=王^小东"},
      // K.2
      {"\\ISO 2022 IR 58",
       "Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=", "Zhang^XiaoDong=张^小东="},
  };
  for (const Example& example : examples) {
    CharacterSet set(example.declared);
    const auto text = set.to_utf8(example.bytes, true);
    EXPECT_EQ(text.utf8, example.utf8) << example.declared;
    EXPECT_TRUE(text.whole) << example.declared;
  }
}

TEST(CharacterSet, SaysWhatItCannotRead) {
  EXPECT_FALSE(CharacterSet("").to_utf8("caf\xE9").whole);
  EXPECT_EQ(CharacterSet("").to_utf8("caf\xE9").utf8, "caf\xEF\xBF\xBD");
  EXPECT_FALSE(CharacterSet("ISO_IR 999").to_utf8("caf\xE9").whole);
  EXPECT_FALSE(CharacterSet("ISO_IR 192").to_utf8("\xC3(").whole);
  EXPECT_FALSE(CharacterSet("\\ISO 2022 IR 87").to_utf8("\x1B$B;").whole);
  EXPECT_FALSE(CharacterSet("\\ISO 2022 IR 87").to_utf8("\x1B[2J").whole);
  // UTF-8 that nothing declares is read, and that it was not declared is said.
  const auto undeclared = CharacterSet("").to_utf8("caf\xC3\xA9");
  EXPECT_EQ(undeclared.utf8, "café");
  EXPECT_FALSE(undeclared.whole);
}

TEST(CharacterSet, CodeExtensionsEndWithTheLine) {
  CharacterSet set("ISO 2022 IR 100\\ISO 2022 IR 126");
  const auto text = set.to_utf8("\x1B-F\xC4\n\xC4");  // Greek, then Latin again
  EXPECT_EQ(text.utf8, "Δ\nÄ");
  EXPECT_TRUE(text.whole);
}

TEST(CharacterSet, WritesWhatTheSetHolds) {
  EXPECT_EQ(CharacterSet("ISO_IR 100").from_utf8("Müller^Jörg"), "M\xFCller^J\xF6rg");
  EXPECT_EQ(CharacterSet("ISO_IR 192").from_utf8("山田"), "山田");
  EXPECT_EQ(CharacterSet("").from_utf8("Osler^William"), "Osler^William");
  EXPECT_FALSE(CharacterSet("").from_utf8("Müller"));
  EXPECT_FALSE(CharacterSet("ISO_IR 100").from_utf8("山田"));
  EXPECT_FALSE(CharacterSet("\\ISO 2022 IR 87").from_utf8("山田"));
}

}  // namespace
}  // namespace osler::reading
