#include <fmt/format.h>
#include <fmt/ranges.h>
#include <itkMetaImageIO.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "volume/exchange.hpp"
#include "volume/exchange_parts.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace exchange {
namespace {

// ---------------------------------------------------------------- writing

std::string_view element_type(ScalarType type) {
  switch (type) {
    case ScalarType::u8:
      return "MET_UCHAR";
    case ScalarType::i8:
      return "MET_CHAR";
    case ScalarType::u16:
      return "MET_USHORT";
    case ScalarType::i16:
      return "MET_SHORT";
    case ScalarType::u32:
      return "MET_UINT";
    case ScalarType::i32:
      return "MET_INT";
    case ScalarType::f32:
      break;
  }
  return "MET_FLOAT";
}

/// Whole numbers on the way from stored to real values make whole numbers.
bool whole_numbers(const Volume& volume) {
  return volume.type != ScalarType::f32 &&
         std::all_of(volume.slices.begin(), volume.slices.end(), [](const SliceSource& s) {
           return s.slope == std::nearbyint(s.slope) && s.intercept == std::nearbyint(s.intercept);
         });
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  template <typename T>
  bool fits() const {
    return low >= static_cast<double>(std::numeric_limits<T>::min()) &&
           high <= static_cast<double>(std::numeric_limits<T>::max());
  }
};

Range real_range(const Volume& volume) {
  const auto per_slice = static_cast<std::size_t>(volume.grid.size[0] * volume.grid.size[1]);
  return with_scalar(volume.type, [&](auto stored) {
    Range range;
    const auto* slice_voxels = reinterpret_cast<const decltype(stored)*>(volume.voxels.get());
    for (const SliceSource& slice : volume.slices) {
      const auto [low, high] = std::minmax_element(slice_voxels, slice_voxels + per_slice);
      for (const double end : {static_cast<double>(*low), static_cast<double>(*high)}) {
        range.low = std::min(range.low, slice.slope * end + slice.intercept);
        range.high = std::max(range.high, slice.slope * end + slice.intercept);
      }
      slice_voxels += per_slice;
    }
    return range;
  });
}

ScalarType type_of_real_values(const Volume& volume) {
  if (common_rescale(volume) == Rescale{}) return volume.type;
  if (!whole_numbers(volume)) return ScalarType::f32;
  const Range range = real_range(volume);
  if (range.fits<std::int16_t>()) return ScalarType::i16;
  return range.fits<std::int32_t>() ? ScalarType::i32 : ScalarType::f32;
}

std::string header_of(const Grid& grid, ScalarType type) {
  const Vec3 spacing = grid.spacing_mm();
  std::vector<double> axes;  // one after the other: the direction that each index rises in
  for (int axis = 0; axis < 3; ++axis) {
    const Vec3 unit =
        (1 / spacing[static_cast<std::size_t>(axis)]) * grid.index_to_lps.column(axis);
    axes.insert(axes.end(), unit.begin(), unit.end());
  }
  return fmt::format(
      "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
      "CompressedData = False\nTransformMatrix = {}\nOffset = {}\nCenterOfRotation = 0 0 0\n"
      "ElementSpacing = {}\nDimSize = {}\nElementType = {}\nElementDataFile = LOCAL\n",
      fmt::join(axes, " "), fmt::join(grid.index_to_lps.origin(), " "), fmt::join(spacing, " "),
      fmt::join(grid.size, " "), element_type(type));
}

// ---------------------------------------------------------------- reading

ScalarType scalar_type(itk::IOComponentEnum component, const fs::path& file) {
  switch (component) {
    case itk::IOComponentEnum::UCHAR:
      return ScalarType::u8;
    case itk::IOComponentEnum::CHAR:
      return ScalarType::i8;
    case itk::IOComponentEnum::USHORT:
      return ScalarType::u16;
    case itk::IOComponentEnum::SHORT:
      return ScalarType::i16;
    case itk::IOComponentEnum::UINT:
      return ScalarType::u32;
    case itk::IOComponentEnum::INT:
      return ScalarType::i32;
    case itk::IOComponentEnum::FLOAT:
    case itk::IOComponentEnum::DOUBLE:
      return ScalarType::f32;
    default:
      throw Error(ErrorCode::bad_input,
                  fmt::format("{} has voxels of type {}", file.string(),
                              itk::ImageIOBase::GetComponentTypeAsString(component)),
                  "integers of 8, 16 or 32 bits, or float");
  }
}

Grid grid_of(const itk::MetaImageIO& io) {
  Vec3 origin{};
  std::array<Vec3, 3> axes{};
  Grid grid;
  for (unsigned axis = 0; axis < 3; ++axis) {
    grid.size[axis] = static_cast<std::int64_t>(io.GetDimensions(axis));
    origin[axis] = io.GetOrigin(axis);
    const std::vector<double> direction = io.GetDirection(axis);
    for (std::size_t i = 0; i < 3; ++i) axes[axis][i] = direction.at(i) * io.GetSpacing(axis);
  }
  grid.index_to_lps = Affine::from_columns(axes[0], axes[1], axes[2], origin);
  return grid;
}

constexpr std::size_t kHeaderBytes = 64 << 10;  // of MetaImage: some lines of text

/// The value of "Key = value" in a header; empty if it is not there.
std::string value_of(const std::string& header, const std::string& key) {
  const auto line = ("\n" + header).find("\n" + key + " ");
  const auto equals = line == std::string::npos ? line : header.find('=', line);
  if (equals == std::string::npos) return {};
  const auto end = std::min(header.find_first_of("\r\n", equals), header.size());
  const auto start = header.find_first_not_of(" =", equals);
  return start < end ? header.substr(start, end - start) : std::string{};
}

/// MetaIO allocates as many compressed bytes as the header claims and inflates them whether or not
/// the file held them: so the file must.
void check_compressed_size(const fs::path& file) {
  std::string header(kHeaderBytes, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(header.data(), static_cast<std::streamsize>(header.size()));
  header.resize(static_cast<std::size_t>(in.gcount()));
  const std::string claimed = value_of(header, "CompressedDataSize");
  if (claimed.empty()) return;
  const std::string name = value_of(header, "ElementDataFile");
  const bool local = name == "LOCAL";
  std::error_code error;
  auto held = fs::file_size(local ? file : file.parent_path() / name, error);
  if (local) held -= std::min<std::uintmax_t>(held, header.find('\n', header.find("= LOCAL")) + 1);
  std::uintmax_t size = 0;
  const auto [end, bad] = std::from_chars(claimed.data(), claimed.data() + claimed.size(), size);
  if (error || bad != std::errc{} || size > held) {
    throw Error(ErrorCode::bad_input, file.string() + ": truncated or damaged");
  }
}

/// MetaIO prints that a file ended too early, or could not be inflated, and goes on: the end of
/// `out` is then as it was before. So a last voxel that may be so is read again over other bytes.
void read_whole(itk::MetaImageIO& io, std::span<std::byte> out, std::size_t voxel_bytes) {
  constexpr std::byte kMark{0xA5}, kOtherMark{0x5A};
  const std::span<std::byte> last = out.last(voxel_bytes);
  std::fill(last.begin(), last.end(), kMark);
  io.Read(out.data());
  if (std::find(last.begin(), last.end(), kMark) == last.end()) return;
  const std::vector<std::byte> before(last.begin(), last.end());
  std::fill(last.begin(), last.end(), kOtherMark);
  io.Read(out.data());
  if (!std::equal(before.begin(), before.end(), last.begin())) {
    throw Error(ErrorCode::bad_input, std::string(io.GetFileName()) + ": truncated or damaged");
  }
}

ScalarType open(itk::MetaImageIO& io, const fs::path& file) {
  check_compressed_size(file);
  io.SetFileName(file.string());
  io.ReadImageInformation();
  if (io.GetNumberOfDimensions() != 3 || io.GetNumberOfComponents() != 1) {
    throw Error(ErrorCode::bad_input, file.string() + " does not hold one volume",
                "three dimensions and one value a voxel");
  }
  return scalar_type(io.GetComponentType(), file);
}

Volume read_with(itk::MetaImageIO& io, const fs::path& file, const dicom::Limits& limits) {
  const ScalarType type = open(io, file);
  Volume volume = empty_volume(grid_of(io), type, file, limits);
  itk::ImageIORegion region(3);
  for (unsigned axis = 0; axis < 3; ++axis) region.SetSize(axis, io.GetDimensions(axis));
  io.SetIORegion(region);
  if (io.GetComponentType() == itk::IOComponentEnum::DOUBLE) {
    std::vector<double> values(volume.bytes() / bytes_of(type));
    read_whole(io, std::as_writable_bytes(std::span(values)), sizeof(double));
    narrow(values, {volume.voxels.get(), volume.bytes()});
  } else {
    read_whole(io, {volume.voxels.get(), volume.bytes()}, bytes_of(type));
  }
  return volume;
}

/// What ITK throws, in our words.
template <typename F>
auto guarded(const fs::path& file, F&& work) {
  try {
    return work();
  } catch (const itk::ExceptionObject&) {
    throw Error(ErrorCode::bad_input, file.string() + ": truncated or damaged, or no MetaImage");
  }
}

}  // namespace

ExchangeHeader read_meta_image_header(const fs::path& file, const dicom::Limits& limits) {
  const auto io = itk::MetaImageIO::New();
  return guarded(file, [&] {
    const ScalarType type = open(*io, file);
    const Grid grid = grid_of(*io);
    check_grid(grid, type, file, limits);
    return ExchangeHeader{
        grid,
        {{"sides_unconfirmed",
          "left and right are those of the TransformMatrix, taken as LPS; nothing in the file "
          "confirms them",
          false}},
        false};
  });
}

Volume read_meta_image(const fs::path& file, const dicom::Limits& limits) {
  const auto io = itk::MetaImageIO::New();
  return guarded(file, [&] {
    Volume volume = read_with(*io, file, limits);
    make_right_handed(volume);
    return volume;
  });
}

}  // namespace exchange

void write_meta_image(const Volume& volume, const fs::path& file) {
  exchange::need_regular(volume.grid);
  using namespace exchange;
  const ScalarType type = type_of_real_values(volume);
  WholeFile out(file, false);
  const std::string header = header_of(volume.grid, type);
  out.write(std::as_bytes(std::span(header)));
  if (common_rescale(volume) == Rescale{}) {
    out.write(all_voxels(volume));
  } else {
    write_rescaled(volume, type, out);
  }
  out.commit();
}

}  // namespace osler
