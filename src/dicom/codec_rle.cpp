#include <cstdint>
#include <vector>

#include "core/error.hpp"
#include "dicom/codecs.hpp"

namespace osler::dicom {
namespace {

// PS3.5 annex G: a header of 16 little-endian words, the number of segments and their offsets.
constexpr std::size_t kHeaderBytes = 64;
constexpr std::uint32_t kMaxSegments = 15;

[[noreturn]] void fail(const char* what) {
  throw Error(ErrorCode::bad_input, std::string("RLE: ") + what);
}

std::uint32_t word(std::span<const std::byte> bytes, std::size_t index) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(bytes[index * 4 + i]) << (8 * i);
  }
  return value;
}

/// PackBits: every `stride`-th byte of `out` from `first` on.
void unpack(std::span<const std::byte> in, std::span<std::byte> out, std::size_t first,
            std::size_t stride) {
  std::size_t at = first;
  for (std::size_t i = 0; i < in.size() && at < out.size();) {
    const auto n = static_cast<std::int8_t>(in[i++]);
    if (n >= 0) {
      const std::size_t count = static_cast<std::size_t>(n) + 1;
      if (count > in.size() - i) fail("a literal run reaches past its segment");
      for (std::size_t k = 0; k < count && at < out.size(); ++k, at += stride) out[at] = in[i + k];
      i += count;
    } else if (n != -128) {
      if (i >= in.size()) fail("a replicate run reaches past its segment");
      const std::byte value = in[i++];
      for (int k = 0; k < 1 - n && at < out.size(); ++k, at += stride) out[at] = value;
    }
  }
  if (at < out.size()) fail("a segment gives too few bytes");
}

}  // namespace

void decode_rle(std::span<const std::byte> codestream, const FrameFormat& format,
                std::span<std::byte> out) {
  if (codestream.size() < kHeaderBytes) fail("shorter than its header");
  const auto bytes_per_sample = static_cast<std::uint32_t>(format.bits_allocated / 8);
  const std::uint32_t segments = word(codestream, 0);
  if (segments != bytes_per_sample * static_cast<std::uint32_t>(format.samples) ||
      segments > kMaxSegments) {
    fail("another number of segments than samples and their bytes");
  }
  for (std::uint32_t s = 0; s < segments; ++s) {
    const std::size_t begin = word(codestream, s + 1);
    const std::size_t end = s + 1 < segments ? word(codestream, s + 2) : codestream.size();
    if (begin < kHeaderBytes || end < begin || end > codestream.size()) {
      fail("a segment lies outside of the frame");
    }
    // Segments run from the most significant byte of the first sample down.
    const std::uint32_t sample = s / bytes_per_sample;
    const std::uint32_t byte = bytes_per_sample - 1 - s % bytes_per_sample;
    unpack(codestream.subspan(begin, end - begin), out, sample * bytes_per_sample + byte, segments);
  }
}

}  // namespace osler::dicom
