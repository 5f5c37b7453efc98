#include "dicom/colour.hpp"

#include <array>
#include <optional>
#include <string>

#include "core/error.hpp"

namespace osler::dicom {
namespace {

struct Meaning {
  std::string_view name;
  int samples;
  ColourModel model;
};

// OpenJPEG has turned YBR_RCT and YBR_ICT into RGB by the time that pixels are seen.
constexpr std::array kMeanings{
    Meaning{"MONOCHROME1", 1, ColourModel::grey},
    Meaning{"MONOCHROME2", 1, ColourModel::grey},
    Meaning{"RGB", 3, ColourModel::rgb},
    Meaning{"YBR_FULL", 3, ColourModel::ybr_full},
    Meaning{"YBR_RCT", 3, ColourModel::rgb},
    Meaning{"YBR_ICT", 3, ColourModel::rgb},
    Meaning{"YBR_FULL_422", 3, ColourModel::ybr_full},
    Meaning{"PALETTE COLOR", 1, ColourModel::palette},
};

// Named in a message; any other text out of a header is not repeated.
constexpr std::array<std::string_view, 6> kNotRead{
    "YBR_PARTIAL_420", "YBR_PARTIAL_422", "HSV", "ARGB", "CMYK", "XYB"};

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What an application segment says of the colours.
std::optional<ColourModel> told_by_segment(unsigned marker, std::string_view content) {
  if (marker == 0xE0 && content.starts_with(std::string_view("JFIF\0", 5))) {
    return ColourModel::ybr_full;
  }
  // "Adobe", a version and two words of flags, then the transform.
  if (marker == 0xEE && content.size() >= 12 && content.starts_with("Adobe")) {
    if (content[11] == 0) return ColourModel::rgb;
    if (content[11] == 1) return ColourModel::ybr_full;
  }
  return std::nullopt;
}

/// Names of the components in a frame header: precision, height, width, number, then three bytes
/// each.
bool named_rgb(std::string_view frame_header) {
  if (frame_header.size() < 15 || frame_header[5] != 3) return false;
  const std::string names{frame_header[6], frame_header[9], frame_header[12]};
  return names == "RGB" || names == "rgb";
}

}  // namespace

void interleave(std::span<const std::byte> planes, int samples, std::size_t bytes,
                std::span<std::byte> out) {
  const std::size_t n = static_cast<std::size_t>(samples);
  const std::size_t pixels = out.size() / (n * bytes);
  for (std::size_t s = 0; s < n; ++s) {
    for (std::size_t i = 0; i < pixels; ++i) {
      std::copy_n(planes.begin() + static_cast<std::ptrdiff_t>((s * pixels + i) * bytes), bytes,
                  out.begin() + static_cast<std::ptrdiff_t>((i * n + s) * bytes));
    }
  }
}

void expand_422(std::span<const std::byte> pairs, std::size_t bytes, std::span<std::byte> out) {
  static constexpr std::array<std::size_t, 6> kFrom{0, 2, 3, 1, 2, 3};
  for (std::size_t in = 0, at = 0; in < pairs.size(); in += 4 * bytes) {
    for (const std::size_t from : kFrom) {
      std::copy_n(pairs.begin() + static_cast<std::ptrdiff_t>(in + from * bytes), bytes,
                  out.begin() + static_cast<std::ptrdiff_t>(at));
      at += bytes;
    }
  }
}

ColourModel header_colour_model(const PixelFormat& format) {
  const std::string& name = format.photometric_interpretation;
  for (const Meaning& meaning : kMeanings) {
    if (meaning.name != name) continue;
    if (meaning.samples == format.samples_per_pixel) return meaning.model;
    throw Error(ErrorCode::bad_input,
                name + " with " + std::to_string(format.samples_per_pixel) + " samples per pixel",
                std::to_string(meaning.samples));
  }
  const bool known = std::find(kNotRead.begin(), kNotRead.end(), name) != kNotRead.end();
  throw Error(ErrorCode::bad_input,
              "Photometric Interpretation " + (known ? name : "that is not known"),
              "MONOCHROME1, MONOCHROME2, RGB, YBR_FULL, YBR_FULL_422, YBR_RCT, YBR_ICT or PALETTE "
              "COLOR");
}

ColourModel jpeg_colour_model(std::span<const std::byte> codestream, ColourModel header) {
  const std::string_view bytes = as_text(codestream);
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  std::optional<ColourModel> jfif, adobe;
  for (std::size_t i = 2; i + 4 <= bytes.size() && at(i) == 0xFF;) {
    const unsigned marker = at(i + 1);
    const std::size_t length = static_cast<std::size_t>(at(i + 2)) << 8 | at(i + 3);
    if (marker == 0xFF) {  // fill
      ++i;
      continue;
    }
    if (length < 2 || length > bytes.size() - i - 2) break;
    const std::string_view content = bytes.substr(i + 4, length - 2);
    if (marker == 0xE0 && !jfif) jfif = told_by_segment(marker, content);
    if (marker == 0xEE && !adobe) adobe = told_by_segment(marker, content);
    const bool frame_header =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame_header) {
      if (jfif) return *jfif;
      if (adobe) return *adobe;
      return named_rgb(content) ? ColourModel::rgb : header;
    }
    i += 2 + length;
  }
  return header;
}

}  // namespace osler::dicom
