#include "volume/exchange.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "volume/exchange_parts.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace exchange {
namespace {

constexpr std::size_t kLargestWrite = 1U << 30;  // zlib counts in unsigned int

}  // namespace

WholeFile::WholeFile(fs::path target, bool compress) : target_(std::move(target)) {
  const fs::path folder = target_.parent_path();
  if (!folder.empty()) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) fail(error.value());
  }
  part_ = folder / fmt::format(".{}.{}.part", target_.filename().string(), ::getpid());
  handle_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (handle_ < 0) fail(errno);
  const int own = ::fcntl(handle_, F_DUPFD_CLOEXEC, 0);
  stream_ = own < 0 ? nullptr : ::gzdopen(own, compress ? "wb" : "wbT");
  if (stream_ == nullptr) {
    const int error = errno;
    if (own >= 0) ::close(own);
    ::close(handle_);
    fs::remove(part_);
    fail(error);
  }
}

WholeFile::~WholeFile() {
  if (stream_ != nullptr) ::gzclose(stream_);
  ::close(handle_);
  std::error_code ignored;
  fs::remove(part_, ignored);  // after commit it has its other name
}

void WholeFile::fail(int error) const {
  throw Error(
      ErrorCode::output,
      fmt::format("cannot write {}: {}", target_.string(), std::strerror(error == 0 ? EIO : error)),
      {},
      error == ENOSPC || error == EDQUOT ? "free disk space, or give another --out"
                                         : "give an --out that can be written");
}

void WholeFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kLargestWrite));
    errno = 0;
    if (::gzwrite(stream_, part.data(), static_cast<unsigned>(part.size())) <= 0) fail(errno);
    bytes = bytes.subspan(part.size());
  }
}

void WholeFile::commit() {
  errno = 0;
  if (::gzclose(std::exchange(stream_, nullptr)) != Z_OK) fail(errno);
  if (::fsync(handle_) != 0 && errno != EINVAL) fail(errno);
  std::error_code error;
  fs::rename(part_, target_, error);
  if (error) fail(error.value());
}

void need_regular(const Grid& grid) {
  if (grid.is_regular()) return;
  throw Error(ErrorCode::bad_argument, "slices of uneven distances", "an even grid: make_regular");
}

std::optional<Rescale> common_rescale(const Volume& volume) {
  if (volume.slices.empty()) return Rescale{};
  const auto of = [](const SliceSource& s) { return Rescale{s.slope, s.intercept}; };
  const Rescale first = of(volume.slices.front());
  const bool same = std::all_of(volume.slices.begin(), volume.slices.end(),
                                [&](const SliceSource& s) { return of(s) == first; });
  return same ? std::optional(first) : std::nullopt;
}

std::span<const std::byte> all_voxels(const Volume& volume) {
  return {volume.voxels.get(), volume.bytes()};
}

void write_rescaled(const Volume& volume, ScalarType type, WholeFile& file) {
  const auto per_slice = static_cast<std::size_t>(volume.grid.size[0] * volume.grid.size[1]);
  with_scalar(volume.type, [&](auto stored) {
    with_scalar(type, [&](auto real) {
      std::vector<decltype(real)> out(per_slice);
      const auto* in = reinterpret_cast<const decltype(stored)*>(volume.voxels.get());
      for (const SliceSource& slice : volume.slices) {
        for (decltype(real)& value : out) {
          value = static_cast<decltype(real)>(slice.slope * *in++ + slice.intercept);
        }
        file.write(std::as_bytes(std::span(out)));
      }
    });
  });
}

void check_grid(const Grid& grid, ScalarType type, const fs::path& file,
                const dicom::Limits& limits) {
  // Divided, not multiplied: sizes out of a file may overflow.
  std::int64_t room = limits.max_volume_bytes / static_cast<std::int64_t>(bytes_of(type));
  for (const std::int64_t side : grid.size) {
    if (side < 1) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("{} has a side of {} voxels", file.string(), side), "at least one");
    }
    room /= side;
  }
  if (room < 1) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} says that it holds {} x {} x {} voxels", file.string(),
                            grid.size[0], grid.size[1], grid.size[2]),
                fmt::format("at most {} bytes", limits.max_volume_bytes));
  }
  const double volume_mm3 = grid.voxel_mm3();
  if (!std::isfinite(volume_mm3) || volume_mm3 <= 0 ||
      !std::isfinite(norm(grid.index_to_lps.origin()))) {
    throw Error(ErrorCode::bad_input, file.string() + " does not say where its voxels lie",
                "an affine that can be inverted");
  }
}

