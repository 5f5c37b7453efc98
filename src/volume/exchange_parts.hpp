#pragma once
// What NIfTI and MetaImage share. Inside the room only.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dicom/scan.hpp"
#include "volume/exchange.hpp"
#include "volume/volume.hpp"

struct gzFile_s;

namespace osler::exchange {

/// A file that appears under its name when `commit` is called, or not at all: written beside it
/// under a hidden name, flushed to the disk, renamed.
class WholeFile {
 public:
  /// @throws Error output
  WholeFile(std::filesystem::path target, bool compress);
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  /// @throws Error output (no space, not permitted)
  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path target_;
  std::filesystem::path part_;
  int handle_ = -1;  ///< of its own, to flush by: zlib closes the one it was given
  gzFile_s* stream_ = nullptr;
};

struct Rescale {
  double slope = 1;
  double intercept = 0;
  bool operator==(const Rescale&) const = default;
};

/// @throws Error bad_argument if slices are unevenly spaced, which no such file can say
void need_regular(const Grid& grid);

/// The one rescale of all slices, if they have one.
std::optional<Rescale> common_rescale(const Volume& volume);

std::span<const std::byte> all_voxels(const Volume& volume);

/// Writes slope * stored + intercept of every voxel as `type`, slice by slice. The values must fit.
void write_rescaled(const Volume& volume, ScalarType type, WholeFile& file);

/// @throws Error bad_input if the grid is none or the volume larger than the limits allow
void check_grid(const Grid& grid, ScalarType type, const std::filesystem::path& file,
                const dicom::Limits& limits);

/// A volume without source, its voxels allocated but not set. @throws Error as check_grid
Volume empty_volume(const Grid& grid, ScalarType type, const std::filesystem::path& file,
                    const dicom::Limits& limits);

/// The same voxels with their slices counted from the other end.
Grid turned_round(const Grid& grid);

/// Turns the slice order round if the grid is left-handed.
void make_right_handed(Volume& volume);

/// Doubles to floats in their own memory's order; `out` holds as many.
void narrow(std::span<const double> in, std::span<std::byte> out);

Volume read_nifti(const std::filesystem::path& file, const dicom::Limits& limits);
Volume read_meta_image(const std::filesystem::path& file, const dicom::Limits& limits);

/// Grid as the file has it, left-handed or not, and warnings of this format.
ExchangeHeader read_nifti_header(const std::filesystem::path& file, const dicom::Limits& limits);
ExchangeHeader read_meta_image_header(const std::filesystem::path& file,
                                      const dicom::Limits& limits);

}  // namespace osler::exchange
