#pragma once
// What was found on disk, as plain structs: headers only, pixel data stays in the files.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/affine.hpp"

namespace osler::dicom {

/// Attributes that say how stored pixels become numbers (PS3.3 C.7.6.3, C.11.1).
struct PixelFormat {
  int rows = 0;
  int columns = 0;
  int samples_per_pixel = 1;
  int bits_allocated = 0;
  int bits_stored = 0;
  int high_bit = 0;
  bool is_signed = false;  ///< Pixel Representation 1
  int frames = 1;
  std::string photometric_interpretation;

  bool operator==(const PixelFormat&) const = default;
};

/// What tells the volumes of one series apart, where several share their positions. Absent values
/// are absent.
struct ToldApartBy {
  std::optional<double> echo_time_ms;
  std::optional<double> b_value;          ///< s/mm2
  std::optional<double> trigger_time_ms;  ///< after the R wave
  std::optional<long> temporal_position;  ///< Temporal Position Identifier or Index
  std::optional<long> acquisition_number;
  std::string stack_id;
};

/// Where one frame lies and how its values are meant. An image of a single frame has one of these.
struct Frame {
  std::optional<Vec3> position_mm;                   ///< Image Position (Patient), LPS
  std::optional<std::array<double, 6>> orientation;  ///< row cosines, column cosines
  std::optional<std::array<double, 2>> spacing_mm;   ///< {between rows, between columns}
  std::optional<double> slice_thickness_mm;
  std::optional<double> rescale_slope;
  std::optional<double> rescale_intercept;
  std::vector<std::string> image_type;  ///< Image Type, or Frame Type if there is one
  ToldApartBy told_apart_by;
};

/// One SOP instance, its header read up to Pixel Data. Absent attributes are absent, never guessed.
struct Instance {
  std::filesystem::path file;
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string transfer_syntax_uid;
  std::string patient_key;  ///< Patient ID and issuer; groups patients, is never logged
  std::string study_uid;
  std::string series_uid;
  std::string frame_of_reference_uid;
  std::string modality;
  std::string body_part;           ///< Body Part Examined (0018,0015)
  std::string series_description;  ///< may hold anything: never logged
  std::string manufacturer;
  std::string device_serial_number;
  std::string anatomical_orientation_type;  ///< (0010,2210)
  std::string lossy_image_compression;      ///< "01" if ever compressed with loss
  std::optional<long> series_number;
  std::optional<long> instance_number;
  std::optional<double> gantry_tilt_deg;
  /// Not empty: the file is damaged or truncated, and this is what is wrong. It stands in its
  /// series so that the series is not taken for whole without it.
  std::string damage;
  PixelFormat pixels;
  bool has_pixel_data = false;
  std::uint64_t pixel_data_offset = 0;  ///< of the value, in the file (in the inflated data set)
  std::int64_t pixel_data_bytes = 0;    ///< length of Pixel Data if it is not encapsulated, else 0
  std::vector<Frame> frames;            ///< pixels.frames of them if the header describes so many
  std::string rescale_type;
  bool has_modality_lut_sequence = false;
  std::optional<std::int64_t> pixel_padding_value;  ///< read in Pixel Representation
  std::optional<std::int64_t> pixel_padding_range_limit;
};

struct Series {
  std::string uid;
  std::string modality;
  std::vector<Instance> instances;  ///< in order of SOP Instance UID; geometry decides later
};

struct Study {
  std::string uid;
  std::vector<Series> series;
};

struct Unreadable {
  std::filesystem::path file;
  std::string reason;
  bool is_dicom = true;      ///< false: another kind of file, which loses nothing
  std::string series_uid{};  ///< empty if it cannot be told: then the file may be of any series
};

struct ScanResult {
  std::vector<Study> studies;          ///< in order of UID
  std::vector<Unreadable> unreadable;  ///< every file that could not be read in full
  std::int64_t duplicates = 0;         ///< files whose SOP Instance UID was already there
};

}  // namespace osler::dicom
