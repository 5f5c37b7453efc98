#include "dicom/character_set.hpp"

#include <gtest/gtest.h>

#include <iterator>

namespace osler::dicom {
namespace {

using namespace std::string_literals;

struct Example {
  const char* declared;
  const char* bytes;
  const char* utf8;
};

constexpr char kReplacement[] = "\xEF\xBF\xBD";

std::string read(const char* declared, std::string_view bytes, TextKind kind = TextKind::values) {
  return CharacterSet(declared).to_utf8(bytes, kind).utf8;
}

TextNotes notes(const char* declared, std::string_view bytes, TextKind kind = TextKind::values) {
  return CharacterSet(declared).to_utf8(bytes, kind).notes;
}

// The names and texts of the examples of PS3.5 annexes H, I, J and K, byte for byte as they stand
// there.
TEST(CharacterSet, ReadsTheNamesOfTheStandard) {
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
      {"GBK", "Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB", "Wang^XiaoDong=王^小东"},
      // K.2
      {"\\ISO 2022 IR 58",
       "Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=", "Zhang^XiaoDong=张^小东="},
  };
  for (const Example& example : examples) {
    const auto text = CharacterSet(example.declared).to_utf8(example.bytes, TextKind::person_name);
    EXPECT_EQ(text.utf8, example.utf8) << example.declared;
    EXPECT_FALSE(text.notes.any()) << example.declared;
  }
}

// I.3: chosen anew in every line.
TEST(CharacterSet, ReadsTheKoreanTextOfTheStandard) {
  const auto text = CharacterSet("\\ISO 2022 IR 149")
                        .to_utf8(
                            "\x1B$)CThe first line includes \xB1\xE6\xB5\xBF.\r\n"
                            "\x1B$)CThe second line includes \xB1\xE6\xB5\xBF, too.\r\n"
                            "The third line.\r\n",
                            TextKind::text);
  EXPECT_EQ(text.utf8,
            "The first line includes 길동.\r\nThe second line includes 길동, too.\r\n"
            "The third line.\r\n");
  EXPECT_FALSE(text.notes.any());
}

// A letter of each, from the code tables of ISO 8859-1 to -9, -15, TIS 620 and JIS X 0201.
TEST(CharacterSet, ReadsEveryRepertoireOfOneByte) {
  const Example examples[] = {
      {"100", "-A\xC4", "Ä"}, {"101", "-B\xA3", "Ł"}, {"109", "-C\xA6", "Ĥ"},
      {"110", "-D\xA3", "Ŗ"}, {"144", "-L\xB0", "А"}, {"127", "-G\xC7", "ا"},
      {"126", "-F\xC4", "Δ"}, {"138", "-H\xE0", "א"}, {"148", "-M\xF0", "ğ"},
      {"203", "-b\xA4", "€"}, {"166", "-T\xA1", "ก"}, {"13", ")I\xB1", "ｱ"}};
  for (const Example& example : examples) {
    const std::string number = example.declared, letter(1, std::string(example.bytes).back());
    for (const std::string& declared : {"ISO_IR " + number, "ISO 2022 IR " + number}) {
      const auto text = CharacterSet(declared).to_utf8("a" + letter);
      EXPECT_EQ(text.utf8, "a"s + example.utf8) << declared;
      EXPECT_FALSE(text.notes.any()) << declared;
    }
    const auto escaped = CharacterSet("\\ISO 2022 IR " + number).to_utf8("a\x1B"s + example.bytes);
    EXPECT_EQ(escaped.utf8, "a"s + example.utf8) << number;
    EXPECT_FALSE(escaped.notes.any()) << number;
  }
}

// U+4E02, the first of JIS X 0212, at row 16, cell 1.
TEST(CharacterSet, ReadsTheSupplementaryKanji) {
  EXPECT_EQ(read("\\ISO 2022 IR 87\\ISO 2022 IR 159", "\x1B$(D0!\x1B(B \x1B$B;3\x1B(B"), "丂 山");
}

// U+1F600 is 94 39 FC 36 in GB 18030, of which ASCII is a part.
TEST(CharacterSet, ReadsCharactersOfFourBytes) {
  EXPECT_EQ(read("GB18030", "a\x94\x39\xFC\x36z"), "a\U0001F600z");
}

// Greek by an escape sequence, Latin again behind whatever ends it (PS3.5 6.1.2.5.3).
TEST(CharacterSet, EscapesEndAtDelimiters) {
  const char* declared = "ISO 2022 IR 100\\ISO 2022 IR 126";
  for (const std::string delimiter : {"\n", "\r", "\f", "\t"}) {
    for (const TextKind kind : {TextKind::text, TextKind::values, TextKind::person_name}) {
      EXPECT_EQ(read(declared, "\x1B-F\xC4" + delimiter + "\xC4", kind), "Δ" + delimiter + "Ä");
    }
  }
  EXPECT_EQ(read(declared, "\x1B-F\xC4\\\xC4", TextKind::values), "Δ\\Ä");
  EXPECT_EQ(read(declared, "\x1B-F\xC4\\\xC4", TextKind::person_name), "Δ\\Ä");
  EXPECT_EQ(read(declared, "\x1B-F\xC4\\\xC4", TextKind::text), "Δ\\Δ");
  EXPECT_EQ(read(declared, "\x1B-F\xC4^\xC4=\x1B-F\xC4=\xC4", TextKind::person_name), "Δ^Ä=Δ=Ä");
  EXPECT_EQ(read(declared, "\x1B-F\xC4^\xC4=\xC4", TextKind::values), "Δ^Δ=Δ");
  EXPECT_EQ(read("\\ISO 2022 IR 87", "\x1B$B;3\r\nED"), "山\r\nED");
  EXPECT_FALSE(notes(declared, "\x1B-F\xC4\\\xC4").any());
}

// In JIS X 0208 U+6E96 is 3D 60 and U+79FB 30 5C, in GBK U+4E97 81 5C: they hold the delimiters of
// name groups and of values.
TEST(CharacterSet, HalvesOfCharactersDelimitNothing) {
  EXPECT_EQ(read("\\ISO 2022 IR 87", "\x1B$B=`0\\\x1B(B=x", TextKind::person_name), "準移=x");
  const CharacterSet japanese("\\ISO 2022 IR 87"), gbk("GBK"), gb18030("GB18030");
  EXPECT_EQ(japanese.split("\x1B$B=`\x1B(B=x", '=').size(), 2U);
  EXPECT_EQ(japanese.split("\x1B$B0\\\x1B(B\\x", '\\').size(), 2U);
  EXPECT_EQ(japanese.split("\x1B$B0\\\r\na\\x", '\\').size(), 2U);
  EXPECT_EQ(gbk.split("\x81\\\\x", '\\').size(), 2U);
  EXPECT_EQ(gbk.to_utf8("\x81\\\\x").utf8, "乗\\x");
  EXPECT_EQ(gb18030.split("\x95\x32\x90\x31\\x", '\\').size(), 2U);
  // What is no whole character takes no delimiter with it.
  EXPECT_EQ(gb18030.split("\xFF\\x", '\\').size(), 2U);
  EXPECT_EQ(gb18030.split("\x95\x32\\x", '\\').size(), 2U);
  EXPECT_EQ(gb18030.split("\x95", '\\').size(), 1U);
  EXPECT_EQ(CharacterSet("ISO_IR 100").split("a\\\\b", '\\').size(), 3U);
  EXPECT_EQ(CharacterSet("").split("", '\\').size(), 1U);
}

TEST(CharacterSet, SaysWhatIsNoCharacter) {
  const Example examples[] = {
      {"", "caf\xE9", "caf\xEF\xBF\xBD"},
      {"ISO_IR 192", "\xC3(", "\xEF\xBF\xBD("},
      {"ISO_IR 127", "\xA1z", "\xEF\xBF\xBDz"},                  // ISO 8859-6 has gaps
      {"ISO_IR 100", "\x93z\x94", "\xEF\xBF\xBDz\xEF\xBF\xBD"},  // quotes of Windows-1252
      {"ISO_IR 166", "\xA0z", "\xEF\xBF\xBDz"},                  // TIS 620 begins at A1
      {"ISO_IR 13", "\xE0z", "\xEF\xBF\xBDz"},                   // katakana ends at DF
      {"GB18030", "\xFFz", "\xEF\xBF\xBDz"},
      {"\\ISO 2022 IR 87", "\x1B$B;", "\xEF\xBF\xBD"},                     // half of one
      {"\\ISO 2022 IR 87", "\x1B$B;3/~ED\x1B(B", "山\xEF\xBF\xBD田"},      // row 15 is empty
      {"\\ISO 2022 IR 149", "\x1B$)C\xC9\xA1\xB1\xE6", "\xEF\xBF\xBD길"},  // so is row 41
  };
  for (const Example& example : examples) {
    const auto text = CharacterSet(example.declared).to_utf8(example.bytes);
    EXPECT_EQ(text.utf8, example.utf8) << example.declared;
    EXPECT_TRUE(text.notes.replaced) << example.declared;
  }
}

TEST(CharacterSet, SaysWhatWasNotDeclared) {
  // UTF-8 where ASCII is declared.
  EXPECT_EQ(read("", "caf\xC3\xA9"), "café");
  EXPECT_TRUE(notes("", "caf\xC3\xA9").undeclared);
  EXPECT_FALSE(notes("", "caf\xC3\xA9").replaced);
  EXPECT_FALSE(notes("", "cafe").any());
  // A set that an escape sequence chooses and no term names; the Japanese likeness of ASCII, which
  // comes with ISO-IR 13, is chosen by many.
  EXPECT_EQ(read("ISO_IR 100", "\x1B$B;3\x1B(B\xC4"), "山Ä");
  EXPECT_TRUE(notes("ISO_IR 100", "\x1B$B;3\x1B(B").undeclared);
  EXPECT_FALSE(notes("\\ISO 2022 IR 87", "\x1B$B;3\x1B(J").any());
  // Not chosen again behind a delimiter.
  EXPECT_EQ(read("\\ISO 2022 IR 149", "\x1B$)C\xB1\xE6^\xB5\xBF", TextKind::person_name), "길^동");
  EXPECT_TRUE(
      notes("\\ISO 2022 IR 149", "\x1B$)C\xB1\xE6^\xB5\xBF", TextKind::person_name).undeclared);
}

TEST(CharacterSet, KeepsEscapesThatChooseNothing) {
  for (const char* declared : {"", "ISO_IR 100", "\\ISO 2022 IR 87", "ISO_IR 192", "GB18030"}) {
    EXPECT_EQ(read(declared, "a\x1B[2Jb\x1B"), "a\x1B[2Jb\x1B") << declared;
    EXPECT_TRUE(notes(declared, "a\x1B[2J").unknown_escape) << declared;
  }
}

TEST(CharacterSet, ReadsMisspeltTermsAndSaysSo) {
  for (const char* declared : {"ISO-IR 100", "ISO IR 100", "iso_ir 100", "ISO 2022-IR 100",
                               "ISO_2022_IR_100", "ISO_IR_100"}) {
    EXPECT_EQ(read(declared, "caf\xE9"), "café") << declared;
    EXPECT_TRUE(notes(declared, "caf\xE9").unknown_term) << declared;
    EXPECT_FALSE(notes(declared, "cafe").any()) << declared;
  }
  EXPECT_EQ(read("UTF-8", "caf\xC3\xA9"), "café");
  EXPECT_EQ(read("gb18030", "\xCD\xF5"), "王");
  for (const char* declared : {"UTF-8", "gb18030"}) {
    EXPECT_TRUE(notes(declared, "\xC3\xA9").unknown_term) << declared;
    EXPECT_FALSE(notes(declared, "e").any()) << declared;
  }
  EXPECT_EQ(read("ISO_IR 999", "caf\xC3\xA9"), "café");
  EXPECT_TRUE(notes("ISO_IR 999", "caf\xC3\xA9").unknown_term);
  EXPECT_EQ(read("ISO_IR 999", "caf\xE9"), "caf"s + kReplacement);
  EXPECT_TRUE(notes("ISO_IR 999", "caf\xE9").replaced);
  EXPECT_EQ(read("\\ISO_IR 87", "\x1B$B;3\x1B(B"), "山");
}

// UTF-8 and GB 18030 allow no code extensions (PS3.5 6.1.2.5.4).
TEST(CharacterSet, TermsThatStandAloneDo) {
  EXPECT_EQ(read("ISO_IR 192\\ISO 2022 IR 126", "\xC3\xA9\x1B-F"), "é\x1B-F");
  EXPECT_EQ(read("ISO 2022 IR 100\\ISO_IR 192", "\xE9"), "é");
  EXPECT_TRUE(notes("ISO 2022 IR 100\\ISO_IR 192", "\xE9").unknown_term);
}

TEST(CharacterSet, DeclarationsMayBeAnyBytes) {
  std::string many = "ISO 2022 IR 100";
  for (int i = 0; i < 10000; ++i) many += "\\ISO 2022 IR 126";
  EXPECT_EQ(CharacterSet(many).to_utf8("\xC4\x1B-F\xC4").utf8, "ÄΔ");
  EXPECT_EQ(CharacterSet("\\\\\\ \0\\"s).to_utf8("a").utf8, "a");
  EXPECT_EQ(CharacterSet(" ISO_IR 100 ").declared(), "ISO_IR 100");
}

TEST(CharacterSet, NotesHaveWords) {
  EXPECT_EQ(words_of({}), "");
  TextNotes all{true, true, true, true};
  EXPECT_NE(words_of(all).find("no characters"), std::string::npos);
  EXPECT_NE(words_of(all).find("not declared"), std::string::npos);
  EXPECT_NE(words_of(all).find("escape sequence"), std::string::npos);
  EXPECT_NE(words_of(all).find("no defined term"), std::string::npos);
}

TEST(CharacterSet, WritesWhatTheSetHolds) {
  EXPECT_EQ(CharacterSet("ISO_IR 100").from_utf8("Müller^Jörg"), "M\xFCller^J\xF6rg");
  EXPECT_EQ(CharacterSet("ISO 2022 IR 100\\ISO 2022 IR 87").from_utf8("Müller"), "M\xFCller");
  EXPECT_EQ(CharacterSet("ISO_IR 192").from_utf8("山田"), "山田");
  EXPECT_EQ(CharacterSet("GBK").from_utf8("王"), "\xCD\xF5");
  EXPECT_EQ(CharacterSet("GB18030").from_utf8("\U0001F600"), "\x94\x39\xFC\x36");
  EXPECT_EQ(CharacterSet("").from_utf8("Osler^William"), "Osler^William");
  EXPECT_FALSE(CharacterSet("").from_utf8("Müller"));
  EXPECT_FALSE(CharacterSet("ISO_IR 100").from_utf8("山田"));
  EXPECT_FALSE(CharacterSet("GBK").from_utf8("\U0001F600"));
  EXPECT_FALSE(CharacterSet("\\ISO 2022 IR 87").from_utf8("山田"));
  EXPECT_FALSE(CharacterSet("ISO_IR 999").from_utf8("Müller"));
  EXPECT_FALSE(CharacterSet("ISO_IR 192").from_utf8("\xC3("));
  EXPECT_FALSE(CharacterSet("ISO_IR 192").from_utf8("\x1B$B;3"));
}

}  // namespace
}  // namespace osler::dicom
