#include "dicom/pixels.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>

#include <cstring>
#include <mutex>

#include "core/error.hpp"

namespace osler::dicom {
namespace {

[[noreturn]] void refuse(const Instance& instance, const std::string& found,
                         const std::string& expected = {}, const std::string& remedy = {}) {
  throw Error(ErrorCode::bad_input, instance.file.filename().string() + ": " + found, expected,
              remedy);
}

void register_decoders() {
  static std::once_flag once;
  std::call_once(once, [] {
    DcmRLEDecoderRegistration::registerCodecs();
    DJDecoderRegistration::registerCodecs(EDC_photometricInterpretation);
    DJLSDecoderRegistration::registerCodecs();
  });
}

/// Cuts the value out at High Bit / Bits Stored and extends the sign.
template <typename T>
void cut_out_values(const PixelFormat& format, std::span<std::byte> bytes) {
  const int shift = format.high_bit + 1 - format.bits_stored;
  const auto mask = format.bits_stored >= 64 ? ~0ULL : (1ULL << format.bits_stored) - 1;
  const auto sign = 1ULL << (format.bits_stored - 1);
  auto* values = reinterpret_cast<T*>(bytes.data());
  const std::size_t count = bytes.size() / sizeof(T);
  for (std::size_t i = 0; i < count; ++i) {
    auto value = (static_cast<std::uint64_t>(values[i]) >> shift) & mask;
    if (format.is_signed && (value & sign) != 0) value |= ~mask;
    values[i] = static_cast<T>(value);
  }
}

}  // namespace

std::size_t frame_bytes(const PixelFormat& format, const Limits& limits) {
  const int bits = format.bits_allocated;
  if (format.rows <= 0 || format.columns <= 0 || format.samples_per_pixel <= 0) {
    throw Error(ErrorCode::bad_input, "image without rows, columns or samples");
  }
  if (bits != 8 && bits != 16 && bits != 32) {
    throw Error(ErrorCode::bad_input, "Bits Allocated " + std::to_string(bits), "8, 16 or 32");
  }
  if (format.bits_stored < 1 || format.bits_stored > bits || format.high_bit >= bits ||
      format.high_bit + 1 < format.bits_stored) {
    throw Error(ErrorCode::bad_input,
                "Bits Stored " + std::to_string(format.bits_stored) + ", High Bit " +
                    std::to_string(format.high_bit) + " in " + std::to_string(bits) + " bits");
  }
  const std::int64_t bytes = static_cast<std::int64_t>(format.rows) * format.columns *
                             format.samples_per_pixel * (bits / 8);
  if (bytes > limits.max_frame_bytes) {
    throw Error(ErrorCode::bad_input, "a frame of " + std::to_string(bytes) + " bytes",
                "at most " + std::to_string(limits.max_frame_bytes));
  }
  return static_cast<std::size_t>(bytes);
}

void decode_frame(const Instance& instance, std::span<std::byte> out, const Limits& limits) {
  const PixelFormat& format = instance.pixels;
  const std::size_t expected = frame_bytes(format, limits);
  if (out.size() != expected) {
    throw Error(ErrorCode::bad_argument, "decode_frame: buffer of another size than the frame");
  }
  if (format.frames != 1) refuse(instance, "multi-frame object", "a single-frame object");
  register_decoders();

  DcmFileFormat file;
  OFCondition result = file.loadFile(instance.file.c_str());
  if (result.bad()) refuse(instance, std::string("cannot be read: ") + result.text());
  DcmDataset& data = *file.getDataset();
  if (DcmXfer(data.getOriginalXfer()).isEncapsulated() &&
      data.chooseRepresentation(EXS_LittleEndianExplicit, nullptr).bad()) {
    refuse(instance, "transfer syntax " + transfer_syntax_name(instance.transfer_syntax_uid) +
                         " cannot be decoded, or the pixel data are damaged",
           "uncompressed, RLE, JPEG or JPEG-LS", "send the study uncompressed");
  }

  DcmElement* element = nullptr;
  if (data.findAndGetElement(DCM_PixelData, element).bad()) refuse(instance, "no pixel data");
  const std::size_t stored = element->getLength();
  if (stored < expected) {
    refuse(instance, "pixel data truncated: " + std::to_string(stored) + " bytes",
           std::to_string(expected) + " bytes", "send the study again");
  }
  if (format.bits_allocated == 8 && element->getVR() == EVR_OB) {
    Uint8* values = nullptr;
    result = element->getUint8Array(values);
    if (result.good() && values != nullptr) std::memcpy(out.data(), values, expected);
  } else {
    Uint16* values = nullptr;
    result = element->getUint16Array(values);
    if (result.good() && values != nullptr) std::memcpy(out.data(), values, expected);
    if (values == nullptr) result = EC_CorruptedData;
  }
  if (result.bad()) refuse(instance, std::string("pixel data cannot be read: ") + result.text());

  if (format.bits_allocated == 8) cut_out_values<std::uint8_t>(format, out);
  if (format.bits_allocated == 16) cut_out_values<std::uint16_t>(format, out);
  if (format.bits_allocated == 32) cut_out_values<std::uint32_t>(format, out);
}

std::string transfer_syntax_name(std::string_view uid) {
  const std::string key(uid);
  const DcmXfer syntax(key.c_str());
  if (syntax.getXfer() != EXS_Unknown) return syntax.getXferName();
  if (uid.starts_with("1.2.840.10008.1.2.4.20")) return "High-Throughput JPEG 2000";
  return key;
}

}  // namespace osler::dicom
