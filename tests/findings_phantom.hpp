#pragma once
// A synthetic MR series on disk with a volume, labels and findings that belong to it. The figures
// of the findings are computed here from the labels, independently of the room under test.

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "volume/volume.hpp"

namespace osler::phantom {

struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "osler-phantom-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

/// Unit cosines of a plane that is turned about two axes.
inline Affine oblique(const Vec3& spacing, const Vec3& origin, double pitch_deg, double yaw_deg) {
  const double p = pitch_deg * M_PI / 180, y = yaw_deg * M_PI / 180;
  const Vec3 row{std::cos(y), std::sin(y), 0};
  const Vec3 column{-std::sin(y) * std::cos(p), std::cos(y) * std::cos(p), std::sin(p)};
  return Affine::from_columns(spacing[0] * row, spacing[1] * column,
                              spacing[2] * cross(row, column), origin);
}

/// Slices displaced along the columns, as a tilted gantry leaves them.
inline Affine sheared(Affine affine, double shift_mm) {
  const Vec3 y = affine.column(1);
  return Affine::from_columns(affine.column(0), y, affine.column(2) + (shift_mm / norm(y)) * y,
                              affine.origin());
}

inline const Affine kStraight =
    Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-30, -40, 17});
inline const Affine kOblique = oblique({0.7, 0.9, 1.6}, {-12.25, 8.5, -71}, 23, -11);

struct Phantom {
  Volume volume;
  LabelMap labels;
  Findings findings;
  std::filesystem::path folder;
};

struct Header {
  std::string patient_name = "Test^Phantom";
  std::string character_set;
  std::string timezone;
  std::string patient_age;
  bool lossy = false;
};

inline std::string uid_of(int number) {
  return "1.2.826.0.1.3680043.10.999." + std::to_string(number);
}

/// Centre of a voxel; slices may be uneven.
inline Vec3 place(const Grid& grid, double c, double r, std::int64_t k) {
  const auto i = static_cast<std::size_t>(k);
  return grid.index_to_lps({c, r, grid.slice_at.empty() ? double(k) : grid.slice_at[i]});
}

/// Half-way to both neighbours, in steps; the outermost slices as far out as in.
inline double reach(const Grid& grid, std::int64_t k) {
  if (grid.slice_at.empty()) return 1;
  const std::vector<double>& at = grid.slice_at;
  const auto i = static_cast<std::size_t>(k), last = at.size() - 1;
  const double below = i > 0 ? at[i] - at[i - 1] : at[1] - at[0];
  const double above = i < last ? at[i + 1] - at[i] : at[last] - at[last - 1];
  return (below + above) / 2;
}

inline void write_slice(const Phantom& phantom, const Header& header, std::int64_t k) {
  const Grid& grid = phantom.volume.grid;
  const SliceSource& slice = phantom.volume.slices[static_cast<std::size_t>(k)];
  DcmFileFormat file;
  DcmDataset& d = *file.getDataset();
  const auto put = [&](const DcmTagKey& tag, const std::string& value) {
    d.putAndInsertString(tag, value.c_str());
  };
  const auto decimals = [](const std::vector<double>& values) {
    std::string text;
    for (const double v : values) {
      char buffer[32];
      std::snprintf(buffer, sizeof buffer, "%.9g", v);
      text += (text.empty() ? "" : "\\") + std::string(buffer);
    }
    return text;
  };
  if (!header.character_set.empty()) put(DCM_SpecificCharacterSet, header.character_set);
  if (!header.timezone.empty()) put(DCM_TimezoneOffsetFromUTC, header.timezone);
  put(DCM_ImageType, "ORIGINAL\\PRIMARY\\OTHER");
  put(DCM_SOPClassUID, slice.sop_class_uid);
  put(DCM_SOPInstanceUID, slice.sop_instance_uid);
  put(DCM_StudyInstanceUID, phantom.volume.study_uid);
  put(DCM_SeriesInstanceUID, phantom.volume.series_uid);
  put(DCM_FrameOfReferenceUID, phantom.volume.frame_of_reference_uid);
  put(DCM_PatientName, header.patient_name);
  put(DCM_PatientID, "P-0042");
  put(DCM_PatientBirthDate, "19660101");
  put(DCM_PatientSex, "F");
  if (!header.patient_age.empty()) put(DCM_PatientAge, header.patient_age);
  put(DCM_StudyDate, "20200102");
  put(DCM_StudyTime, "030405");
  put(DCM_StudyID, "77");
  put(DCM_AccessionNumber, "ACC1");
  put(DCM_ReferringPhysicianName, "");
  put(DCM_StudyDescription, "Head");
  put(DCM_Modality, "MR");
  put(DCM_SeriesNumber, "4");
  put(DCM_InstanceNumber, std::to_string(k + 1));
  put(DCM_Manufacturer, "Scanner maker");
  put(DCM_SliceThickness, decimals({norm(grid.index_to_lps.column(2))}));
  put(DCM_PositionReferenceIndicator, "");
  const Vec3 x = grid.index_to_lps.column(0), y = grid.index_to_lps.column(1);
  const double sx = norm(x), sy = norm(y);
  put(DCM_ImageOrientationPatient,
      decimals({x[0] / sx, x[1] / sx, x[2] / sx, y[0] / sy, y[1] / sy, y[2] / sy}));
  const Vec3 p = place(grid, 0, 0, k);
  put(DCM_ImagePositionPatient, decimals({p[0], p[1], p[2]}));
  put(DCM_PixelSpacing, decimals({sy, sx}));
  put(DCM_PhotometricInterpretation, "MONOCHROME2");
  d.putAndInsertUint16(DCM_SamplesPerPixel, 1);
  d.putAndInsertUint16(DCM_Rows, static_cast<Uint16>(grid.size[1]));
  d.putAndInsertUint16(DCM_Columns, static_cast<Uint16>(grid.size[0]));
  d.putAndInsertUint16(DCM_BitsAllocated, 16);
  d.putAndInsertUint16(DCM_BitsStored, 16);
  d.putAndInsertUint16(DCM_HighBit, 15);
  d.putAndInsertUint16(DCM_PixelRepresentation, 1);
  if (header.lossy) {
    put(DCM_LossyImageCompression, "01");
    put(DCM_LossyImageCompressionRatio, "10");
    put(DCM_LossyImageCompressionMethod, "ISO_10918_1");
  }
  const auto pixels = static_cast<std::size_t>(grid.size[0] * grid.size[1]);
  const auto* words = reinterpret_cast<const Uint16*>(phantom.volume.voxels.get()) +
                      static_cast<std::size_t>(k) * pixels;
  d.putAndInsertUint16Array(DCM_PixelData, words, pixels);
  if (file.saveFile(slice.file.c_str(), EXS_LittleEndianExplicit).bad()) {
    throw std::runtime_error("saveFile");
  }
}

