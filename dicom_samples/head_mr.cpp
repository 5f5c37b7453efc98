#include "dicom_samples/head_mr.hpp"

#include <fmt/format.h>
#include <itkImageFileReader.h>
#include <itkNiftiImageIO.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/error.hpp"
#include "core/sha256.hpp"

namespace osler::sample {
namespace {

using TemplateImage = itk::Image<float, 3>;

constexpr const char* kRecipe = "osler-sample head-mr 1";

// The head lies turned and shifted in the scanner, and the slices are planned obliquely besides, so
// that neither the header nor the template alone gives the anatomy away.
constexpr Vec3 kHeadTurn_deg = {7.0, -5.0, 9.0};
constexpr Vec3 kHeadShift_mm = {4.5, -11.0, 18.0};
constexpr Vec3 kSliceTurn_deg = {-4.0, 3.0, 2.0};
constexpr Vec3 kCentreInTemplate_mm = {0.0, 17.0, 19.0};

constexpr Size3 kSize = {240, 200, 168};
constexpr double kPixel_mm = 0.95;
constexpr double kSlice_mm = 1.05;

constexpr double kStoredPerTemplateUnit = 8.0;  // 254 becomes 2032 of 4095
constexpr double kNoiseSigma = 24.0;            // stored units; white matter is near 950
constexpr std::uint64_t kNoiseSeed = 27;
constexpr int kLargestStored = 4095;

Affine rotation(const Vec3& turn_deg) {
  const auto about = [&](int axis) {
    const double angle = turn_deg[axis] * std::numbers::pi / 180.0;
    const int p = (axis + 1) % 3, q = (axis + 2) % 3;
    Affine r;
    r.m[4 * p + p] = r.m[4 * q + q] = std::cos(angle);
    r.m[4 * q + p] = std::sin(angle);
    r.m[4 * p + q] = -std::sin(angle);
    return r;
  };
  return about(2) * about(1) * about(0);
}

/// Sagittal slices: along a row towards the back, along a column towards the feet, slices towards
/// the right (row x column), then turned.
Affine sample_grid() {
  const Affine turn = rotation(kSliceTurn_deg);
  const Vec3 x = kPixel_mm * turn.column(1);
  const Vec3 y = -kPixel_mm * turn.column(2);
  const Vec3 z = -kSlice_mm * turn.column(0);
  const Vec3 centre = head_mr_pose()(kCentreInTemplate_mm);
  const Vec3 half = 0.5 * Vec3{static_cast<double>(kSize[0] - 1), static_cast<double>(kSize[1] - 1),
                               static_cast<double>(kSize[2] - 1)};
  return Affine::from_columns(x, y, z, centre - half[0] * x - half[1] * y - half[2] * z);
}

TemplateImage::Pointer read_template(const std::filesystem::path& path) {
  const auto reader = itk::ImageFileReader<TemplateImage>::New();
  reader->SetImageIO(itk::NiftiImageIO::New());
  reader->SetFileName(path.string());
  try {
    reader->Update();
  } catch (const itk::ExceptionObject&) {
    throw Error(ErrorCode::bad_input, fmt::format("the template cannot be read: {}", path.string()),
                "Colin27 as ch2.nii.gz", "install Debian's mricron-data");
  }
  return reader->GetOutput();
}

Affine index_to_lps(const TemplateImage& image) {
  std::array<Vec3, 3> columns;
  for (unsigned axis = 0; axis < 3; ++axis) {
    for (unsigned row = 0; row < 3; ++row) {
      columns[axis][row] = image.GetDirection()(row, axis) * image.GetSpacing()[axis];
    }
  }
  const auto& origin = image.GetOrigin();
  return Affine::from_columns(columns[0], columns[1], columns[2],
                              {origin[0], origin[1], origin[2]});
}

/// Catmull-Rom weights of the four samples around a fraction in [0, 1).
std::array<double, 4> cubic_weights(double f) {
  return {0.5 * f * (-1.0 + f * (2.0 - f)), 0.5 * (2.0 + f * f * (-5.0 + 3.0 * f)),
          0.5 * f * (1.0 + f * (4.0 - 3.0 * f)), 0.5 * f * f * (f - 1.0)};
}

/// Tricubic; 0 outside, but the lowest slice is repeated downwards: a neck goes on below the field.
class CubicTemplate {
 public:
  explicit CubicTemplate(const TemplateImage& image) : voxels_(image.GetBufferPointer()) {
    const auto& size = image.GetLargestPossibleRegion().GetSize();
    for (int axis = 0; axis < 3; ++axis) size_[axis] = static_cast<std::int64_t>(size[axis]);
  }

