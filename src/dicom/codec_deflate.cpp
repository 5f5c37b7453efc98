#include <zlib.h>

#include "core/error.hpp"
#include "dicom/codecs.hpp"

namespace osler::dicom {

void decode_deflated(std::span<const std::byte> codestream, std::span<std::byte> out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
    throw Error(ErrorCode::internal, "zlib cannot be started");
  }
  // zlib reads what next_in points to and does not write there.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(codestream.data()));
  stream.avail_in = static_cast<uInt>(codestream.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  // What is left over when `out` is full is padding to an even length.
  inflate(&stream, Z_FINISH);
  const bool full = stream.avail_out == 0;
  inflateEnd(&stream);
  if (!full) throw Error(ErrorCode::bad_input, "a deflated frame is damaged or too short");
}

}  // namespace osler::dicom
