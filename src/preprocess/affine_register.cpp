#include "preprocess/affine_register.hpp"

#include <itkAffineTransform.h>
#include <itkGradientImageFilter.h>
#include <itkImage.h>
#include <itkMattesMutualInformationImageToImageMetricv4.h>
#include <itkRegularStepGradientDescentOptimizerv4.h>
#include <itkSimilarity3DTransform.h>
#include <vnl/algo/vnl_svd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace osler {
namespace {

using Image = itk::Image<float, 3>;
using Optimizer = itk::RegularStepGradientDescentOptimizerv4<double>;
using Gradient = itk::GradientImageFilter<Image, double, double>;

/// Sums in one piece: the order of additions, hence the last bits, must not depend on the machine.
/// (SetMaximumNumberOfWorkUnits of ITK 5.2 limits the threads, but not the pieces of the sum.)
class Metric : public itk::MattesMutualInformationImageToImageMetricv4<Image, Image> {
 public:
  using Self = Metric;
  using Pointer = itk::SmartPointer<Self>;
  itkFactorylessNewMacro(Self);

 protected:
  Metric() {
    m_SparseGetValueAndDerivativeThreader->SetNumberOfWorkUnits(1);
    m_DenseGetValueAndDerivativeThreader->SetNumberOfWorkUnits(1);
  }
};

constexpr int kHistogramBins = 50;  // the gate on mutual information was set with 50
constexpr double kRelaxation = 0.6;
// The unit frame's gradient of mutual information is about 0.1 far from and 1e-3 near the answer.
constexpr double kGradientTolerance = 1e-6;

/// An ITK image over foreign memory, which ITK only reads.
Image::Pointer view(const RegistrationImage& image) {
  auto out = Image::New();
  Image::SizeType size;
  Image::SpacingType spacing;
  Image::PointType origin;
  Image::DirectionType direction;
  for (int c = 0; c < 3; ++c) {
    const Vec3 axis = image.index_to_frame.column(c);
    size[c] = static_cast<itk::SizeValueType>(image.size[c]);
    spacing[c] = norm(axis);
    origin[c] = image.index_to_frame.origin()[c];
    for (int r = 0; r < 3; ++r) direction[r][c] = axis[r] / spacing[c];
  }
  out->SetRegions(size);
  out->SetSpacing(spacing);
  out->SetOrigin(origin);
  out->SetDirection(direction);
  out->GetPixelContainer()->SetImportPointer(const_cast<float*>(image.voxels.data()),
                                             image.voxels.size(), false);
  return out;
}

bool constant(std::span<const float> voxels) {
  const auto [low, high] = std::minmax_element(voxels.begin(), voxels.end());
  return voxels.empty() || !(*high > *low);
}

template <typename Transform>
Affine to_affine(const Transform& transform) {
  const auto& l = transform.GetMatrix();
  const auto& t = transform.GetOffset();
  return {{l[0][0], l[0][1], l[0][2], t[0], l[1][0], l[1][1], l[1][2], t[1], l[2][0], l[2][1],
           l[2][2], t[2]}};
}

using ItkAffine = itk::AffineTransform<double, 3>;

ItkAffine::Pointer to_itk(const Affine& map) {
  auto out = ItkAffine::New();
  ItkAffine::MatrixType linear;
  ItkAffine::OutputVectorType translation;
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) linear[r][c] = map.m[4 * r + c];
    translation[r] = map.m[4 * r + 3];
  }
  out->SetMatrix(linear);
  out->SetTranslation(translation);
  return out;
}

itk::Similarity3DTransform<double>::Pointer to_itk(const Similarity& start) {
  using Transform = itk::Similarity3DTransform<double>;
  Transform::VersorType pitch, roll, yaw;
  pitch.SetRotationAroundX(start.pitch_rad);
  roll.SetRotationAroundY(start.roll_rad);
  yaw.SetRotationAroundZ(start.yaw_rad);
  Transform::OutputVectorType translation;
  for (int r = 0; r < 3; ++r) translation[r] = start.translation[r];
  auto out = Transform::New();
  out->SetRotation(yaw * roll * pitch);
  out->SetScale(start.scale);
  out->SetTranslation(translation);
  return out;
}

}  // namespace

struct AffineRegistration::State {
  Metric::Pointer metric;  // null if there is nothing to compare

  template <typename Transform>
  Affine descend(Transform& transform, const Descent& descent) {
    const Affine start = to_affine(transform);
    if (metric.IsNull()) return start;
    metric->SetMovingTransform(&transform);
    auto optimizer = Optimizer::New();
    optimizer->SetMetric(metric);
    optimizer->SetNumberOfWorkUnits(1);
    optimizer->SetNumberOfIterations(static_cast<itk::SizeValueType>(descent.iterations));
    optimizer->SetLearningRate(descent.first);
    optimizer->SetMinimumStepLength(descent.last);
    optimizer->SetRelaxationFactor(kRelaxation);
    optimizer->SetGradientMagnitudeTolerance(kGradientTolerance);
    optimizer->SetReturnBestParametersAndValue(true);
    try {
      optimizer->StartOptimization();
    } catch (const itk::ExceptionObject&) {
      return start;  // left the image: this start leads nowhere, others may
    }
    return to_affine(transform);
  }
};

