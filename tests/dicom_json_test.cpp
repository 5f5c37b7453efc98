#include "dicom/dicom_json.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/error.hpp"
#include "core/json.hpp"
#include "dicom/json_values.hpp"
#include "temporary_folder.hpp"

namespace osler::dicom {
namespace {

using std::string_literals::operator""s;

/// One element in Explicit VR Little Endian; `bytes` of even length.
std::string element(unsigned group, unsigned number, const std::string& vr, std::string bytes) {
  const auto u16 = [](std::size_t v) {
    return std::string{static_cast<char>(v & 0xFF), static_cast<char>(v >> 8 & 0xFF)};
  };
  std::string head = u16(group) + u16(number) + vr;
  if (vr == "OB" || vr == "OW" || vr == "SQ" || vr == "UN" || vr == "UT") {
    head += "\0\0"s + u16(bytes.size() & 0xFFFF) + u16(bytes.size() >> 16);
  } else {
    head += u16(bytes.size());
  }
  return head + bytes;
}

struct Written {
  Json json;
  DicomJsonSummary summary;
};

Written written(const std::string& data_set, const DicomJsonOptions& options = {}) {
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "object.dcm";
  std::ofstream(file, std::ios::binary)
      << std::string(128, '\0') << "DICM" << element(2, 0x10, "UI", "1.2.840.10008.1.2.1\0"s)
      << data_set;
  std::ostringstream out;
  Written result;
  result.summary = write_dicom_json(file, out, options);
  result.json = Json::parse(out.str());
  return result;
}

// PS3.18 F.2: the forms of values, worked out by hand.
TEST(DicomJson, ValuesOfEveryForm) {
  const Json json =
      written(element(8, 8, "CS", "A\\\\B ") + element(8, 0x90, "PN", "") +
              element(0x10, 0x10, "PN", "A^B==C ") + element(0x18, 0x50, "DS", "+01.50") +
              element(0x20, 0x13, "IS", "x1") + element(0x28, 9, "AT", "\x18\x00\x63\x10"s) +
              element(0x28, 0x10, "US", "\x02\x01"s) + element(0x28, 0x106, "SS", "\xFD\xFF"s) +
              element(0x48, 1, "FL", "\0\0\xC0\x7F"s))
          .json;
  EXPECT_EQ(json.dump(),
            R"({"00080008":{"vr":"CS","Value":["A",null,"B"]},"00080090":{"vr":"PN"},)"
            R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B","Phonetic":"C"}]},)"
            R"("00180050":{"vr":"DS","Value":[1.5]},"00200013":{"vr":"IS","Value":["x1"]},)"
            R"("00280009":{"vr":"AT","Value":["00181063"]},"00280010":{"vr":"US","Value":[258]},)"
            R"("00280106":{"vr":"SS","Value":[-3]},"00480001":{"vr":"FL","Value":["NaN"]}})");
}

TEST(DicomJson, NumbersKeepTheirDigits) {
  EXPECT_EQ(json_number_of("1.10"), "1.10");
  EXPECT_EQ(json_number_of("-007"), "-7");
  EXPECT_EQ(json_number_of(".5"), "0.5");
  EXPECT_EQ(json_number_of("5."), "5");
  EXPECT_EQ(json_number_of("+1E+05"), "1e+05");
  for (const char* none : {"", ".", "-", "1e", "1 2", "0x1", "nan", "1,5"}) {
    EXPECT_EQ(json_number_of(none), "") << none;
  }
}

TEST(DicomJson, IntegersBeyondTwoToTheFiftyThirdAreText) {
  const std::string bytes = "\0\0\0\0\0\0\0\x80\x05\0\0\0\0\0\0\0"s;
  EXPECT_EQ(json_binary_values("UV", std::as_bytes(std::span(bytes)), false),
            "\"9223372036854775808\",5");
  EXPECT_EQ(json_binary_values("SV", std::as_bytes(std::span(bytes)), false),
            "\"-9223372036854775808\",5");
}

TEST(DicomJson, HostileTextStaysText) {
  const Json json = written(element(0x10, 0x10, "PN", "<script>\"\x01\x1B[2J^\xFF\xFE")).json;
  EXPECT_EQ(json["00100010"]["Value"][0]["Alphabetic"], "<script>\"\x01\x1B[2J^\uFFFD\uFFFD");
}

// In JIS X 0208 U+6E96 is 0x3D60 and U+79FB 0x305C (Python's iso2022_jp): they hold the delimiters
// of name groups and of values.
TEST(DicomJson, DelimitersInsideOfKanjiAreNone) {
  const Json json = written(element(8, 5, "CS", "\\ISO 2022 IR 87 ") +
                            element(0x10, 0x10, "PN", "Jun=\x1B$B=`\x1B(B^\x1B$B\x30\x5C\x1B(B "))
                        .json;
  EXPECT_EQ(json["00080005"]["Value"][0], "ISO_IR 192");
  EXPECT_EQ(json["00100010"]["Value"].size(), 1U);
  EXPECT_EQ(json["00100010"]["Value"][0]["Ideographic"], "\u6E96^\u79FB");
}

TEST(DicomJson, OddTextsAreNamed) {
  const auto summary =
      written(element(8, 5, "CS", "ISO_IR 100") + element(8, 0x60, "CS", "M\xC4") +
              element(8, 0x1030, "LO", "good\xC4\\bad\x93 ") + element(0x10, 0x10, "PN", "Osler"))
          .summary;
  ASSERT_EQ(summary.odd_texts.size(), 2U);
  EXPECT_EQ(summary.odd_texts[0].path,
            "00080060");  // of a CS the set is ASCII, whatever is declared
  EXPECT_EQ(summary.odd_texts[1].path, "00081030");
  EXPECT_TRUE(summary.odd_texts[1].notes.replaced);
  EXPECT_FALSE(summary.odd_texts[1].notes.undeclared);
}

TEST(DicomJson, LongBinaryIsBulkDataAndSaidSo) {
  const std::string pixels(100, 'x');
  const std::string data_set = element(0x7FE0, 0x10, "OW", pixels);
  DicomJsonOptions options;
  options.max_inline_bytes = 99;
  const Written left_out = written(data_set, options);
  EXPECT_EQ(left_out.json["7FE00010"].dump(), R"({"vr":"OW"})");
  ASSERT_EQ(left_out.summary.bulk_data.size(), 1U);
  EXPECT_EQ(left_out.summary.bulk_data[0].path, "7FE00010");
  EXPECT_EQ(left_out.summary.bulk_data[0].bytes, 100U);
  options.bulk_data_base = "bulk";
  EXPECT_EQ(written(data_set, options).json["7FE00010"]["BulkDataURI"], "bulk/7FE00010");
  options.max_inline_bytes = 100;
  EXPECT_TRUE(written(data_set, options).json["7FE00010"].contains("InlineBinary"));
}

TEST(DicomJson, RepeatedAttributeIsWrittenOnceAndSaidSo) {
  const Written result =
      written(element(0x10, 0x20, "LO", "first ") + element(0x10, 0x20, "LO", "second"));
  EXPECT_EQ(result.json["00100020"]["Value"][0], "first");
  EXPECT_EQ(result.summary.repeated_paths, std::vector<std::string>{"00100020"});
}

TEST(DicomJson, NestingHasALimit) {
  const auto nested = [](int levels) {
    std::string data_set = element(8, 0x1155, "UI", "1.2\0"s);
    for (int i = 0; i < levels; ++i) {
      const auto u32 = [](std::size_t v) {
        return std::string{static_cast<char>(v & 0xFF), static_cast<char>(v >> 8 & 0xFF),
                           static_cast<char>(v >> 16 & 0xFF), static_cast<char>(v >> 24)};
      };
      data_set = element(8, 0x1199, "SQ", "\xFE\xFF\0\xE0"s + u32(data_set.size()) + data_set);
    }
    return data_set;
  };
  EXPECT_NO_THROW(written(nested(64)));
  EXPECT_THROW(written(nested(65)), Error);
  EXPECT_THROW(written(nested(1000)), Error);
}

TEST(DicomJson, TruncatedFileIsRefused) {
  std::string data_set = element(0x7FE0, 0x10, "OW", std::string(100, 'x'));
  data_set.resize(50);
  EXPECT_THROW(written(data_set), Error);
}

}  // namespace
}  // namespace osler::dicom
