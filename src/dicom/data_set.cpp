#include "dicom/data_set.hpp"

#include <zlib.h>

#include <string_view>

#include "core/error.hpp"
#include "dicom/transfer_syntax.hpp"

namespace osler::dicom {
namespace {

constexpr std::uint64_t kPreambleBytes = 128;
constexpr char kImplicitLittleEndian[] = "1.2.840.10008.1.2";
constexpr char kExplicitLittleEndian[] = "1.2.840.10008.1.2.1";
constexpr char kExplicitBigEndian[] = "1.2.840.10008.1.2.2";

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Little-endian group number of the element at an offset; 0 past the end.
unsigned group_at(ByteSource& bytes, std::uint64_t offset) {
  if (bytes.size() < 2 || offset > bytes.size() - 2) return 0;
  const auto b = bytes.view(offset, 2);
  return static_cast<unsigned>(b[0]) | static_cast<unsigned>(b[1]) << 8;
}

bool has_vr(std::span<const std::byte> element) {
  const auto is_letter = [](std::byte b) { return b >= std::byte{'A'} && b <= std::byte{'Z'}; };
  return is_letter(element[4]) && is_letter(element[5]);
}

/// Of a data set without preamble and meta header: the transfer syntax that its first element
/// (group 0002 or 0008, whose element numbers are below 256) is written in; empty if it is none.
std::string_view bare_syntax(std::span<const std::byte> first) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned>(first[i]); };
  if ((at(0) == 2 || at(0) == 8) && at(1) == 0 && at(3) == 0) {
    return has_vr(first) ? kExplicitLittleEndian : kImplicitLittleEndian;
  }
  if (at(0) == 0 && at(1) == 8 && at(2) == 0 && has_vr(first)) return kExplicitBigEndian;
  return {};
}

/// PS3.5 A.5: a raw deflate stream from the end of the meta header to the end of the file.
std::vector<std::byte> inflate_all(ByteSource& file, std::uint64_t begin, std::int64_t limit) {
  std::vector<std::byte> packed(static_cast<std::size_t>(file.size() - begin));
  file.read(begin, packed);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
    throw Error(ErrorCode::internal, "zlib cannot be started");
  }
  std::vector<std::byte> out;
  std::vector<std::byte> block(1 << 20);
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  int state = Z_OK;
  while (state == Z_OK && static_cast<std::int64_t>(out.size()) <= limit) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.insert(out.end(), block.begin(), block.end() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (static_cast<std::int64_t>(out.size()) > limit) {
    throw Error(ErrorCode::bad_input, "inflates to more than " + std::to_string(limit) + " bytes");
  }
  if (state != Z_STREAM_END) {
    throw Error(ErrorCode::bad_input, "truncated or damaged: the deflated data set does not end");
  }
  return out;
}

}  // namespace

std::optional<DataSet> DataSet::open(const std::filesystem::path& file, const Limits& limits) {
  DataSet data;
  data.bytes_ = std::make_unique<ByteSource>(file);
  ByteSource& bytes = *data.bytes_;
  if (bytes.size() < 8) return std::nullopt;

  const bool part10 =
      bytes.size() >= kPreambleBytes + 4 && as_text(bytes.view(kPreambleBytes, 4)) == "DICM";
  std::uint64_t begin = part10 ? kPreambleBytes + 4 : 0;
  if (!part10 && bare_syntax(bytes.view(begin, 8)).empty()) return std::nullopt;

  // The meta header is Explicit VR Little Endian whatever follows (PS3.10 7.1).
  ElementReader meta(bytes, begin, bytes.size(), {true, false});
  Element e;
  // Looked at before it is read: what follows the meta header may be big endian or deflated, and
  // its first length is then no length.
  while (group_at(bytes, meta.position()) == 2 && meta.next(e)) {
    if (e.tag == 0x00020010 && e.length <= 64) {
      std::string_view uid = as_text(bytes.view(e.offset, e.length));
      while (!uid.empty() && (uid.back() == '\0' || uid.back() == ' ')) uid.remove_suffix(1);
      data.transfer_syntax_uid_ = uid;
    }
    meta.skip(e);
    begin = meta.position();
  }
  data.begin_ = begin;
  if (data.transfer_syntax_uid_.empty() && begin + 8 <= bytes.size()) {
    // Nothing names the syntax: the first element of the data set shows it.
    const auto first = bytes.view(begin, 8);
    const std::string_view shown = bare_syntax(first);
    const std::string_view by_vr = has_vr(first) ? kExplicitLittleEndian : kImplicitLittleEndian;
    data.transfer_syntax_uid_ = shown.empty() ? by_vr : shown;
  }
  const TransferSyntax& syntax = dicom::transfer_syntax(data.transfer_syntax_uid_);
  data.encoding_ = syntax.encoding;
  if (syntax.deflated) {
    data.bytes_ = std::make_unique<ByteSource>(
        inflate_all(bytes, begin, limits.max_header_bytes + limits.max_frame_bytes));
    data.begin_ = 0;
  }
  return data;
}

}  // namespace osler::dicom
