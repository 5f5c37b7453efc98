#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/oflog/oflog.h>

#include <cstring>
#include <mutex>
#include <vector>

#include "core/error.hpp"
#include "dicom/codecs.hpp"

namespace osler::dicom {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::bad_input, "JPEG: " + what);
}

void register_decoders() {
  static std::once_flag once;
  // Colours stay as they are coded: turning YBR into RGB is the caller's, who knows what for.
  std::call_once(once, [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    DJDecoderRegistration::registerCodecs(EDC_never);
  });
}

void describe(DcmDataset& data, const Instance& instance) {
  const PixelFormat& p = instance.pixels;
  data.putAndInsertUint16(DCM_SamplesPerPixel, static_cast<Uint16>(p.samples_per_pixel));
  data.putAndInsertString(DCM_PhotometricInterpretation, p.photometric_interpretation.c_str());
  if (p.samples_per_pixel > 1) data.putAndInsertUint16(DCM_PlanarConfiguration, 0);
  data.putAndInsertUint16(DCM_Rows, static_cast<Uint16>(p.rows));
  data.putAndInsertUint16(DCM_Columns, static_cast<Uint16>(p.columns));
  data.putAndInsertUint16(DCM_BitsAllocated, static_cast<Uint16>(p.bits_allocated));
  data.putAndInsertUint16(DCM_BitsStored, static_cast<Uint16>(p.bits_stored));
  data.putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(p.high_bit));
  data.putAndInsertUint16(DCM_PixelRepresentation, p.is_signed ? 1 : 0);
}

/// DCMTK looks for the frame header marker by marker, and stays for ever at TEM (FF01), which has
/// no place before a frame header.
void refuse_endless_header(std::span<const Uint8> bytes) {
  for (std::size_t at = 0; at + 4 < bytes.size();) {
    if (bytes[at] != 0xFF) return;
    const unsigned marker = bytes[at + 1];
    if (marker == 0x01) fail("a TEM marker before the frame header");
    const bool start_of_frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (start_of_frame) return;
    const bool alone = marker <= 0xBF || (marker >= 0xD0 && marker <= 0xD9);
    at += marker == 0xFF ? 1 : alone ? 2 : 2 + (bytes[at + 2] << 8 | bytes[at + 3]);
  }
}

}  // namespace

/// DCMTK holds the three IJG libraries (8, 12 and 16 bits, lossless too). It decodes data sets, so
/// the frame is put into one of its own: nothing of the file's structure reaches it.
void decode_jpeg(std::span<const std::byte> codestream, const Instance& instance,
                 std::span<std::byte> out) {
  std::vector<Uint8> bytes(codestream.size() + codestream.size() % 2);
  std::memcpy(bytes.data(), codestream.data(), codestream.size());
  refuse_endless_header(bytes);
  register_decoders();
  const DcmXfer syntax(instance.transfer_syntax_uid.c_str());
  DcmDataset data;
  describe(data, instance);
  // Owned by the sequence, then by the element, then by the data set.
  auto* sequence = new DcmPixelSequence(DCM_PixelSequenceTag);
  sequence->insert(new DcmPixelItem(DCM_PixelItemTag));
  auto* fragment = new DcmPixelItem(DCM_PixelItemTag);
  sequence->insert(fragment);
  fragment->putUint8Array(bytes.data(), static_cast<unsigned long>(bytes.size()));
  auto* pixels = new DcmPixelData(DCM_PixelData);
  pixels->putOriginalRepresentation(syntax.getXfer(), nullptr, sequence);
  data.insert(pixels);

  if (data.chooseRepresentation(EXS_LittleEndianExplicit, nullptr).bad()) {
    fail("the codestream is damaged, or is not what the header says");
  }
  DcmElement* element = nullptr;
  data.findAndGetElement(DCM_PixelData, element);
  if (element == nullptr || element->getLength() < out.size()) {
    fail("image of another size than the header says");
  }
  Uint16* words = nullptr;
  Uint8* octets = nullptr;
  if (element->getUint16Array(words).good() && words != nullptr) {
    std::memcpy(out.data(), words, out.size());
  } else if (element->getUint8Array(octets).good() && octets != nullptr) {
    std::memcpy(out.data(), octets, out.size());
  } else {
    fail("no decoded values");
  }
}

}  // namespace osler::dicom
