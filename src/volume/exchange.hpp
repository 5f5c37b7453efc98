#pragma once
// Volumes for other programs, and from them: NIfTI-1 (one file) and MetaImage. Inside a Volume
// everything is LPS; NIfTI's RAS exists only in the file.
//
// A file carries place and values, nothing of the patient or the study. A volume that was read from
// one has no DICOM source: UIDs are empty, modality is "OT", and no SEG or SR can be made of it.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/scan.hpp"
#include "volume/verdict.hpp"
#include "volume/volume.hpp"

namespace osler {

/// NIfTI's qform (a rotation and spacings, single precision) may place no voxel further from where
/// the affine does: a tenth of a fine voxel. If it would, only the sform is written.
inline constexpr double kQformToleranceMm = 0.05;

/// Writes `file`, compressed if its name ends in .gz, whole or not at all. One slope and intercept
/// for all slices: the stored type is kept and scl_slope, scl_inter hold them (in single precision,
/// all that NIfTI-1 has); otherwise the real values as 32-bit float. The sform holds the affine,
/// sheared or not; the qform too unless it cannot (kQformToleranceMm), and then qform_code is 0.
/// @throws Error output if it cannot be written; bad_input if a side has over 32767 voxels;
/// bad_argument if slices are unevenly spaced (make_regular)
void write_nifti(const Volume& volume, const std::filesystem::path& file);

/// Writes `file` (.mha: header and values in one), whole or not at all. MetaImage has no slope, so
/// the real values are written: in the stored type if that is what they are; as 16-bit, else 32-bit
/// signed integers if slope and intercept are whole numbers; otherwise as 32-bit float. A sheared
/// affine is a TransformMatrix whose axes are not at right angles.
/// @throws Error output; bad_argument if slices are unevenly spaced (make_regular)
void write_meta_image(const Volume& volume, const std::filesystem::path& file);

/// Reads .nii, .nii.gz, .mha and .mhd, told apart by name. Integers keep their type and NIfTI's
/// scaling goes to the slices' slope and intercept; 64-bit float becomes 32-bit. NIfTI: the sform
/// places the voxels, without one the qform, and a file with neither is refused, not guessed at.
/// Slices of a left-handed file are taken in reverse, so that they ascend along row x column;
/// `frame` of a slice is its number in the file.
/// @throws Error bad_input: damaged, truncated, larger than `limits` allow (told before anything
/// is allocated), not three-dimensional, colour, or of a type that a Volume does not have
Volume read_exchange(const std::filesystem::path& file, const dicom::Limits& limits = {});

/// True if the name ends as one that read_exchange takes; nothing is looked into.
bool is_exchange_name(const std::filesystem::path& file);

/// The file's name without .nii, .nii.gz, .mha or .mhd.
std::string exchange_stem(const std::filesystem::path& file);

/// Takes the files that are named so out of what a scan found to be no DICOM, each once; further
/// paths to the same file count as duplicates.
std::vector<std::filesystem::path> take_exchange_files(dicom::ScanResult& scanned);

/// What a file's header says, told without reading its values.
struct ExchangeHeader {
  Grid grid;                     ///< as read_exchange gives it
  std::vector<Reason> warnings;  ///< what the header leaves open, from no_dicom_source on
  bool own_labels = false;       ///< write_nifti_labels wrote it
};

/// @throws Error bad_input as read_exchange, as far as the header tells
ExchangeHeader read_exchange_header(const std::filesystem::path& file,
                                    const dicom::Limits& limits = {});

/// True if read_exchange took the slices of this volume in reverse.
bool is_turned_round(const Volume& volume);

/// Turns the slices and the grid of a volume that read_exchange gave into the file's own order
/// again; the grid may be left-handed then, which only the writers above take.
void restore_file_order(Volume& volume);

/// What the description in a label file's header says of the labels, in 60 bytes.
inline constexpr char kOwnLabels[] = "AI, unverified; not for clinical use";
inline constexpr char kConvertedLabels[] = "converted labels, unverified";

/// Labels, one per voxel of the grid, as 8-bit NIfTI-1 with intent NIFTI_INTENT_LABEL.
/// @param turn_round  write the last slice first: the order of a file whose volume is_turned_round
/// @throws Error output; bad_argument if there are not as many labels as voxels, or slices
/// are unevenly spaced
void write_nifti_labels(std::span<const std::uint8_t> labels, const Grid& grid, bool turn_round,
                        const std::filesystem::path& file,
                        std::string_view description = kOwnLabels);

/// A 4-dimensional file of 32-bit floats: volumes one after another on one grid.
/// @param of_slice  called once for each slice, in order: its values in each volume, one volume
///                  after another; they may be used again at the next call
/// @throws Error output; bad_argument if slices are unevenly spaced
void write_nifti_series(const std::filesystem::path& file, const Grid& grid, bool turn_round,
                        int volumes,
                        const std::function<std::span<const float>(std::int64_t slice)>& of_slice);

}  // namespace osler
