#include "preprocess/template.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <map>
#include <system_error>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/sha256.hpp"

namespace osler {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{256} << 20;  // 18 times Colin27's
constexpr std::int64_t kMaxSide = 4096;
constexpr std::string_view kLastKey = "ElementDataFile";

std::string remedy(const std::filesystem::path& file, std::string_view debian_package) {
  return fmt::format(
      "install the Debian package {} (./tools/setup does), then run: osler-make-template "
      "ch2.nii.gz ch2bet.nii.gz {} with the two images of that package",
      debian_package, file.string());
}

[[noreturn]] void fail_decode(std::string_view what) {
  throw Error(ErrorCode::model, fmt::format("the head template's {} cannot be understood", what),
              "an uncompressed MetaImage of two 8-bit channels",
              "make it again with osler-make-template");
}

/// Exactly N numbers separated by single blanks.
template <typename T, std::size_t N>
std::array<T, N> numbers(const std::map<std::string, std::string, std::less<>>& header,
                         std::string_view key) {
  const auto entry = header.find(key);
  if (entry == header.end()) fail_decode(key);
  const char* at = entry->second.data();
  const char* const end = at + entry->second.size();
  std::array<T, N> out{};
  for (std::size_t i = 0; i < N; ++i) {
    if (i > 0 && (at == end || *at++ != ' ')) fail_decode(key);
    const auto [next, error] = std::from_chars(at, end, out[i]);
    if (error != std::errc{}) fail_decode(key);
    at = next;
  }
  if (at != end) fail_decode(key);
  return out;
}

}  // namespace

std::string encode_template(const HeadTemplate& head) {
  const auto count = static_cast<std::size_t>(voxel_count(head.size));
  if (head.t1.size() != count || head.masks.size() != count) {
    throw Error(ErrorCode::bad_argument,
                fmt::format("a template of {} voxels with {} and {} values", count, head.t1.size(),
                            head.masks.size()));
  }
  const Affine& a = head.index_to_lps;
  const Vec3 spacing{norm(a.column(0)), norm(a.column(1)), norm(a.column(2))};
  std::string axes;  // MetaImage writes the direction of x, then y, then z
  for (int c = 0; c < 3; ++c) {
    for (int r = 0; r < 3; ++r) {
      axes += fmt::format("{}{}", axes.empty() ? "" : " ", a.column(c)[r] / spacing[c] + 0.0);
    }
  }
  std::string out = fmt::format(
      "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
      "CompressedData = False\nTransformMatrix = {}\nOffset = {} {} {}\n"
      "ElementSpacing = {} {} {}\nDimSize = {} {} {}\nElementNumberOfChannels = 2\n"
      "ElementType = MET_UCHAR\n{} = LOCAL\n",
      axes, a.origin()[0], a.origin()[1], a.origin()[2], spacing[0], spacing[1], spacing[2],
      head.size[0], head.size[1], head.size[2], kLastKey);
  const std::size_t start = out.size();
  out.resize(start + 2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    out[start + 2 * i] = static_cast<char>(head.t1[i]);
    out[start + 2 * i + 1] = static_cast<char>(head.masks[i]);
  }
  return out;
}

HeadTemplate decode_template(std::string_view bytes) {
  std::map<std::string, std::string, std::less<>> header;
  while (!header.contains(kLastKey)) {
    const std::size_t end = bytes.find('\n');
    const std::string_view line = bytes.substr(0, end);
    const std::size_t equals = line.substr(0, 200).find(" = ");
    if (end == std::string_view::npos || equals == std::string_view::npos) fail_decode("header");
    header.emplace(line.substr(0, equals), line.substr(equals + 3));
    bytes.remove_prefix(end + 1);
  }
  const auto says = [&](std::string_view key, std::string_view value) {
    const auto entry = header.find(key);
    if (entry == header.end() || entry->second != value) fail_decode(key);
  };
  says("NDims", "3");
  says("CompressedData", "False");
  says("ElementNumberOfChannels", "2");
  says("ElementType", "MET_UCHAR");
  says(kLastKey, "LOCAL");

  HeadTemplate head;
  head.size = numbers<std::int64_t, 3>(header, "DimSize");
  for (const std::int64_t side : head.size) {
    if (side < 1 || side > kMaxSide) fail_decode("DimSize");
  }
  const auto axes = numbers<double, 9>(header, "TransformMatrix");
  const auto origin = numbers<double, 3>(header, "Offset");
  const auto spacing = numbers<double, 3>(header, "ElementSpacing");
  const auto axis = [&](int c) {
    return spacing[c] * Vec3{axes[3 * c], axes[3 * c + 1], axes[3 * c + 2]};
  };
  head.index_to_lps = Affine::from_columns(axis(0), axis(1), axis(2), origin);
  if (!(std::abs(head.index_to_lps.determinant()) > 0)) fail_decode("TransformMatrix");

  const auto count = static_cast<std::size_t>(voxel_count(head.size));
  if (bytes.size() != 2 * count) fail_decode("number of voxels");
  head.t1.resize(count);
  head.masks.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    head.t1[i] = static_cast<std::uint8_t>(bytes[2 * i]);
    head.masks[i] = static_cast<std::uint8_t>(bytes[2 * i + 1]);
  }
  return head;
}

HeadTemplate read_template(const std::filesystem::path& file, std::string_view sha256,
                           std::string_view debian_package) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    throw Error(ErrorCode::model, "the head template " + file.string() + " is missing", {},
                remedy(file, debian_package));
  }
  const std::vector<std::byte> bytes = read_file(file, kMaxBytes);
  const std::string digest = sha256_hex(bytes);
  if (digest != sha256) {
    throw Error(ErrorCode::model,
                "the head template " + file.string() + " has the SHA-256 " + digest,
                std::string(sha256), remedy(file, debian_package));
  }
  return decode_template({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace osler
