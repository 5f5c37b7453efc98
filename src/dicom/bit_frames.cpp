#include "dicom/bit_frames.hpp"

#include <string>
#include <vector>

#include "core/error.hpp"
#include "dicom/codecs.hpp"
#include "dicom/data_set.hpp"
#include "dicom/frame_reader.hpp"
#include "dicom/pixels.hpp"

namespace osler::dicom {
namespace {

/// Bit `first` of the bytes and those after it, least significant first.
void unpack(std::span<const std::byte> packed, std::size_t first, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t bit = first + i;
    out[i] = static_cast<std::uint8_t>(static_cast<unsigned>(packed[bit / 8]) >> (bit % 8) & 1U);
  }
}

std::uint64_t pixels_of(const PixelFormat& p, const Limits& limits) {
  if (p.bits_allocated != 1 || p.samples_per_pixel != 1) {
    throw Error(ErrorCode::bad_input, "not one bit a pixel");
  }
  PixelFormat as_bytes = p;
  as_bytes.bits_allocated = as_bytes.bits_stored = 8;
  as_bytes.high_bit = 7;
  return frame_bytes(as_bytes, limits);
}

}  // namespace

struct BitFrames::State {
  const Instance& instance;
  std::uint64_t pixels;  // of a frame
  FrameReader reader;

  void decode(int frame, std::span<std::uint8_t> out) const;
};

BitFrames::BitFrames(const Instance& instance, const Limits& limits)
    : state_(with_file_name(instance, [&] {
        const std::uint64_t pixels = pixels_of(instance.pixels, limits);
        return std::unique_ptr<State>(new State{instance, pixels, FrameReader(instance, limits)});
      })) {}

BitFrames::~BitFrames() = default;
BitFrames::BitFrames(BitFrames&&) noexcept = default;

void BitFrames::State::decode(int frame, std::span<std::uint8_t> out) const {
  const FrameFormat bytes{instance.pixels.rows, instance.pixels.columns, 1, 8, 8, false};
  std::vector<std::byte> packed((out.size() + 7) / 8);
  switch (reader.syntax().codec) {
    case Codec::none: {
      const std::uint64_t first = static_cast<std::uint64_t>(frame) * pixels;
      const std::uint64_t from = first / 8, to = (first + pixels + 7) / 8;
      packed.resize(static_cast<std::size_t>(to - from));
      reader.read_native_bytes(from, packed);
      return unpack(packed, static_cast<std::size_t>(first % 8), out);
    }
    case Codec::rle:
      decode_rle(reader.codestream(frame), bytes, packed);
      return unpack(packed, 0, out);
    case Codec::deflated_frame:
      decode_deflated(reader.codestream(frame), packed);
      return unpack(packed, 0, out);
    case Codec::jpeg_2000:
      decode_jpeg_2000(reader.codestream(frame), bytes, std::as_writable_bytes(out));
      for (std::uint8_t& pixel : out) pixel = pixel != 0 ? 1 : 0;
      return;
    default:
      throw Error(ErrorCode::bad_input,
                  "transfer syntax " + transfer_syntax_name(instance.transfer_syntax_uid) +
                      " of one bit a pixel cannot be decoded",
                  "uncompressed, RLE, deflated frames or JPEG 2000", "send it uncompressed");
  }
}

void BitFrames::decode(int frame, std::span<std::uint8_t> out) const {
  if (frame < 0 || frame >= state_->instance.pixels.frames || out.size() != state_->pixels) {
    throw Error(ErrorCode::bad_argument, "no such frame, or a buffer of another size");
  }
  with_file_name(state_->instance, [&] { state_->decode(frame, out); });
}

}  // namespace osler::dicom
