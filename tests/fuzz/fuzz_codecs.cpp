// One codestream: the first byte chooses the codec, the next six are what the header says of the
// image, the rest is the codestream, or the data of a segmented palette. Anything but Error
// bad_input is a finding.

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "dicom/codecs.hpp"
#include "dicom/colour.hpp"
#include "dicom/lookup_table.hpp"
#include "fuzz_bytes.hpp"

namespace {

using osler::dicom::FrameFormat;
using osler::dicom::Instance;

constexpr int kMaxSide = 64;
constexpr std::array kJpegSyntaxes{"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",
                                   "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"};

Instance jpeg_instance(const FrameFormat& format, int syntax) {
  Instance instance;
  instance.transfer_syntax_uid = kJpegSyntaxes.at(static_cast<std::size_t>(syntax));
  instance.pixels.rows = format.rows;
  instance.pixels.columns = format.columns;
  instance.pixels.samples_per_pixel = format.samples;
  instance.pixels.bits_allocated = format.bits_allocated;
  instance.pixels.bits_stored = format.bits_stored;
  instance.pixels.high_bit = format.bits_stored - 1;
  instance.pixels.is_signed = format.is_signed;
  instance.pixels.photometric_interpretation = format.samples == 1 ? "MONOCHROME2" : "RGB";
  return instance;
}

/// Bytes of an 8-bit palette, which are as good as words.
void expand(std::span<const std::byte> bytes, std::size_t entries) {
  std::vector<std::uint16_t> data;
  for (const std::byte b : bytes) data.push_back(static_cast<std::uint16_t>(b));
  if (osler::dicom::expand_segments(data, entries).size() != entries) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8) return 0;
  osler::fuzz::Bytes bytes(data, size);
  const int codec = bytes.below(8);  // 3 to 6: JPEG, in its four syntaxes; 7: a palette
  FrameFormat format;
  format.rows = 1 + bytes.below(kMaxSide);
  format.columns = 1 + bytes.below(kMaxSide);
  format.samples = bytes.flag() ? 3 : 1;
  format.bits_allocated = 8 << bytes.below(3);
  format.bits_stored = 1 + bytes.below(format.bits_allocated);
  format.is_signed = bytes.flag();
  // Exactly as large as it is said to be, so that one byte too many is seen.
  std::vector<std::byte> out(static_cast<std::size_t>(format.rows * format.columns *
                                                      format.samples * format.bits_allocated / 8));
  try {
    switch (codec) {
      case 0:
        osler::dicom::decode_rle(bytes.rest(), format, out);
        break;
      case 1:
        osler::dicom::decode_jpeg_ls(bytes.rest(), format, out);
        break;
      case 2:
        osler::dicom::decode_jpeg_2000(bytes.rest(), format, out);
        break;
      case 7:
        expand(bytes.rest(), static_cast<std::size_t>(format.rows * format.columns));
        break;
      default:
        osler::dicom::jpeg_colour_model(bytes.rest(), osler::dicom::ColourModel::rgb);
        osler::dicom::decode_jpeg(bytes.rest(), jpeg_instance(format, codec - 3), out);
    }
  } catch (const osler::Error& error) {
    if (error.code() != osler::ErrorCode::bad_input) throw;
  }
  return 0;
}
