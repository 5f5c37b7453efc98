#pragma once
// What `osler convert` is given: volumes of DICOM series, and NIfTI and MetaImage files.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "dicom/scan.hpp"
#include "volume/plan.hpp"

namespace osler::cli {

struct ConvertOptions {
  std::vector<std::filesystem::path> inputs;
  std::string to;
  std::filesystem::path out;
  std::vector<std::filesystem::path> references;
  std::string series_uid;
  std::string modality;
  std::string patient_name;
  std::string patient_id;
  PlanPolicy policy;
  bool json = false;
  dicom::Limits limits;
};

/// A series, or a file that is none.
struct ConvertSource {
  std::filesystem::path file;  ///< empty if it is a series
  std::string study_uid;
  std::string series_uid;
  std::string modality;
  std::size_t files = 1;
};

/// One volume that can be written.
struct ConvertVolume {
  ConvertSource source;
  Grid grid;
  std::string told_apart;
  std::string name;  ///< of its own among all volumes: the series UID or the file's, no ending
  std::vector<Reason> warnings;
  std::function<Volume()> load;
};

struct NotConverted {
  ConvertSource source;
  std::vector<Reason> reasons;
};

struct ConvertInputs {
  dicom::ScanResult scanned;  ///< the volumes refer to it
  std::vector<ConvertVolume> volumes;
  std::vector<NotConverted> refused;
};

/// Reads headers only. @throws Error bad_input if --series names none that is there
ConvertInputs find_convert_inputs(const ConvertOptions& options, dicom::ScanResult scanned);

}  // namespace osler::cli
