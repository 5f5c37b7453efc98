#pragma once
// A synthetic series of single-frame DICOM files whose stored values are a function of the place in
// the patient, so that any reader's geometry can be held against it.

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/affine.hpp"
#include "dicom/scan.hpp"

namespace osler::testing {

struct PhantomSeries {
  int columns = 5;
  int rows = 4;
  std::array<double, 2> spacing_mm{1, 1};  ///< {between rows, between columns}, as in Pixel Spacing
  Vec3 row{1, 0, 0};                       ///< direction in which the column index rises
  Vec3 column{0, 1, 0};                    ///< direction in which the row index rises
  std::vector<Vec3> positions_mm;          ///< Image Position (Patient), one per file
  std::vector<long> instance_numbers;      ///< one per file; default 1, 2, 3 ...
  /// Stored value at a place; rounding and range are the caller's business.
  std::function<std::int64_t(const Vec3& lps_mm)> stored = [](const Vec3&) { return 0; };

  int bits_allocated = 16;
  int bits_stored = 16;
  int high_bit = 15;
  bool is_signed = true;
  std::uint32_t garbage = 0;  ///< set in the bits of each word that hold no value
  std::optional<std::int64_t> padding_value;
  std::optional<double> slope;
  std::optional<double> intercept;
  std::string modality = "MR";
  std::string study_uid = "1.2.826.0.1.3680043.10.999.1";
  std::string series_uid = "1.2.826.0.1.3680043.10.999.1.1";
  E_TransferSyntax syntax = EXS_LittleEndianExplicit;

  /// Last change to a file's data set before its pixels are compressed and it is written.
  std::function<void(DcmDataset&, std::size_t file)> edit;
};

/// What a DICOM look-up table looks like in a file.
struct PhantomTable {
  std::array<int, 3> descriptor{0, 0, 16};  ///< entries (0 for 65536), first mapped value, bits
  std::vector<Uint16> words;                ///< of 8-bit entries two in each, the first one below
};

/// Modality LUT Sequence with one item. @param type  empty: without Modality LUT Type
void put_modality_lut(DcmDataset& data, const PhantomTable& table, const std::string& type);

/// Red, green and blue Palette Color Lookup Table, or Segmented ...
void put_palette(DcmDataset& data, const std::array<PhantomTable, 3>& tables,
                 bool segmented = false);

/// Makes an image of 8- or 16-bit samples of a phantom's file, whatever the samples are.
struct PhantomPicture {
  int rows = 1;
  int columns = 1;
  int frames = 1;
  std::string photometric = "RGB";
  int planar = 0;
  int bits = 8;  ///< allocated and stored
  std::vector<Uint16> samples;
};
void put_picture(DcmDataset& data, const PhantomPicture& picture);

/// n positions along a line.
std::vector<Vec3> stack_of(int n, const Vec3& first_mm, const Vec3& step_mm);

/// Writes one file per position and gives their paths in that order.
std::vector<std::filesystem::path> write_phantom(const PhantomSeries& series,
                                                 const std::filesystem::path& folder);

/// The only series below a folder, all of whose files must be readable.
dicom::Series read_only_series(const std::filesystem::path& folder);

}  // namespace osler::testing