AffineRegistration::AffineRegistration(const RegistrationImage& fixed,
                                       std::span<const Vec3> samples,
                                       const RegistrationImage& moving)
    : state_(std::make_unique<State>()) {
  if (samples.empty() || constant(fixed.voxels) || constant(moving.voxels)) return;
  auto points = Metric::FixedSampledPointSetType::New();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Metric::FixedSampledPointSetType::PointType point;
    for (int c = 0; c < 3; ++c) point[c] = samples[i][c];
    points->SetPoint(i, point);
  }
  auto gradient = Gradient::New();
  gradient->SetNumberOfWorkUnits(1);
  auto metric = Metric::New();
  metric->SetNumberOfHistogramBins(kHistogramBins);
  metric->SetFixedImage(view(fixed));
  metric->SetMovingImage(view(moving));
  metric->SetFixedSampledPointSet(points);
  metric->SetUseSampledPointSet(true);
  metric->SetMovingImageGradientFilter(gradient);
  metric->SetMovingTransform(ItkAffine::New());
  metric->Initialize();
  state_->metric = metric;
}

AffineRegistration::~AffineRegistration() = default;
AffineRegistration::AffineRegistration(AffineRegistration&&) noexcept = default;
AffineRegistration& AffineRegistration::operator=(AffineRegistration&&) noexcept = default;

double AffineRegistration::mutual_information(const Affine& map) {
  if (state_->metric.IsNull()) return 0;
  const auto transform = to_itk(map);
  state_->metric->SetMovingTransform(transform);
  try {
    const double value = -state_->metric->GetValue();
    return std::isfinite(value) ? value : 0;
  } catch (const itk::ExceptionObject&) {
    return 0;
  }
}

Affine AffineRegistration::similarity(const Similarity& start, const Descent& descent) {
  const auto transform = to_itk(start);
  return state_->descend(*transform, descent);
}

Affine AffineRegistration::affine(const Affine& start, const Descent& descent) {
  const auto transform = to_itk(start);
  return state_->descend(*transform, descent);
}

RegistrationImage block_means(const RegistrationImage& image, const Size3& factor) {
  RegistrationImage out;
  Size3 block;
  for (int c = 0; c < 3; ++c) {
    block[c] = std::clamp<std::int64_t>(factor[c], 1, std::max<std::int64_t>(image.size[c], 1));
    out.size[c] = image.size[c] / block[c];
  }
  const auto axis = [&](int c) {
    return static_cast<double>(block[c]) * image.index_to_frame.column(c);
  };
  const Vec3 first{0.5 * static_cast<double>(block[0] - 1), 0.5 * static_cast<double>(block[1] - 1),
                   0.5 * static_cast<double>(block[2] - 1)};
  out.index_to_frame = Affine::from_columns(axis(0), axis(1), axis(2), image.index_to_frame(first));
  out.voxels.assign(static_cast<std::size_t>(voxel_count(out.size)), 0.0F);
  const float share = 1.0F / static_cast<float>(voxel_count(block));
  for (std::int64_t z = 0; z < out.size[2] * block[2]; ++z) {
    for (std::int64_t y = 0; y < out.size[1] * block[1]; ++y) {
      const float* from = image.voxels.data() + (z * image.size[1] + y) * image.size[0];
      float* to = out.voxels.data() + ((z / block[2]) * out.size[1] + y / block[1]) * out.size[0];
      for (std::int64_t x = 0; x < out.size[0]; ++x) {
        for (std::int64_t i = 0; i < block[0]; ++i) to[x] += *from++;
      }
    }
  }
  for (float& value : out.voxels) value *= share;
  return out;
}

float sample(const RegistrationImage& image, const Affine& frame_to_index, const Vec3& point,
             float outside) {
  const Vec3 at = frame_to_index(point);
  std::array<std::int64_t, 3> low;
  std::array<float, 3> part;
  for (int c = 0; c < 3; ++c) {
    if (!(at[c] >= 0 && at[c] <= static_cast<double>(image.size[c] - 1))) return outside;
    low[c] =
        std::min(static_cast<std::int64_t>(at[c]), std::max<std::int64_t>(image.size[c] - 2, 0));
    part[c] = static_cast<float>(at[c] - static_cast<double>(low[c]));
  }
  float sum = 0;
  for (int corner = 0; corner < 8; ++corner) {
    float weight = 1;
    std::array<std::int64_t, 3> index;
    for (int c = 0; c < 3; ++c) {
      const bool up = (corner >> c & 1) != 0;
      weight *= up ? part[c] : 1 - part[c];
      index[c] = std::min(low[c] + (up ? 1 : 0), image.size[c] - 1);
    }
    sum += weight * image.voxels[static_cast<std::size_t>(
                        (index[2] * image.size[1] + index[1]) * image.size[0] + index[0])];
  }
  return sum;
}

Vec3 singular_values(const Affine& map) {
  vnl_matrix<double> linear(3, 3);
  for (unsigned r = 0; r < 3; ++r) {
    for (unsigned c = 0; c < 3; ++c) linear(r, c) = map.m[4 * r + c];
  }
  vnl_svd<double> svd(linear);
  return {svd.W(0), svd.W(1), svd.W(2)};
}

}  // namespace osler
