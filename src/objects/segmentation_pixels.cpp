#include "objects/segmentation_pixels.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcfcache.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "core/error.hpp"

namespace osler::objects {
namespace {

void register_decoder() {
  static std::once_flag once;
  std::call_once(once, [] { DcmRLEDecoderRegistration::registerCodecs(); });
}

}  // namespace

void fail_reading_back(const std::string& what) {
  throw Error(ErrorCode::internal, "the written segmentation does not read back: " + what, {},
              "report this as a defect; no result was written");
}

Share share_of_bits(const std::uint8_t* bytes, std::size_t first, const FrameSize& size) {
  Share share;
  const std::size_t end = first + size.pixels();
  const auto take = [&](std::size_t bit) {
    if ((bytes[bit / 8] >> (bit % 8) & 1) == 0) return;
    ++share.voxels;
    share.rows += static_cast<std::int64_t>((bit - first) / size.columns);
    share.columns += static_cast<std::int64_t>((bit - first) % size.columns);
  };
  for (std::size_t bit = first; bit < end;) {
    std::uint64_t word = 1;
    if (bit % 8 == 0 && bit + 64 <= end) std::memcpy(&word, bytes + bit / 8, sizeof word);
    if (word == 0) {
      bit += 64;
    } else {
      const std::size_t next = std::min(end, bit / 8 * 8 + 8);
      if (bit % 8 != 0 || bytes[bit / 8] != 0) {
        for (; bit < next; ++bit) take(bit);
      }
      bit = next;
    }
  }
  return share;
}

template <typename T>
void shares_of_numbers(const T* pixels, const FrameSize& size, std::vector<Share>& shares) {
  for (std::size_t r = 0; r < size.rows; ++r) {
    const T* row = pixels + r * size.columns;
    for (std::size_t c = 0; c < size.columns;) {
      std::size_t end = c + 1;
      while (end < size.columns && row[end] == row[c]) ++end;
      if (row[c] != 0) {
        if (row[c] >= shares.size()) fail_reading_back("a voxel names no segment");
        const auto n = static_cast<std::int64_t>(end - c);
        Share& share = shares[row[c]];
        share.voxels += n;
        share.rows += n * static_cast<std::int64_t>(r);
        share.columns += n * static_cast<std::int64_t>(c + end - 1) / 2;
      }
      c = end;
    }
  }
}

template void shares_of_numbers(const std::uint8_t*, const FrameSize&, std::vector<Share>&);
template void shares_of_numbers(const std::uint16_t*, const FrameSize&, std::vector<Share>&);

PixelReader::PixelReader(DcmItem& object, std::size_t frames, const FrameSize& size)
    : object_(object), size_(size), cache_(std::make_unique<DcmFileCache>()) {
  register_decoder();
  Uint16 bits = 0;
  DcmElement* element = nullptr;
  if (object.findAndGetUint16(DCM_BitsAllocated, bits).bad() ||
      object.findAndGetElement(DCM_PixelData, element).bad()) {
    fail_reading_back("no Pixel Data");
  }
  bits_ = bits;
  data_ = dynamic_cast<DcmPixelData*>(element);
  if (data_ == nullptr) fail_reading_back("no Pixel Data");
  E_TransferSyntax syntax = EXS_Unknown;
  const DcmRepresentationParameter* parameter = nullptr;
  data_->getCurrentRepresentationKey(syntax, parameter);
  compressed_ = DcmXfer(syntax).isEncapsulated();
  const std::uint64_t wanted = std::uint64_t{frames} * size.pixels() * bits;
  if (!compressed_ && std::uint64_t{data_->getLength()} * 8 < wanted) {
    fail_reading_back("Pixel Data is too short");
  }
}

PixelReader::~PixelReader() = default;

std::vector<std::uint8_t> PixelReader::bytes(std::uint64_t begin, std::uint64_t end) {
  std::vector<std::uint8_t> out(end - begin);
  if (data_
          ->getPartialValue(out.data(), static_cast<Uint32>(begin), static_cast<Uint32>(out.size()),
                            cache_.get())
          .bad()) {
    fail_reading_back("Pixel Data cannot be read");
  }
  return out;
}

std::vector<std::uint8_t> PixelReader::frame(std::size_t i) {
  const std::size_t length = size_.pixels() * static_cast<std::size_t>(bits_) / 8;
  if (!compressed_) return bytes(i * length, (i + 1) * length);
  std::vector<std::uint8_t> out(length + length % 2);
  OFString model;
  if (data_
          ->getUncompressedFrame(&object_, static_cast<Uint32>(i), fragment_, out.data(),
                                 static_cast<Uint32>(out.size()), model, cache_.get())
          .bad()) {
    fail_reading_back("a frame cannot be decoded");
  }
  return out;
}

}  // namespace osler::objects
