#include "dicom/pixels.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include "core/error.hpp"
#include "dicom/codecs.hpp"
#include "dicom/colour.hpp"
#include "dicom/data_set.hpp"
#include "dicom/frame_reader.hpp"
#include "dicom/stored_values.hpp"

namespace osler::dicom {
namespace {

/// Cuts the value out at High Bit / Bits Stored and extends the sign.
template <typename T>
void cut_out_values(const PixelFormat& format, std::span<std::byte> bytes) {
  const int shift = format.high_bit + 1 - format.bits_stored;
  const auto mask = static_cast<T>((std::uint64_t{1} << format.bits_stored) - 1);
  const auto sign =
      format.is_signed ? static_cast<T>(std::uint64_t{1} << (format.bits_stored - 1)) : T{0};
  auto* values = reinterpret_cast<T*>(bytes.data());
  const std::size_t count = bytes.size() / sizeof(T);
  for (std::size_t i = 0; i < count; ++i) {
    const T value = static_cast<T>((values[i] >> shift) & mask);
    values[i] = static_cast<T>((value ^ sign) - sign);
  }
}

template <typename T>
void swap_bytes(std::span<std::byte> bytes) {
  for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i + sizeof(T)));
  }
}

void decode_native(const FrameReader& reader, const PixelFormat& p, int frame,
                   std::span<std::byte> out) {
  const auto bytes = static_cast<std::size_t>(p.bits_allocated / 8);
  const bool halved = reader.native_frame_bytes() < out.size();
  if (!halved && p.planar_configuration == 0) {
    reader.read_native(frame, out);
  } else {
    std::vector<std::byte> stored(static_cast<std::size_t>(reader.native_frame_bytes()));
    reader.read_native(frame, stored);
    if (halved) {
      expand_422(stored, bytes, out);
    } else {
      interleave(stored, p.samples_per_pixel, bytes, out);
    }
  }
  if (reader.big_endian()) {
    with_word(p.bits_allocated, [&](auto word) { swap_bytes<decltype(word)>(out); });
  }
}

void decode(const FrameReader& reader, const Instance& instance, int frame,
            std::span<std::byte> out) {
  const PixelFormat& p = instance.pixels;
  const FrameFormat format{p.rows,           p.columns,     p.samples_per_pixel,
                           p.bits_allocated, p.bits_stored, p.is_signed};
  static_assert(std::endian::native == std::endian::little);
  switch (reader.syntax().codec) {
    case Codec::none:
      return decode_native(reader, p, frame, out);
    case Codec::rle:
      return decode_rle(reader.codestream(frame), format, out);
    case Codec::jpeg:
      return decode_jpeg(reader.codestream(frame), instance, out);
    case Codec::jpeg_ls:
      return decode_jpeg_ls(reader.codestream(frame), format, out);
    case Codec::jpeg_2000:
      return decode_jpeg_2000(reader.codestream(frame), format, out);
    case Codec::deflated_frame:
      // Made for segmentations: nobody writes colours so.
      if (p.samples_per_pixel != 1) break;
      return decode_deflated(reader.codestream(frame), out);
    case Codec::other:
      break;
  }
  throw Error(ErrorCode::bad_input,
              "transfer syntax " + transfer_syntax_name(instance.transfer_syntax_uid) +
                  " cannot be decoded",
              "uncompressed, deflated, RLE, JPEG, JPEG-LS or JPEG 2000",
              "send the study uncompressed");
}

/// Native and RLE words may hold an overlay or garbage above High Bit. A codec gives whole numbers:
/// there only the sign is extended, for a lossy decoder may overshoot Bits Stored and must not
/// wrap.
void adjust(Codec codec, PixelFormat p, std::span<std::byte> out) {
  const bool words = codec == Codec::none || codec == Codec::rle || codec == Codec::deflated_frame;
  if (!words) p.high_bit = p.bits_stored - 1;
  if (p.bits_stored == p.bits_allocated || (!words && !p.is_signed)) return;
  with_word(p.bits_allocated, [&](auto word) { cut_out_values<decltype(word)>(p, out); });
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
    throw Error(ErrorCode::bad_input, "Bits Stored " + std::to_string(format.bits_stored) +
                                          ", High Bit " + std::to_string(format.high_bit) + " in " +
                                          std::to_string(bits) + " bits");
  }
  const std::int64_t bytes = static_cast<std::int64_t>(format.rows) * format.columns *
                             format.samples_per_pixel * (bits / 8);
  if (bytes > limits.max_frame_bytes) {
    throw Error(ErrorCode::bad_input, "a frame of " + std::to_string(bytes) + " bytes",
                "at most " + std::to_string(limits.max_frame_bytes));
  }
  return static_cast<std::size_t>(bytes);
}

struct FrameDecoder::State {
  const Instance& instance;
  std::size_t frame_bytes;
  FrameReader reader;
};

FrameDecoder::FrameDecoder(const Instance& instance, const Limits& limits)
    : state_(with_file_name(instance, [&] {
        return std::unique_ptr<State>(new State{instance, frame_bytes(instance.pixels, limits),
                                                FrameReader(instance, limits)});
      })) {}

FrameDecoder::~FrameDecoder() = default;
FrameDecoder::FrameDecoder(FrameDecoder&&) noexcept = default;

void FrameDecoder::check_frame(int frame) const {
  if (frame < 0 || frame >= state_->instance.pixels.frames) {
    throw Error(ErrorCode::bad_argument, "decode: no such frame");
  }
}

ColourModel FrameDecoder::colour_model(int frame) const {
  check_frame(frame);
  return with_file_name(state_->instance, [&] {
    const PixelFormat& pixels = state_->instance.pixels;
    const Codec codec = state_->reader.syntax().codec;
    const ColourModel model = header_colour_model(pixels);
    if (codec != Codec::jpeg_2000 && (pixels.photometric_interpretation == "YBR_RCT" ||
                                      pixels.photometric_interpretation == "YBR_ICT")) {
      throw Error(ErrorCode::bad_input,
                  *pixels.photometric_interpretation + " outside of JPEG 2000", "RGB or YBR_FULL");
    }
    if (codec != Codec::jpeg || pixels.samples_per_pixel != 3) return model;
    return jpeg_colour_model(state_->reader.codestream(frame), model);
  });
}

void FrameDecoder::decode(int frame, std::span<std::byte> out) const {
  check_frame(frame);
  if (out.size() != state_->frame_bytes) {
    throw Error(ErrorCode::bad_argument, "decode: a buffer of another size");
  }
  with_file_name(state_->instance, [&] {
    dicom::decode(state_->reader, state_->instance, frame, out);
    adjust(state_->reader.syntax().codec, state_->instance.pixels, out);
  });
}

void decode_frame(const Instance& instance, int frame, std::span<std::byte> out,
                  const Limits& limits) {
  FrameDecoder(instance, limits).decode(frame, out);
}

}  // namespace osler::dicom
