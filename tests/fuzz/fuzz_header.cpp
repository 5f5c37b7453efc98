// A whole file: meta header, elements, sequences, functional groups, then where its frames lie, the
// decoding of the first, and it as a picture (palette, Modality LUT, colours). Anything but an
// osler::Error is a finding.

#include <variant>
#include <vector>

#include "core/error.hpp"
#include "dicom/header.hpp"
#include "dicom/picture.hpp"
#include "dicom/pixels.hpp"
#include "memory_file.hpp"

namespace {

/// Small, so that an input that asks for much memory is refused and does not slow down the search.
constexpr osler::dicom::Limits kLimits{
    .max_header_bytes = 1 << 20, .max_frame_bytes = 1 << 20, .max_volume_bytes = 1 << 22};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const osler::fuzz::MemoryFile file(data, size);
  const auto found = osler::dicom::read_header(file.path(), kLimits);
  const auto* instance = std::get_if<osler::dicom::Instance>(&found);
  if (instance == nullptr || !instance->has_pixel_data) return 0;
  try {
    std::vector<std::byte> frame(osler::dicom::frame_bytes(instance->pixels, kLimits));
    const osler::dicom::FrameDecoder decoder(*instance, kLimits);
    decoder.decode(0, frame);
    osler::dicom::read_picture(*instance, 0, kLimits);
    if (instance->pixels.frames > 1) decoder.decode(instance->pixels.frames - 1, frame);
  } catch (const osler::Error& error) {
    if (error.code() != osler::ErrorCode::bad_input &&
        error.code() != osler::ErrorCode::bad_argument) {
      throw;
    }
  }
  return 0;
}
