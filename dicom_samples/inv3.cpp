#include "dicom_samples/inv3.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace osler::sample {
namespace {

static_assert(std::endian::native == std::endian::little, "matrix.dat is little endian");

constexpr std::size_t kTarBlock = 512;
constexpr std::size_t kLargestMember = std::size_t{256} << 20;
constexpr std::int64_t kLargestSide = 4096;

Error unreadable(const std::string& what) {
  return {ErrorCode::bad_input, "the InVesalius project cannot be used: " + what,
          "a gzipped tar with main.plist and matrix.dat",
          "take Cranium.inv3 of Debian's invesalius-examples"};
}

using GzFile = std::unique_ptr<gzFile_s, int (*)(gzFile)>;

void read_exactly(gzFile file, char* to, std::size_t bytes) {
  if (gzread(file, to, static_cast<unsigned>(bytes)) != static_cast<int>(bytes)) {
    throw unreadable("it ends early");
  }
}

/// The wanted members of the archive by their base name. Sizes as in POSIX ustar: octal text.
std::map<std::string, std::string> read_members(const std::filesystem::path& path) {
  const GzFile file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw unreadable("it cannot be opened");
  std::map<std::string, std::string> members;
  std::array<char, kTarBlock> header{};
  while (gzread(file.get(), header.data(), kTarBlock) == static_cast<int>(kTarBlock) && header[0]) {
    const std::string_view octal(header.data() + 124, 11);
    std::size_t bytes = 0;
    const auto parsed = std::from_chars(octal.data(), octal.data() + octal.size(), bytes, 8);
    if (parsed.ec != std::errc{} || bytes > kLargestMember)
      throw unreadable("a member has no size");
    const std::string name(header.data(), strnlen(header.data(), 100));
    const std::string base = name.substr(name.rfind('/') + 1);
    const std::size_t padded = (bytes + kTarBlock - 1) / kTarBlock * kTarBlock;
    if (base == "main.plist" || base == "matrix.dat") {
      std::string content(padded, '\0');
      read_exactly(file.get(), content.data(), padded);
      content.resize(bytes);
      members.emplace(base, std::move(content));
    } else if (gzseek(file.get(), static_cast<z_off_t>(padded), SEEK_CUR) < 0) {
      throw unreadable("it ends early");
    }
  }
  return members;
}

/// The first three numbers of the <array> that follows <key>name</key>.
Vec3 three_numbers(const std::string& plist, const std::string& name) {
  std::size_t at = plist.find("<key>" + name + "</key>");
  Vec3 numbers{};
  for (double& number : numbers) {
    for (bool found = false; !found;) {
      at = plist.find('<', at == std::string::npos ? at : at + 1);
      if (at == std::string::npos) throw unreadable("main.plist lacks " + name);
      const bool is_number =
          plist.compare(at, 6, "<real>") == 0 || plist.compare(at, 9, "<integer>") == 0;
      if (!is_number) continue;
      const std::size_t begin = plist.find('>', at) + 1;
      const auto parsed =
          std::from_chars(plist.data() + begin, plist.data() + plist.size(), number);
      found = parsed.ec == std::errc{};
    }
  }
  return numbers;
}

}  // namespace

Inv3Volume read_inv3(const std::filesystem::path& path) {
  const auto members = read_members(path);
  if (!members.contains("main.plist") || !members.contains("matrix.dat")) {
    throw unreadable("main.plist or matrix.dat is missing");
  }
  const std::string& plist = members.at("main.plist");
  const std::size_t matrix = plist.find("<key>matrix</key>");
  if (matrix == std::string::npos) throw unreadable("main.plist lacks matrix");

  Inv3Volume volume;
  const Vec3 shape = three_numbers(plist.substr(matrix), "shape");  // slices, rows, columns
  volume.spacing_mm = three_numbers(plist, "spacing");
  for (int axis = 0; axis < 3; ++axis) {
    if (!(shape[axis] >= 1 && shape[axis] <= kLargestSide && volume.spacing_mm[axis] > 0)) {
      throw unreadable("its shape or spacing is out of range");
    }
    volume.size[2 - axis] = static_cast<std::int64_t>(shape[axis]);
  }
  const std::string& data = members.at("matrix.dat");
  volume.hu.resize(static_cast<std::size_t>(voxel_count(volume.size)));
  if (data.size() != volume.hu.size() * sizeof(std::int16_t)) {
    throw unreadable(fmt::format("matrix.dat holds {} bytes, {} were announced", data.size(),
                                 volume.hu.size() * sizeof(std::int16_t)));
  }
  std::memcpy(volume.hu.data(), data.data(), data.size());
  return volume;
}

}  // namespace osler::sample
