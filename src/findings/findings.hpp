#pragma once
// What was found about this patient, once, in memory. SEG, SR, secondary captures, HTML and JSON
// are all made from this, so that they cannot disagree.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/code.hpp"
#include "core/timings.hpp"
#include "volume/verdict.hpp"
#include "volume/volume.hpp"

namespace osler {

/// One segment of the segmentation; `number` counts from 1 without gaps.
struct Segment {
  int number = 0;
  std::string label;                  ///< e.g. "Left hippocampus, anterior part"
  Code category;                      ///< CID 7150, e.g. (123037004, SCT, Body structure)
  Code type;                          ///< e.g. (5366008, SCT, Hippocampus)
  std::optional<Code> type_modifier;  ///< laterality
  std::optional<Code> part_modifier;  ///< topographical modifier, e.g. (255549009, SCT, Anterior)
  std::array<std::uint8_t, 3> rgb{};  ///< recommended display colour, sRGB
  int value = 0;                      ///< in label files: the model's own number, 1 to 255
};

/// Labels on the source grid: 0 background, else a segment's number.
struct LabelMap {
  Grid grid;
  std::vector<std::uint8_t> labels;  ///< as many as the grid has voxels, c fastest
};

/// Real values of a structure's voxels, each counted once; padding is left out. Hounsfield units.
struct Intensities {
  std::int64_t voxels = 0;
  double mean = 0;
  double sd = 0;  ///< divided by n
  double min = 0;
  double max = 0;
};

/// What is usual of a volume, in mm3, and where this patient's lies.
struct Norm {
  std::string population;  ///< "Adults of 60 to 69 years, 1.5 T, ..."
  std::string authority;   ///< who published it, with the year
  double mean = 0;
  double sd = 0;
  double low = 0;  ///< of the range that is called normal
  double high = 0;
  double z = 0;           ///< of this patient
  double percentile = 0;  ///< of this patient, 0 to 100
};

/// A measured structure. One that names a single segment is that segment; one that names several is
/// their union, its figures derived from theirs.
struct Finding {
  std::string label;  ///< "Left hippocampus"
  Code code;          ///< anatomy
  std::optional<Code> laterality;
  std::optional<Code> part;
  std::vector<int> segments;
  std::int64_t voxels = 0;
  double volume_mm3 = 0;  ///< sum of the voxels' volumes on the source grid
  Vec3 centroid_mm{};     ///< LPS, mean of the voxel centres, each weighed by its volume
  std::optional<Intensities> intensities{};  ///< of CT
  std::optional<Norm> norm{};                ///< if one is comparable with the model's protocol
};

/// Left against right of one structure.
struct Asymmetry {
  std::string label;  ///< "Hippocampus"
  double index = 0;   ///< (left - right) / mean of both; positive: left is larger
};

/// What a classifier says of one class.
struct Evaluation {
  std::string label;  ///< "Pneumonia"
  Code question;      ///< what was asked, e.g. (121071, DCM, "Finding")
  Code value;         ///< the class
  double probability = 0;
  std::optional<double> threshold;  ///< not given: the most probable is present
  bool present = false;
  bool exclusive = false;      ///< no more than one class of this image can be present
  bool nothing_found = false;  ///< present because no other class is
  std::string calibration;  ///< how the probability was calibrated, and on what; empty: it was not
  std::optional<std::size_t> image;  ///< of SourceSeries::instances; not given: all, a volume
};

enum class GateLevel { refuse, warn };

/// A quality signal and what became of it.
struct Gate {
  std::string name;     ///< snake_case, stable: mutual_information, ...
  std::string meaning;  ///< one sentence
  double value = 0;
  std::optional<double> at_least;  ///< passes if value >= at_least
  std::optional<double> at_most;   ///< passes if value <= at_most
  GateLevel level = GateLevel::refuse;
  bool passed = false;
};

enum class Status { complete, partial, refused };
std::string_view to_string(Status status);

/// The model as it was used; written into every result.
struct ModelUse {
  std::string name;
  std::string title;
  std::string version;
  std::string digest;  ///< SHA-256 of the package: weights and description
  std::string manufacturer;
  std::string intended_use;
  std::string protocol;             ///< what the volumes are comparable with
  std::vector<std::string> limits;  ///< what is not known
  std::string licence;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< TID 4019 algorithm parameters
};

struct SourceSeries {
  std::string file;  ///< name of a NIfTI or MetaImage file; UIDs are empty then
  std::string study_uid;
  std::string series_uid;
  std::string frame_of_reference_uid;
  std::string modality;
  std::vector<SliceSource> instances;  ///< in slice order
  std::vector<Reason> warnings;        ///< of the volume's verdict
  bool lossy = false;
  std::string pixel_digest;  ///< SHA-256 of the stored values in slice order
};

struct Findings {
  Status status = Status::refused;
  ModelUse model;
  std::string device;  ///< what ran, e.g. "cpu (4 threads)", "cuda:0 (NVIDIA H100)"
  /// Of a GPU's memory, for everything that ran there: the most that was taken so far.
  std::optional<std::uint64_t> device_peak_bytes;
  SourceSeries source;
  std::string configuration_digest;  ///< SHA-256 of the settings that can change a result
  std::vector<Segment> segments;     ///< empty unless complete
  std::vector<Finding> findings;     ///< wholes first, then parts; empty unless complete
  std::vector<Asymmetry> asymmetries;
  std::vector<Evaluation> evaluations;  ///< image after image; empty unless complete
  std::vector<Gate> gates;
  std::vector<std::string> refusals;  ///< sentences: why there are no numbers
  std::vector<std::string> not_used;  ///< what was there and was not used: records, priors, norms
  Timings timings;
};

}  // namespace osler
