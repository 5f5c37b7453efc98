#pragma once
// The modules that every result object shares: whose it is, what made it, what it was made from.

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "findings/findings.hpp"
#include "findings/identifiers.hpp"

class DcmDataset;
class DcmFileFormat;
class DcmItem;
class DcmTagKey;

namespace osler::objects {

/// What tells one result object from another of the same run.
struct ObjectKind {
  std::string sop_class_uid;
  std::string modality;
  std::string role;         ///< of the instance: "seg", "sr", "sc-axial", ...
  std::string series_role;  ///< instances of one role share a series
  std::string series_description;
  int series_offset = 1;  ///< tells the series' numbers apart
  int instance_number = 1;
};

/// A role that tells objects apart which name other results: they are other instances themselves.
std::string role_naming(std::string role, std::span<const ObjectIds> named);

/// tracking_uid (findings/identifiers.hpp) of the patient of a header.
std::string tracking_uid(DcmItem& source, const Findings& findings, std::string_view structure);

/// DCMTK writes values of headers into its log: it is switched off for the whole program.
void silence_dcmtk();

/// The header of a DICOM file, up to Pixel Data.
/// @throws Error bad_input if it cannot be read (any more)
std::unique_ptr<DcmFileFormat> read_header(const std::filesystem::path& file);

/// Copies an attribute, its bytes as they are; false if the source has none or one that breaks its
/// own value representation: a copy would make the new object invalid.
bool copy_if_valid(DcmItem& to, DcmItem& from, const DcmTagKey& tag);

/// Patient, General Study, Patient Study and Clinical Trial modules, element by element as they
/// stand, character set included; not the Study Instance UID.
void put_patient_and_study(DcmItem& object, DcmItem& source);

/// A Series Number beyond those that scanners use, told apart by source series and `offset`.
std::string series_number(DcmItem& source, int offset);

/// The first source instance without its pixels.
/// @throws Error bad_input if it cannot be read (any more)
std::unique_ptr<DcmFileFormat> read_source_header(const Findings& findings);

/// Patient and Study (put_patient_and_study), Series, Equipment, SOP Common and Contributing
/// Equipment.
ObjectIds put_common_modules(DcmItem& object, DcmItem& source, const Findings& findings,
                             const ObjectKind& kind);

/// Content Date and Content Time: now, in the time zone that the source declares, if it does.
void put_content_time(DcmItem& object);

/// The source's frame of reference, or one that stands for its series if it names none.
void put_frame_of_reference(DcmItem& object, DcmItem& source, std::string frame_of_reference_uid,
                            const std::string& series_uid);

/// Lossy Image Compression and, if there, its method and ratio.
void put_lossy_compression(DcmItem& object, DcmItem& source, bool lossy);

/// Referenced Series Sequence: the source series, each instance once, and other new objects.
void put_referenced_series(DcmItem& object, const Findings& findings,
                           const std::vector<ObjectIds>& others);

/// A slice is one frame of several of its instance: references must name the frame.
bool is_multi_frame(const Findings& findings);

/// Little endian. Elements of most VRs end at 65534 bytes where VRs are explicit.
enum class Encoding { explicit_vr, implicit_vr };

/// @throws Error output if not all of it could be written
void save(DcmFileFormat& object, const std::filesystem::path& file,
          Encoding encoding = Encoding::explicit_vr);

}  // namespace osler::objects
