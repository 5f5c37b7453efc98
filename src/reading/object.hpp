#pragma once
// One file of a result: read whole, and what its header says of it.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dicom/scan.hpp"

class DcmFileFormat;
class DcmItem;

namespace osler::reading {

/// Something that could not be understood, or not wholly, and where: of content the position
/// ("1.3.2"), else the attribute's name. Holds no text of the file.
struct Problem {
  std::string where;
  std::string what;
};

struct SopReference {
  std::string sop_class_uid;
  std::string sop_instance_uid;
};

enum class ObjectKind { structured_report, key_objects, segmentation, other };

struct Patient {
  std::string name;
  std::string id;
  std::string birth_date;
  std::string sex;
};

/// What the header says, UTF-8; empty where it says nothing. Dates and times as DICOM writes them.
struct ObjectSummary {
  ObjectKind kind = ObjectKind::other;
  std::string sop_class_uid;
  std::string sop_class;  ///< DICOM's name of it; empty if it is unknown
  std::string sop_instance_uid;
  std::string study_uid;
  std::string series_uid;
  std::string modality;
  std::string study_date;
  std::string study_time;
  std::string study_description;
  std::string series_description;
  std::string series_number;
  std::string instance_number;
  std::string content_date;
  std::string content_time;
  std::string timezone;  ///< +HHMM
  std::string manufacturer;
  std::string model;
  std::vector<std::string> software_versions;
  std::string institution;
  std::string content_label;
  std::string content_description;
  std::string content_creator;
  std::string character_set;  ///< as declared
  Patient patient;
};

/// What a result of another kind holds, as far as its header says it.
struct Detail {
  std::string name;  ///< stable, snake_case
  std::vector<std::string> values;
};

/// Reads all but the pixels, which stay in the file until they are asked for.
/// @throws Error bad_input: cannot be read, no DICOM file, damaged, or over the limits
std::unique_ptr<DcmFileFormat> load_object(const std::filesystem::path& file,
                                           const dicom::Limits& limits = {});

ObjectSummary summarise_object(DcmItem& object, std::vector<Problem>& problems);

/// RT Structure Set, Parametric Map, Presentation State, Encapsulated PDF, Secondary Capture.
std::vector<Detail> details_of(DcmItem& object, std::vector<Problem>& problems);

}  // namespace osler::reading
