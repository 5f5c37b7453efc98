#pragma once
// A DICOM file's data set as the DICOM JSON Model (PS3.18 Annex F).

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "dicom/character_set.hpp"
#include "dicom/scan.hpp"

namespace osler::dicom {

struct DicomJsonOptions {
  /// Of VR OB, OD, OF, OL, OV, OW and UN: longer values are bulk data. So is compressed pixel data
  /// of any size, for which the model has no other form.
  std::uint64_t max_inline_bytes = 64 << 10;
  /// Bulk data gets the URI `bulk_data_base`/`path`; empty: its attribute has its VR and no value.
  std::string bulk_data_base;
  Limits limits;
};

struct BulkData {
  std::string path;  ///< "7FE00010", or with items from 1: "00081140/1/7FE00010"
  std::uint64_t bytes = 0;
};

/// A text that is not, or not wholly, of the character set that is declared for it.
struct OddText {
  std::string path;
  TextNotes notes;
};

struct DicomJsonSummary {
  std::vector<BulkData> bulk_data;          ///< what is not in the JSON
  std::vector<std::string> repeated_paths;  ///< attributes that were there again; the first stands
  std::vector<OddText> odd_texts;
};

/// Writes one object. Values are read one after another and not kept: memory holds no more than one
/// of at most max(max_inline_bytes, 16 MiB), whatever the file's size; longer text is bulk data
/// too.
///
/// Text is UTF-8 whatever the source's character set, which (0008,0005) then says; a byte that its
/// character set does not have is U+FFFD. IS and DS are numbers with the digits of the file, or, if
/// they are none, strings; SV and UV beyond 2^53 are strings. FL and FD that are not finite are the
/// strings "NaN", "Infinity" and "-Infinity": the model has no form for them. InlineBinary is
/// little endian. The meta header and group lengths are left out.
/// @throws Error bad_input: no DICOM, damaged (what was written by then is a part), nested deeper
///         than 64 sequences; output if the stream fails
DicomJsonSummary write_dicom_json(const std::filesystem::path& file, std::ostream& out,
                                  const DicomJsonOptions& options = {});

}  // namespace osler::dicom