Volume empty_volume(const Grid& grid, ScalarType type, const fs::path& file,
                    const dicom::Limits& limits) {
  check_grid(grid, type, file, limits);
  Volume volume;
  volume.grid = grid;
  volume.type = type;
  volume.modality = "OT";
  volume.slices.resize(static_cast<std::size_t>(grid.size[2]));
  for (std::size_t k = 0; k < volume.slices.size(); ++k) {
    volume.slices[k].file = file;
    volume.slices[k].frame = static_cast<int>(k) + 1;
  }
  volume.voxels = std::make_unique_for_overwrite<std::byte[]>(volume.bytes());
  return volume;
}

Grid turned_round(const Grid& grid) {
  const Affine& a = grid.index_to_lps;
  const Vec3 step = a.column(2);
  const Vec3 last = a.origin() + static_cast<double>(grid.size[2] - 1) * step;
  return {grid.size, Affine::from_columns(a.column(0), a.column(1), -1.0 * step, last)};
}

namespace {

void turn_slices_round(Volume& volume) {
  volume.grid = turned_round(volume.grid);
  const std::size_t bytes = volume.bytes() / volume.slices.size();
  for (std::size_t low = 0, high = volume.slices.size() - 1; low < high; ++low, --high) {
    std::swap_ranges(volume.voxels.get() + low * bytes, volume.voxels.get() + (low + 1) * bytes,
                     volume.voxels.get() + high * bytes);
  }
  std::reverse(volume.slices.begin(), volume.slices.end());
}

}  // namespace

void make_right_handed(Volume& volume) {
  if (volume.grid.index_to_lps.determinant() < 0) turn_slices_round(volume);
}

void narrow(std::span<const double> in, std::span<std::byte> out) {
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto value = static_cast<float>(in[i]);
    std::memcpy(out.data() + i * sizeof value, &value, sizeof value);
  }
}

}  // namespace exchange

namespace {

constexpr std::string_view kNiftiEndings[] = {".nii.gz", ".nii"};
constexpr std::string_view kMetaImageEndings[] = {".mha", ".mhd"};

/// Length of the ending by which the name is known; 0 if it has none of them.
std::size_t ending_of(const std::string& name, std::span<const std::string_view> endings) {
  for (const std::string_view ending : endings) {
    if (name.ends_with(ending)) return ending.size();
  }
  return 0;
}

bool is_nifti(const fs::path& file) {
  return ending_of(file.filename().string(), kNiftiEndings) > 0;
}

void check_file(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    throw Error(ErrorCode::bad_input, file.string() + " is not there or is no file");
  }
  if (!is_exchange_name(file)) {
    throw Error(ErrorCode::bad_input, file.string() + " is named as no volume",
                ".nii, .nii.gz, .mha or .mhd");
  }
}

}  // namespace

bool is_exchange_name(const fs::path& file) {
  return is_nifti(file) || ending_of(file.filename().string(), kMetaImageEndings) > 0;
}

std::string exchange_stem(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::size_t ending = ending_of(name, kNiftiEndings) + ending_of(name, kMetaImageEndings);
  return name.substr(0, name.size() - ending);
}

std::vector<fs::path> take_exchange_files(dicom::ScanResult& scanned) {
  std::vector<fs::path> files;
  std::set<fs::path> seen;
  std::erase_if(scanned.unreadable, [&](const dicom::Unreadable& u) {
    if (u.is_dicom || !is_exchange_name(u.file)) return false;
    std::error_code error;
    if (seen.insert(fs::weakly_canonical(u.file, error)).second) {
      files.push_back(u.file);
    } else {
      ++scanned.duplicates;
    }
    return true;
  });
  return files;
}

Volume read_exchange(const fs::path& file, const dicom::Limits& limits) {
  check_file(file);
  return is_nifti(file) ? exchange::read_nifti(file, limits)
                        : exchange::read_meta_image(file, limits);
}

ExchangeHeader read_exchange_header(const fs::path& file, const dicom::Limits& limits) {
  check_file(file);
  ExchangeHeader header = is_nifti(file) ? exchange::read_nifti_header(file, limits)
                                         : exchange::read_meta_image_header(file, limits);
  if (header.grid.index_to_lps.determinant() < 0) header.grid = exchange::turned_round(header.grid);
  header.warnings.insert(
      header.warnings.begin(),
      {{"no_dicom_source",
        "the file has no DICOM header: whose image it is, and when and how it was made, is not "
        "known",
        false},
       {"intensities_unknown",
        "the file does not say whether its intensities were rescaled, filtered or masked", false}});
  return header;
}

bool is_turned_round(const Volume& volume) {
  return !volume.slices.empty() && volume.slices.front().sop_instance_uid.empty() &&
         volume.slices.front().frame > volume.slices.back().frame;
}

void restore_file_order(Volume& volume) {
  if (is_turned_round(volume)) exchange::turn_slices_round(volume);
}

}  // namespace osler
