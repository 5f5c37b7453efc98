#include <openjpeg.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "core/error.hpp"
#include "dicom/codecs.hpp"

namespace osler::dicom {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::bad_input, "JPEG 2000: " + what);
}

/// The codestream as OpenJPEG reads it.
struct Source {
  std::span<const std::byte> bytes;
  std::size_t position = 0;
};

OPJ_SIZE_T read_source(void* buffer, OPJ_SIZE_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  const std::size_t left = source.bytes.size() - source.position;
  if (left == 0) return static_cast<OPJ_SIZE_T>(-1);
  const std::size_t n = std::min<std::size_t>(count, left);
  std::memcpy(buffer, source.bytes.data() + source.position, n);
  source.position += n;
  return n;
}

OPJ_OFF_T skip_source(OPJ_OFF_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  const auto left = static_cast<OPJ_OFF_T>(source.bytes.size() - source.position);
  const OPJ_OFF_T n = std::clamp<OPJ_OFF_T>(count, 0, left);
  source.position += static_cast<std::size_t>(n);
  return n;
}

OPJ_BOOL seek_source(OPJ_OFF_T position, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (position < 0 || static_cast<std::size_t>(position) > source.bytes.size()) return OPJ_FALSE;
  source.position = static_cast<std::size_t>(position);
  return OPJ_TRUE;
}

using CodecPointer = std::unique_ptr<opj_codec_t, decltype(&opj_destroy_codec)>;
using StreamPointer = std::unique_ptr<opj_stream_t, decltype(&opj_stream_destroy)>;
using ImagePointer = std::unique_ptr<opj_image_t, decltype(&opj_image_destroy)>;

template <typename T>
void store(const opj_image_t& image, std::span<std::byte> out) {
  auto* values = reinterpret_cast<T*>(out.data());
  const std::size_t pixels = static_cast<std::size_t>(image.comps[0].w) * image.comps[0].h;
  for (OPJ_UINT32 c = 0; c < image.numcomps; ++c) {
    const OPJ_INT32* data = image.comps[c].data;
    for (std::size_t i = 0; i < pixels; ++i) {
      values[i * image.numcomps + c] = static_cast<T>(data[i]);
    }
  }
}

void check_image(const opj_image_t& image, const FrameFormat& format) {
  if (static_cast<int>(image.numcomps) != format.samples) fail("another number of components");
  for (OPJ_UINT32 c = 0; c < image.numcomps; ++c) {
    const opj_image_comp_t& component = image.comps[c];
    if (static_cast<int>(component.w) != format.columns ||
        static_cast<int>(component.h) != format.rows) {
      fail("image of another size than the header says");
    }
    if (static_cast<int>(component.prec) > format.bits_allocated) {
      fail("more bits than the header allocates");
    }
  }
}

}  // namespace

void decode_jpeg_2000(std::span<const std::byte> codestream, const FrameFormat& format,
                      std::span<std::byte> out) {
  // A JP2 box instead of a bare codestream is wrong in DICOM, and found.
  const bool boxed =
      codestream.size() >= 12 && codestream[4] == std::byte{'j'} && codestream[5] == std::byte{'P'};
  const CodecPointer codec(opj_create_decompress(boxed ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K),
                           &opj_destroy_codec);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  Source source{codestream, 0};
  const StreamPointer stream(
      opj_stream_create(std::max<std::size_t>(codestream.size(), 16), OPJ_TRUE),
      &opj_stream_destroy);
  opj_stream_set_read_function(stream.get(), read_source);
  opj_stream_set_skip_function(stream.get(), skip_source);
  opj_stream_set_seek_function(stream.get(), seek_source);
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), codestream.size());

  opj_image_t* raw = nullptr;
  if (opj_setup_decoder(codec.get(), &parameters) == OPJ_FALSE ||
      opj_read_header(stream.get(), codec.get(), &raw) == OPJ_FALSE) {
    if (raw != nullptr) opj_image_destroy(raw);
    fail("the header is damaged");
  }
  const ImagePointer image(raw, &opj_image_destroy);
  check_image(*image, format);  // before the decoder allocates what the codestream asks for
  // Strict mode: a truncated codestream is an error, not a blurred image.
  opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE);
  if (opj_decode(codec.get(), stream.get(), image.get()) == OPJ_FALSE ||
      opj_end_decompress(codec.get(), stream.get()) == OPJ_FALSE) {
    fail("the codestream is damaged or truncated");
  }
  check_image(*image, format);
  for (OPJ_UINT32 c = 0; c < image->numcomps; ++c) {
    if (image->comps[c].data == nullptr) fail("a component is missing");
  }
  switch (format.bits_allocated) {
    case 8:
      return store<std::uint8_t>(*image, out);
    case 16:
      return store<std::uint16_t>(*image, out);
    default:
      return store<std::uint32_t>(*image, out);
  }
}

}  // namespace osler::dicom
