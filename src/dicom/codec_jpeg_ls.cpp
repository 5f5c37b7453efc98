#include <charls/charls.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "core/error.hpp"
#include "dicom/codecs.hpp"
#include "dicom/colour.hpp"

namespace osler::dicom {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::bad_input, "JPEG-LS: " + what);
}

void decode(std::span<const std::byte> codestream, const FrameFormat& format,
            std::span<std::byte> out) {
  charls::jpegls_decoder decoder;
  decoder.source(codestream.data(), codestream.size());
  decoder.read_header();
  const charls::frame_info info = decoder.frame_info();
  if (static_cast<int>(info.width) != format.columns ||
      static_cast<int>(info.height) != format.rows || info.component_count != format.samples) {
    fail("image of another size than the header says");
  }
  const std::size_t bytes = info.bits_per_sample > 8 ? 2 : 1;
  if (static_cast<int>(bytes) * 8 != format.bits_allocated) {
    fail(std::to_string(info.bits_per_sample) + " bits where the header allocates " +
         std::to_string(format.bits_allocated));
  }
  if (format.samples == 1 || decoder.interleave_mode() != charls::interleave_mode::none) {
    decoder.decode(out.data(), out.size());
    return;
  }
  std::vector<std::byte> planes(out.size());
  decoder.decode(planes.data(), planes.size());
  interleave(planes, format.samples, bytes, out);
}

/// Some encoders leave a zero byte between the last bits and the end marker. @return its place
std::optional<std::size_t> stray_zero(std::span<const std::byte> codestream) {
  const std::byte tail[] = {std::byte{0}, std::byte{0xFF}, std::byte{0xD9}};
  const auto at = std::find_end(codestream.begin(), codestream.end(), tail, tail + 3);
  if (at == codestream.end()) return std::nullopt;
  return static_cast<std::size_t>(at - codestream.begin());
}

}  // namespace

void decode_jpeg_ls(std::span<const std::byte> codestream, const FrameFormat& format,
                    std::span<std::byte> out) {
  try {
    decode(codestream, format, out);
  } catch (const charls::jpegls_error& error) {
    const auto zero = stray_zero(codestream);
    if (error.code() != charls::jpegls_errc::jpeg_marker_start_byte_not_found || !zero) {
      fail(error.what());
    }
    std::vector<std::byte> mended(codestream.begin(), codestream.end());
    mended.erase(mended.begin() + static_cast<std::ptrdiff_t>(*zero));
    try {
      decode(mended, format, out);
    } catch (const charls::jpegls_error& again) {
      fail(again.what());
    }
  }
}

}  // namespace osler::dicom