inline const Code kHippocampus{"5366008", "SCT", "Hippocampus"};
inline const Code kLeft{"7771000", "SCT", "Left"};
inline const Code kRight{"24028007", "SCT", "Right"};
inline const Code kAnterior{"255549009", "SCT", "Anterior"};
inline const Code kPosterior{"255551008", "SCT", "Posterior"};

inline std::vector<Segment> four_segments() {
  const Code category{"91723000", "SCT", "Anatomical structure"};
  return {{1,
           "Left hippocampus, anterior part",
           category,
           kHippocampus,
           kLeft,
           kAnterior,
           {230, 120, 40}},
          {2,
           "Left hippocampus, posterior part",
           category,
           kHippocampus,
           kLeft,
           kPosterior,
           {250, 205, 70}},
          {3,
           "Right hippocampus, anterior part",
           category,
           kHippocampus,
           kRight,
           kAnterior,
           {40, 140, 220}},
          {4,
           "Right hippocampus, posterior part",
           category,
           kHippocampus,
           kRight,
           kPosterior,
           {90, 210, 230}}};
}

inline Finding measure(const LabelMap& labels, Finding finding) {
  const Size3& n = labels.grid.size;
  const double voxel_mm3 = std::abs(labels.grid.index_to_lps.determinant());
  Vec3 sum{};
  for (std::int64_t k = 0, i = 0; k < n[2]; ++k) {
    for (std::int64_t r = 0; r < n[1]; ++r) {
      for (std::int64_t c = 0; c < n[0]; ++c, ++i) {
        for (const int segment : finding.segments) {
          if (labels.labels[static_cast<std::size_t>(i)] != segment) continue;
          ++finding.voxels;
          const double mm3 = voxel_mm3 * reach(labels.grid, k);
          finding.volume_mm3 += mm3;
          sum = sum + mm3 * place(labels.grid, double(c), double(r), k);
        }
      }
    }
  }
  if (finding.voxels > 0) finding.centroid_mm = (1.0 / finding.volume_mm3) * sum;
  return finding;
}

/// Wholes first, then parts, and the asymmetry of the wholes.
inline void measure_all(Findings& findings, const LabelMap& labels) {
  findings.findings = {
      measure(labels, {"Left hippocampus", kHippocampus, kLeft, {}, {1, 2}}),
      measure(labels, {"Right hippocampus", kHippocampus, kRight, {}, {3, 4}}),
      measure(labels, {"Left hippocampus, anterior part", kHippocampus, kLeft, kAnterior, {1}}),
      measure(labels, {"Left hippocampus, posterior part", kHippocampus, kLeft, kPosterior, {2}}),
      measure(labels, {"Right hippocampus, anterior part", kHippocampus, kRight, kAnterior, {3}}),
      measure(labels,
              {"Right hippocampus, posterior part", kHippocampus, kRight, kPosterior, {4}})};
  const double left = findings.findings[0].volume_mm3, right = findings.findings[1].volume_mm3;
  if (left + right > 0) {
    findings.asymmetries = {{"Hippocampus", (left - right) / ((left + right) / 2)}};
  }
}

