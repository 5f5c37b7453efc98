#include "objects/multi_frame_file.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "core/error.hpp"
#include "objects/modules.hpp"

namespace osler::objects {
namespace {

constexpr E_TransferSyntax kEncoding = EXS_LittleEndianExplicit;
constexpr std::uint32_t kUndefinedLength = 0xFFFFFFFF;
constexpr std::uint64_t kLongest = kUndefinedLength - 1;  // of an element

void put_number(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

std::string tag_bytes(const DcmTagKey& tag) {
  std::string out;
  put_number(out, tag.getGroup(), 2);
  put_number(out, tag.getElement(), 2);
  return out;
}

/// "SQ", 2 reserved bytes and 4 of length for long VRs; of an item no VR.
std::string header(const DcmTagKey& tag, const char* vr, std::uint32_t length) {
  std::string out = tag_bytes(tag);
  if (vr != nullptr) {
    out += vr;
    put_number(out, 0, 2);
  }
  put_number(out, length, 4);
  return out;
}

/// @param otherwise  where the system (errno) does not say why
[[noreturn]] void cannot_write(const std::filesystem::path& file, const std::string& otherwise) {
  const int error = errno;
  throw Error(ErrorCode::output,
              fmt::format("cannot write {}: {}", file.filename().string(),
                          error != 0 ? std::strerror(error) : otherwise),
              {}, "free disk space, or give an --out folder that can be written");
}

E_TransferSyntax syntax_of(PixelEncoding encoding) {
  return encoding == PixelEncoding::rle ? EXS_RLELossless : EXS_LittleEndianExplicit;
}

}  // namespace

EncodedItem::EncodedItem(DcmItem& item) {
  bytes_.resize(item.calcElementLength(kEncoding, EET_ExplicitLength));
  DcmOutputBufferStream stream(bytes_.data(), static_cast<offile_off_t>(bytes_.size()));
  item.transferInit();
  const OFCondition written = item.write(stream, kEncoding, EET_ExplicitLength, nullptr);
  item.transferEnd();
  void* buffer = nullptr;
  offile_off_t length = 0;
  stream.flushBuffer(buffer, length);
  if (written.bad() || static_cast<std::size_t>(length) != bytes_.size()) {
    throw Error(ErrorCode::internal, "an item cannot be encoded");
  }
}

void EncodedItem::overwrite(const DcmTagKey& tag, std::span<const std::uint8_t> value) {
  // UL and US: tag, VR, two bytes of length, value.
  constexpr std::size_t kVr = 2, kLength = 2;
  const std::string wanted = tag_bytes(tag);
  for (std::size_t at = bytes_.find(wanted); at != std::string::npos;
       at = bytes_.find(wanted, at + 1)) {
    const std::size_t begin = at + wanted.size() + kVr + kLength;
    if (begin + value.size() > bytes_.size()) break;
    const std::string_view vr(bytes_.data() + at + wanted.size(), kVr);
    const auto length = static_cast<std::uint8_t>(bytes_[begin - kLength]) |
                        static_cast<std::uint8_t>(bytes_[begin - 1]) << 8;
    if ((vr != "US" && vr != "UL") || static_cast<std::size_t>(length) != value.size()) continue;
    std::memcpy(bytes_.data() + begin, value.data(), value.size());
    return;
  }
  throw Error(ErrorCode::internal, "an encoded item lacks an element that frames differ in");
}

MultiFrameFile::MultiFrameFile(DcmFileFormat& object, std::filesystem::path file,
                               PixelEncoding encoding)
    : file_(std::move(file)) {
  errno = 0;
  const OFCondition saved = object.saveFile(file_.c_str(), syntax_of(encoding), EET_ExplicitLength,
                                            EGL_recalcGL, EPD_withoutPadding);
  if (saved.bad()) cannot_write(file_, saved.text());
  // DCMTK does not look at fclose: a full disk shows only as a file that is too short.
  const auto expected = object.calcElementLength(kEncoding, EET_ExplicitLength);
  std::error_code error;
  size_ = std::filesystem::file_size(file_, error);
  if (error || size_ < expected) cannot_write(file_, "file is too short");
  out_.open(file_, std::ios::binary | std::ios::app);
  if (!out_) cannot_write(file_, "it cannot be opened again");
}

void MultiFrameFile::put(std::string_view bytes) {
  errno = 0;
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out_) cannot_write(file_, "the disk fails");
  size_ += bytes.size();
}

void MultiFrameFile::put_header(const DcmTagKey& tag, const char* vr, std::uint32_t length) {
  put(header(tag, vr, length));
}

void MultiFrameFile::put_frame_groups(std::span<const std::string> items) {
  std::uint64_t bytes = 0;
  for (const std::string& item : items) bytes += item.size();
  if (bytes > kLongest) {
    throw Error(ErrorCode::output, "the frames of a segmentation are described in more than 4 GiB");
  }
  put_header(DCM_PerFrameFunctionalGroupsSequence, "SQ", static_cast<std::uint32_t>(bytes));
  for (const std::string& item : items) put(item);
}

void MultiFrameFile::begin_pixels(std::uint64_t bytes, bool words) {
  const std::uint64_t even = bytes + bytes % 2;
  if (even > kLongest) throw Error(ErrorCode::output, "Pixel Data would hold more than 4 GiB");
  put_header(DCM_PixelData, words ? "OW" : "OB", static_cast<std::uint32_t>(even));
  still_ = bytes;
  padded_ = even != bytes;
}

void MultiFrameFile::put_pixels(std::span<const std::uint8_t> part) {
  put({reinterpret_cast<const char*>(part.data()), part.size()});
  still_ -= part.size();
}

void MultiFrameFile::put_fragments(std::span<const std::string> frames) {
  put_header(DCM_PixelData, "OB", kUndefinedLength);
  // Basic Offset Table: where each frame's fragment begins behind the table, if 32 bits hold it.
  std::string table;
  std::uint64_t at = 0;
  for (const std::string& frame : frames) {
    put_number(table, static_cast<std::uint32_t>(at), 4);
    at += 8 + frame.size();
  }
  if (at > std::numeric_limits<std::uint32_t>::max()) table.clear();
  put_header(DCM_Item, nullptr, static_cast<std::uint32_t>(table.size()));
  put(table);
  for (const std::string& frame : frames) {
    put_header(DCM_Item, nullptr, static_cast<std::uint32_t>(frame.size()));
    put(frame);
  }
  put_header(DCM_SequenceDelimitationItem, nullptr, 0);
}

void MultiFrameFile::finish() {
  if (still_ != 0) throw Error(ErrorCode::internal, "pixel data of another length than announced");
  if (padded_) put(std::string_view("\0", 1));
  errno = 0;
  out_.close();
  std::error_code error;
  const auto size = std::filesystem::file_size(file_, error);
  if (!out_ || error || size != size_) cannot_write(file_, "file is too short");
}

void deflate_file(const std::filesystem::path& file) {
  DcmFileFormat object;
  const std::filesystem::path part = file.string() + ".part";
  errno = 0;
  OFCondition done = object.loadFile(file.c_str());
  if (done.good()) {
    done = object.saveFile(part.c_str(), EXS_DeflatedLittleEndianExplicit, EET_ExplicitLength,
                           EGL_recalcGL, EPD_withoutPadding);
  }
  std::error_code error;
  if (done.good()) std::filesystem::rename(part, file, error);
  if (done.bad() || error) {
    std::filesystem::remove(part, error);
    cannot_write(file, done.bad() ? done.text() : "the compressed file cannot be moved");
  }
}

namespace {

/// PackBits: n >= 0: n + 1 bytes as they are; n < 0: the next byte 1 - n times.
void pack_row(const std::uint8_t* row, std::int64_t columns, std::int64_t stride,
              std::string& out) {
  constexpr std::int64_t kMost = 128;
  std::int64_t literal = 0;  // first of the bytes that wait to be written as they are
  const auto flush = [&](std::int64_t end) {
    while (literal < end) {
      const std::int64_t n = std::min(kMost, end - literal);
      out.push_back(static_cast<char>(n - 1));
      for (std::int64_t i = 0; i < n; ++i)
        out.push_back(static_cast<char>(row[(literal + i) * stride]));
      literal += n;
    }
  };
  for (std::int64_t i = 0; i < columns;) {
    std::int64_t end = i + 1;
    while (end < columns && row[end * stride] == row[i * stride]) ++end;
    // A run of two inside single bytes saves nothing.
    if (end - i > 2 || (end - i == 2 && literal == i)) {
      flush(i);
      for (; i < end;) {
        const std::int64_t n = std::min(kMost, end - i);
        if (n == 1) break;  // one left over: a single byte
        out.push_back(static_cast<char>(1 - n));
        out.push_back(static_cast<char>(row[i * stride]));
        i += n;
      }
      literal = i;
    }
    i = end;
  }
  flush(columns);
}

}  // namespace

std::string rle_frame(std::span<const std::uint8_t> samples, std::int64_t columns,
                      int bytes_per_sample) {
  constexpr std::size_t kHeader = 64;
  const auto pixels = static_cast<std::int64_t>(samples.size()) / bytes_per_sample;
  std::string out;
  put_number(out, static_cast<std::uint32_t>(bytes_per_sample), 4);
  out.resize(kHeader, '\0');
  for (int segment = 0; segment < bytes_per_sample; ++segment) {
    std::string offset;
    put_number(offset, static_cast<std::uint32_t>(out.size()), 4);
    out.replace(4 * (1 + static_cast<std::size_t>(segment)), 4, offset);
    const std::uint8_t* first = samples.data() + (bytes_per_sample - 1 - segment);
    for (std::int64_t at = 0; at < pixels; at += columns) {
      pack_row(first + at * bytes_per_sample, columns, bytes_per_sample, out);
    }
    if (out.size() % 2 != 0) out.push_back('\0');
  }
  return out;
}

}  // namespace osler::objects
