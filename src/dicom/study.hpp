#pragma once
// What was found on disk, as plain structs: headers only, pixel data stays in the files.

#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/affine.hpp"
#include "dicom/file_path.hpp"
#include "dicom/shared.hpp"

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
  int planar_configuration = 0;  ///< 1: one plane per sample, in native pixel data; 0 for grey
  SharedText photometric_interpretation;

  bool operator==(const PixelFormat&) const = default;
};

/// A look-up table that stays in the file: what its descriptor says, and where its data lie (PS3.3
/// C.7.6.3.1.5, C.11.1.1).
struct TableInFile {
  int entries = 0;                 ///< 1 to 65536; 0 without a usable descriptor, and bits are 0
  std::uint16_t first_mapped = 0;  ///< 16 bits, US or SS by Pixel Representation
  int bits = 0;                    ///< of an entry, 8 to 16
  std::uint64_t offset = 0;        ///< of the data, in the file (in the inflated data set)
  std::uint32_t bytes = 0;         ///< of the data; 0 if there are none
  bool segmented = false;          ///< PS3.3 C.7.9.2
};

/// The first item of Modality LUT Sequence (0028,3000), PS3.3 C.11.1.
struct ModalityLut {
  std::string type;  ///< Modality LUT Type (0028,3004): HU, OD, US ...
  TableInFile table;
};

/// What tells the volumes of one series apart, where several share their positions. Absent values
/// are absent.
struct ToldApartBy {
  std::optional<double> echo_time_ms;
  std::optional<double> b_value;          ///< s/mm2
  std::optional<double> trigger_time_ms;  ///< after the R wave
  std::optional<long> temporal_position;  ///< Temporal Position Identifier or Index
  std::optional<long> acquisition_number;
  SharedText stack_id;
};

/// Where one frame lies and how its values are meant. An image of a single frame has one of these.
struct Frame {
  std::optional<Vec3> position_mm;                   ///< Image Position (Patient), LPS
  std::optional<std::array<double, 6>> orientation;  ///< row cosines, column cosines
  std::optional<std::array<double, 2>> spacing_mm;   ///< {between rows, between columns}
  std::optional<double> slice_thickness_mm;
  std::optional<double> rescale_slope;
  std::optional<double> rescale_intercept;
  Shared<std::vector<std::string>> image_type;  ///< Image Type, or Frame Type if there is one
  ToldApartBy told_apart_by;
};

/// A multi-frame object that was cut into several instances (PS3.3 C.7.6.16.2.2.4).
struct Concatenation {
  std::string uid;           ///< Concatenation UID; empty: the instance is whole
  long number = 0;           ///< In-concatenation Number, from 1; 0 if absent
  long total = 0;            ///< In-concatenation Total Number; 0 if absent, which is allowed
  long frame_offset = -1;    ///< Concatenation Frame Offset Number, from 0; -1 if absent
  std::string source_uid{};  ///< SOP Instance UID of Concatenation Source

  bool operator==(const Concatenation&) const = default;
  auto operator<=>(const Concatenation&) const = default;
};

/// One SOP instance, its header read up to Pixel Data. Absent attributes are absent, never guessed.
struct Instance {
  FilePath file;
  SharedText sop_class_uid;
  std::string sop_instance_uid;
  SharedText transfer_syntax_uid;
  SharedText patient_key;  ///< Patient ID and issuer; groups patients, is never logged
  SharedText study_uid;
  SharedText series_uid;
  SharedText frame_of_reference_uid;
  SharedText modality;
  SharedText body_part;           ///< Body Part Examined (0018,0015)
  SharedText series_description;  ///< may hold anything: never logged
  SharedText manufacturer;
  SharedText device_serial_number;
  SharedText anatomical_orientation_type;  ///< (0010,2210)
  SharedText lossy_image_compression;      ///< "01" if ever compressed with loss
  std::optional<long> series_number;
  std::optional<long> instance_number;
  std::optional<double> gantry_tilt_deg;
  /// {between rows, between columns}: at the detector (0018,1164), of a scanned film (0018,2010).
  std::optional<std::array<double, 2>> imager_pixel_spacing_mm;
  std::optional<std::array<double, 2>> nominal_scanned_pixel_spacing_mm;
  std::optional<std::array<double, 2>> pixel_aspect_ratio;  ///< {height, width} of a pixel
  /// Not empty: the file is damaged or truncated, and this is what is wrong. It stands in its
  /// series so that the series is not taken for whole without it.
  SharedText damage;
  PixelFormat pixels;
  bool has_pixel_data = false;
  std::uint64_t pixel_data_offset = 0;  ///< of the value, in the file (in the inflated data set)
  std::int64_t pixel_data_bytes = 0;    ///< length of Pixel Data if it is not encapsulated, else 0
  bool pixel_data_is_ow = false;        ///< VR OW: in big endian, bytes are swapped in pairs
  std::vector<Frame> frames;            ///< pixels.frames of them if the header describes so many
  Shared<Concatenation> concatenation;
  SharedText rescale_type;
  std::optional<ModalityLut> modality_lut;
  std::vector<TableInFile> palette;  ///< red, green, blue; empty if there is none
  SharedText pixel_presentation;     ///< (0008,9205): COLOR and MIXED name a supplemental palette
  std::optional<std::int64_t> pixel_padding_value;  ///< read in Pixel Representation
  std::optional<std::int64_t> pixel_padding_range_limit;
};

struct Series {
  std::string uid;
  std::string modality;
  /// In order of SOP Instance UID; geometry decides later. A deque, which grows without copies.
  std::deque<Instance> instances;
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