inline void describe(Findings& findings) {
  findings.status = Status::complete;
  findings.model = {
      .name = "hippocampus-t1",
      .title = "Hippocampus in T1-weighted MR",
      .version = "1.0.0",
      .digest = std::string(64, 'a'),
      .manufacturer = "Osler project",
      .intended_use = "Research and education.",
      .protocol = "Medical Segmentation Decathlon, Task04",
      .limits = {"A left-right flipped header cannot be detected: sides come from the header."},
      .licence = "CC BY-SA 4.0",
      .parameters = {{"foreground threshold", "0.75"}, {"passes", "2"}}};
  findings.device = "cpu (4 threads)";
  findings.configuration_digest = std::string(64, 'c');
  findings.source.pixel_digest = std::string(64, 'b');
  findings.gates = {
      {"mutual_information",
       "Registration to the template, nats.",
       0.21,
       0.12,
       {},
       GateLevel::refuse,
       true},
      {"volume_left", "Volume of the left side, mm3.", 5200, 2200, 5000, GateLevel::warn, false}};
  findings.source.warnings = {{"uneven_spacing", "Slice spacing varies by 0.4 %.", false}};
  findings.not_used = {"No patient record was given: volumes are not compared with norms."};
  findings.timings.stages_ms = {{"read", 12.5}, {"infer", 2500.0}};
}

/// The series that belongs to a volume, for findings.
inline void name_source(Phantom& phantom) {
  const Volume& v = phantom.volume;
  SourceSeries& source = phantom.findings.source;
  source.study_uid = v.study_uid;
  source.series_uid = v.series_uid;
  source.frame_of_reference_uid = v.frame_of_reference_uid;
  source.modality = v.modality;
  source.instances = v.slices;
  source.lossy = v.lossy;
}

/// @param label  of the voxel (c, r, k)
inline Phantom make(const std::filesystem::path& folder, const Grid& grid,
                    const std::function<int(int, int, int)>& label, const Header& header = {}) {
  const Size3& size = grid.size;
  Phantom phantom;
  phantom.folder = folder;
  std::filesystem::create_directories(folder);
  Volume& v = phantom.volume;
  v.grid = grid;
  v.type = ScalarType::i16;
  v.study_uid = uid_of(1);
  v.series_uid = uid_of(2);
  v.frame_of_reference_uid = uid_of(3);
  v.modality = "MR";
  v.lossy = header.lossy;
  const auto count = static_cast<std::size_t>(voxel_count(size));
  v.voxels = std::make_unique<std::byte[]>(count * 2);
  phantom.labels = {v.grid, std::vector<std::uint8_t>(count)};
  std::size_t i = 0;
  for (int k = 0; k < size[2]; ++k) {
    char name[32];
    std::snprintf(name, sizeof name, "slice-%04d.dcm", k);
    v.slices.push_back({UID_MRImageStorage, uid_of(1000 + k), folder / name});
    for (int r = 0; r < size[1]; ++r) {
      for (int c = 0; c < size[0]; ++c, ++i) {
        const int segment = label(c, r, k);
        phantom.labels.labels[i] = static_cast<std::uint8_t>(segment);
        const auto value = static_cast<std::int16_t>(200 + (c * 7 + r * 3 + k * 11) % 50 +
                                                     (segment != 0 ? 300 : 0));
        std::memcpy(v.voxels.get() + 2 * i, &value, 2);
      }
    }
  }
  name_source(phantom);
  for (int k = 0; k < size[2]; ++k) write_slice(phantom, header, k);
  describe(phantom.findings);
  phantom.findings.segments = four_segments();
  for (Segment& segment : phantom.findings.segments) segment.value = segment.number;
  measure_all(phantom.findings, phantom.labels);
  return phantom;
}

inline Phantom make(const std::filesystem::path& folder, const Size3& size, const Affine& affine,
                    const std::function<int(int, int, int)>& label, const Header& header = {}) {
  return make(folder, Grid{size, affine}, label, header);
}

/// Two boxes, each cut into a front and a back half, well inside of the grid.
inline int two_boxes(const Size3& size, int c, int r, int k) {
  const auto inside = [](std::int64_t i, std::int64_t n) { return i >= n / 4 && i < n - n / 4; };
  if (!inside(r, size[1]) || !inside(k, size[2]) || c < 1 || c >= size[0] - 1) return 0;
  const std::int64_t third = size[0] / 3;
  if (c >= third && c < size[0] - third) return 0;
  const bool left = c >= size[0] - third;  // columns run towards the patient's left
  return (left ? 1 : 3) + (r < size[1] / 2 ? 0 : 1);
}

inline Phantom boxes(const std::filesystem::path& folder, const Grid& grid,
                     const Header& header = {}) {
  return make(
      folder, grid, [&grid](int c, int r, int k) { return two_boxes(grid.size, c, r, k); }, header);
}

/// The same in a few voxels, straight.
inline Phantom small_boxes(const std::filesystem::path& folder, const Header& header = {}) {
  return boxes(
      folder,
      {{15, 10, 8}, Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-3, -4, 17})},
      header);
}

}  // namespace osler::phantom