  double operator()(const Vec3& index) const {
    std::array<std::int64_t, 3> base;
    std::array<std::array<double, 4>, 3> weight;
    for (int axis = 0; axis < 3; ++axis) {
      const double floor = std::floor(index[axis]);
      base[axis] = static_cast<std::int64_t>(floor) - 1;
      weight[axis] = cubic_weights(index[axis] - floor);
    }
    double sum = 0.0;
    for (int k = 0; k < 4; ++k) {
      const std::int64_t z = std::max<std::int64_t>(base[2] + k, 0);
      if (z >= size_[2]) continue;
      for (int j = 0; j < 4; ++j) {
        const std::int64_t y = base[1] + j;
        if (y < 0 || y >= size_[1]) continue;
        const float* line = voxels_ + (z * size_[1] + y) * size_[0];
        for (int i = 0; i < 4; ++i) {
          const std::int64_t x = base[0] + i;
          if (x < 0 || x >= size_[0]) continue;
          sum += weight[2][k] * weight[1][j] * weight[0][i] * line[x];
        }
      }
    }
    return std::max(sum, 0.0);  // the cubic undershoots beside an edge
  }

 private:
  const float* voxels_;
  Size3 size_{};
};

/// Smooth coil sensitivity over the field of view, each coordinate in [-1, 1]; about 0.7 to 1.2.
double coil_gain(double u, double v, double w) {
  return std::exp(0.09 * u - 0.07 * v + 0.06 * w + 0.05 * u * v -
                  0.10 * (u * u + v * v + w * w - 0.7));
}

/// A uniform number in (0, 1] that depends on the counter alone (SplitMix64), so that the noise is
/// the same whatever the order and number of threads.
double uniform(std::uint64_t counter) {
  std::uint64_t z = (kNoiseSeed << 40) + counter * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  z ^= z >> 31;
  return (static_cast<double>(z >> 11) + 1.0) * 0x1.0p-53;
}

/// Rician: the magnitude of the signal with Gaussian noise in both channels (Box-Muller).
double with_noise(double signal, std::uint64_t voxel) {
  const double radius = kNoiseSigma * std::sqrt(-2.0 * std::log(uniform(2 * voxel)));
  const double angle = 2.0 * std::numbers::pi * uniform(2 * voxel + 1);
  return std::hypot(signal + radius * std::cos(angle), radius * std::sin(angle));
}

std::vector<std::uint16_t> scan(const CubicTemplate& head, const Affine& sample_to_index) {
  std::vector<std::uint16_t> pixels(static_cast<std::size_t>(voxel_count(kSize)));
  const auto centred = [](std::int64_t i, std::int64_t n) {
    return 2.0 * static_cast<double>(i) / static_cast<double>(n - 1) - 1.0;
  };
#pragma omp parallel for schedule(static)
  for (std::int64_t z = 0; z < kSize[2]; ++z) {
    for (std::int64_t y = 0; y < kSize[1]; ++y) {
      for (std::int64_t x = 0; x < kSize[0]; ++x) {
        const std::int64_t voxel = (z * kSize[1] + y) * kSize[0] + x;
        const Vec3 at = sample_to_index(
            {static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)});
        const double gain =
            coil_gain(centred(x, kSize[0]), centred(y, kSize[1]), centred(z, kSize[2]));
        const double value =
            with_noise(gain * kStoredPerTemplateUnit * head(at), static_cast<std::uint64_t>(voxel));
        pixels[voxel] =
            static_cast<std::uint16_t>(std::min<long>(std::lround(value), kLargestStored));
      }
    }
  }
  return pixels;
}

std::vector<Attribute> header() {
  return {{"ImageType", "DERIVED\\SECONDARY\\OTHER"},
          {"StudyDate", "20260310"},
          {"SeriesDate", "20260310"},
          {"AcquisitionDate", "20260310"},
          {"ContentDate", "20260310"},
          {"StudyTime", "093000"},
          {"SeriesTime", "093412"},
          {"AcquisitionTime", "093412"},
          {"ContentTime", "093412"},
          {"AccessionNumber", "OSLER0001"},
          {"Modality", "MR"},
          {"Manufacturer", "Osler project"},
          {"ManufacturerModelName", "osler-sample head-mr"},
          {"DeviceSerialNumber", "0"},
          {"SoftwareVersions", kRecipe},
          {"InstitutionName", "Osler sample data"},
          {"ReferringPhysicianName", ""},
          {"StudyDescription", "MR HEAD (SYNTHETIC SAMPLE)"},
          {"SeriesDescription", "T1 3D GRE sagittal (synthetic)"},
          {"ProtocolName", "T1 3D GRE sagittal"},
          {"DerivationDescription",
           "Colin27 template resampled into an oblique pose; coil bias and Rician noise added"},
          {"PatientName", "Sample^Head"},
          {"PatientID", "OSLER-0001"},
          {"PatientBirthDate", "19900412"},
          {"PatientSex", "M"},
          {"PatientAge", "035Y"},
          {"PatientSize", "1.78"},
          {"PatientWeight", "75"},
          {"BodyPartExamined", "HEAD"},
          {"ScanningSequence", "GR\\IR"},
          {"SequenceVariant", "SK\\SP\\MP"},
          {"ScanOptions", ""},
          {"MRAcquisitionType", "3D"},
          {"SequenceName", "synthetic"},
          {"RepetitionTime", "2300"},
          {"EchoTime", "2.98"},
          {"InversionTime", "900"},
          {"NumberOfAverages", "1"},
          {"ImagingFrequency", "123.2"},
          {"ImagedNucleus", "1H"},
          {"EchoNumbers", "1"},
          {"MagneticFieldStrength", "3"},
          {"EchoTrainLength", "1"},
          {"FlipAngle", "9"},
          {"SpacingBetweenSlices", decimal_string(kSlice_mm, 6)},
          {"PatientPosition", "HFS"},
          {"StudyID", "1"},
          {"SeriesNumber", "2"},
          {"AcquisitionNumber", "1"},
          {"PositionReferenceIndicator", ""},
          {"WindowCenter", "650"},
          {"WindowWidth", "1300"}};
}

}  // namespace

Affine head_mr_pose() {
  const Affine turn = rotation(kHeadTurn_deg);
  return Affine::from_columns(turn.column(0), turn.column(1), turn.column(2), kHeadShift_mm);
}

DicomSeries make_head_mr(const std::filesystem::path& ch2_nii_gz) {
  const TemplateImage::Pointer colin27 = read_template(ch2_nii_gz);

  DicomSeries series;
  series.sop_class_uid = "1.2.840.10008.5.1.4.1.1.4";  // MR Image Storage
  series.identity = {kRecipe, sha256_hex_of_file(ch2_nii_gz)};
  series.attributes = header();
  series.size = kSize;
  series.voxel_to_lps = sample_grid();
  series.numbered_backwards = true;
  series.pixels = scan(CubicTemplate(*colin27),
                       inverse(head_mr_pose() * index_to_lps(*colin27)) * series.voxel_to_lps);
  return series;
}

}  // namespace osler::sample
