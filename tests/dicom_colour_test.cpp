// What the components of a JPEG are, out of its first segments. The rule is libjpeg's
// (default_decompress_parms): JFIF, then Adobe, then the components' names.

#include "dicom/colour.hpp"

#include <gtest/gtest.h>

#include <string>

namespace osler::dicom {
namespace {

std::string segment(unsigned char marker, const std::string& content) {
  const std::size_t length = content.size() + 2;
  return std::string{'\xFF', static_cast<char>(marker), static_cast<char>(length >> 8),
                     static_cast<char>(length & 0xFF)} +
         content;
}

std::string jfif() {
  return segment(0xE0, std::string("JFIF\0\1\2\0\0\1\0\1\0\0", 14));
}

std::string adobe(char transform) {
  return segment(0xEE, std::string("Adobe\0\x64\0\0\0\0", 11) + transform);
}

/// 8 bits, 1 x 1, three components.
std::string frame_header(const std::string& names, unsigned char marker = 0xC0) {
  std::string content("\x08\0\1\0\1\3", 6);
  for (const char name : names) content += std::string{name, '\x11', '\0'};
  return segment(marker, content);
}

ColourModel model_of(const std::string& segments, ColourModel header) {
  const std::string jpeg = "\xFF\xD8" + segments;
  return jpeg_colour_model(std::as_bytes(std::span(jpeg)), header);
}

constexpr ColourModel kRgb = ColourModel::rgb, kYbr = ColourModel::ybr_full;

TEST(JpegColourModel, FollowsTheHeaderWhereTheCodestreamIsSilent) {
  const std::string silent = frame_header("\1\2\3");
  EXPECT_EQ(model_of(silent, kRgb), kRgb);
  EXPECT_EQ(model_of(silent, kYbr), kYbr);
}

TEST(JpegColourModel, FollowsTheCodestreamWhereItSpeaks) {
  EXPECT_EQ(model_of(jfif() + frame_header("\1\2\3"), kRgb), kYbr);
  EXPECT_EQ(model_of(adobe(1) + frame_header("\1\2\3"), kRgb), kYbr);
  EXPECT_EQ(model_of(adobe(0) + frame_header("\1\2\3"), kYbr), kRgb);
  EXPECT_EQ(model_of(frame_header("RGB"), kYbr), kRgb);
  EXPECT_EQ(model_of(frame_header("rgb", 0xC3), kYbr), kRgb) << "lossless";
}

TEST(JpegColourModel, TakesJfifThenAdobeThenNames) {
  EXPECT_EQ(model_of(jfif() + adobe(0) + frame_header("RGB"), kRgb), kYbr);
  EXPECT_EQ(model_of(adobe(1) + frame_header("RGB"), kRgb), kYbr);
}

TEST(JpegColourModel, IgnoresSegmentsThatAreCutOrSomethingElse) {
  EXPECT_EQ(model_of(segment(0xEE, "Adobe") + frame_header("\1\2\3"), kRgb), kRgb);
  EXPECT_EQ(model_of(segment(0xE0, "JFXX") + frame_header("\1\2\3"), kRgb), kRgb);
  EXPECT_EQ(model_of(adobe(2) + frame_header("\1\2\3"), kRgb), kRgb);
  EXPECT_EQ(model_of(jfif(), kRgb), kRgb) << "no frame header";
  for (std::size_t n = 0; n < 40; ++n) {
    const std::string whole = jfif() + frame_header("RGB");
    model_of(whole.substr(0, n), kRgb);  // reads nothing past the end
  }
}

}  // namespace
}  // namespace osler::dicom
