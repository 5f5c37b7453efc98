// InstanceNorm and activation against the definition in double precision, on every backend.

#include "kernels/instance_norm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "backends.hpp"
#include "kernels/half_math.hpp"
#include "throws.hpp"

namespace osler::kernels {
namespace {

using testing::expect_error;

struct Shape {
  std::int64_t samples, voxels, channels;

  std::size_t count() const { return static_cast<std::size_t>(samples * voxels * channels); }
};

struct Affine {
  std::vector<float> weight, bias;
};

std::vector<float> random(std::size_t count, float mean, float sd) {
  std::mt19937 engine(static_cast<unsigned>(count));
  std::normal_distribution<float> normal(mean, sd);
  std::vector<float> out(count);
  for (float& v : out) v = normal(engine);
  return out;
}

/// Values in memory as a type holds them, and back.
std::vector<std::byte> stored(const std::vector<float>& values, FloatType type) {
  std::vector<std::byte> out(values.size() * bytes_of(type));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (type == FloatType::f32) {
      std::memcpy(out.data() + 4 * i, &values[i], 4);
      continue;
    }
    const std::uint16_t bits = type == FloatType::f16 ? to_f16(values[i]) : to_bf16(values[i]);
    std::memcpy(out.data() + 2 * i, &bits, 2);
  }
  return out;
}
std::vector<float> read_back(const std::vector<std::byte>& bytes, FloatType type) {
  std::vector<float> out(bytes.size() / bytes_of(type));
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (type == FloatType::f32) {
      std::memcpy(&out[i], bytes.data() + 4 * i, 4);
      continue;
    }
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + 2 * i, 2);
    out[i] = type == FloatType::f16 ? to_float(Half{bits}) : to_float(BFloat16{bits});
  }
  return out;
}

/// One unit in the last place of a number near 1.
double unit_of(FloatType type) {
  return type == FloatType::f32 ? 0 : type == FloatType::f16 ? 0x1p-10 : 0x1p-7;
}

FeatureMap map_of(std::vector<std::byte>& bytes, FloatType type, const Shape& shape) {
  return {bytes.data(), type, shape.samples, shape.voxels, shape.channels};
}

/// Calls check(index, y) with what the definition gives for each value.
struct Expected {
  std::vector<double> values;
  std::vector<double> deviations;  ///< of the mean and the value from 0, in standard deviations
};
Expected by_definition(const std::vector<float>& x, const Shape& shape, const Affine& affine,
                       double eps, double slope) {
  Expected out{std::vector<double>(x.size()), std::vector<double>(x.size())};
  const auto channels = static_cast<std::size_t>(shape.channels);
  const auto voxels = static_cast<std::size_t>(shape.voxels);
  for (std::size_t series = 0; series < static_cast<std::size_t>(shape.samples) * channels;
       ++series) {
    const std::size_t c = series % channels, first = series / channels * voxels * channels + c;
    double mean = 0, squares = 0;
    for (std::size_t v = 0; v < voxels; ++v) mean += x[first + v * channels];
    mean /= static_cast<double>(voxels);
    for (std::size_t v = 0; v < voxels; ++v) {
      squares += std::pow(x[first + v * channels] - mean, 2);
    }
    const double sd = std::sqrt(squares / static_cast<double>(voxels) + eps);
    for (std::size_t v = 0; v < voxels; ++v) {
      const std::size_t i = first + v * channels;
      const double weight = affine.weight.empty() ? 1 : affine.weight[c];
      const double y = (x[i] - mean) / sd * weight + (affine.bias.empty() ? 0 : affine.bias[c]);
      out.values[i] = y > 0 ? y : y * slope;
      out.deviations[i] =
          (1 + std::abs(mean) / sd + std::abs(x[i]) / sd) * std::max(1.0, std::abs(weight));
    }
  }
  return out;
}

void expect_near(const std::vector<float>& found, const Expected& expected, FloatType type) {
  ASSERT_EQ(found.size(), expected.values.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double y = expected.values[i];
    const double allowed = kInstanceNormTolerance * expected.deviations[i] +
                           unit_of(type) * std::abs(y) + (type == FloatType::f16 ? 0x1p-24 : 0);
    if (std::abs(found[i] - y) <= allowed) continue;
    if (++wrong == 1) ADD_FAILURE() << "value " << i << ": " << found[i] << ", not " << y;
  }
  EXPECT_EQ(wrong, 0U);
}

class InstanceNormOn : public testing::OnBackend {
 protected:
  std::vector<float> run(const std::vector<float>& x, FloatType type, const Shape& shape,
                         const InstanceNorm& norm) {
    std::vector<std::byte> bytes = stored(x, type);
    instance_norm(device, map_of(bytes, type, shape), norm);
    return read_back(bytes, type);
  }
};

constexpr FloatType kTypes[] = {FloatType::f32, FloatType::f16, FloatType::bf16};

TEST_P(InstanceNormOn, GivesWhatIsWorkedOutByHand) {
  // Channel 0: 1, 2, 3, 6: mean 3, variance 14/4. Channel 1: the same, negative and in another
  // order.
  const std::vector<float> x{1, -6, 2, -3, 3, -2, 6, -1};
  const std::vector<float> weight{2, 1}, bias{10, 0};
  const float sd = std::sqrt(3.5F);
  for (const FloatType type : kTypes) {
    const auto y = run(x, type, {1, 4, 2}, {weight, bias, 0, .5F});
    const std::vector<float> expected{10 - 4 / sd, -3 / sd / 2, 10 - 2 / sd, 0,
                                      10,          1 / sd,      10 + 6 / sd, 2 / sd};
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(y[i], expected[i], 1e-6 + unit_of(type) * std::abs(expected[i])) << i;
    }
  }
}

TEST_P(InstanceNormOn, IsTheDefinitionForAwkwardSizes) {
  // Channels that fill loads of 16 bytes and that do not, more of them than a group has threads;
  // voxels about the length of a part.
  for (const Shape& shape :
       {Shape{1, 1, 1}, Shape{2, 2, 3}, Shape{1, 4095, 1}, Shape{1, 4097, 1}, Shape{1, 100003, 1},
        Shape{1, 15, 4}, Shape{2, 257, 8}, Shape{1, 16384, 8}, Shape{2, 1024, 32},
        Shape{1, 1025, 32}, Shape{3, 333, 25}, Shape{1, 1000, 33}, Shape{2, 97, 320},
        Shape{1, 31, 130}, Shape{1, 17, 259}, Shape{2, 19, 2056}, Shape{1, 9, 1027}}) {
    const auto channels = static_cast<std::size_t>(shape.channels);
    const Affine affine{random(channels, 0, 1), random(channels, 0, 1)};
    for (const FloatType type : kTypes) {
      SCOPED_TRACE(std::to_string(shape.voxels) + " voxels, " + std::to_string(channels) +
                   " channels, type " + std::to_string(static_cast<int>(type)));
      const auto x = read_back(stored(random(shape.count(), 5, 3), type), type);
      expect_near(run(x, type, shape, {affine.weight, affine.bias, 1e-5, .01F}),
                  by_definition(x, shape, affine, 1e-5, .01F), type);
      expect_near(run(x, type, shape, {}), by_definition(x, shape, {}, 1e-5, 1), type);
    }
  }
}

TEST(InstanceNormOfGroups, IsInstanceNormOfChannelsSideBySide) {
  // Groups of 2 of 4 channels, 5 voxels: as one channel each, of 10 values.
  std::vector<float> x(20), pairs(20);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(1.7F * static_cast<float>(i)) + 3;
  for (std::size_t v = 0; v < 5; ++v) {
    for (std::size_t c = 0; c < 4; ++c) pairs[(2 * v + c % 2) * 2 + c / 2] = x[4 * v + c];
  }
  InstanceNorm groups;
  groups.channels_per_group = 2;
  instance_norm_cpu({x.data(), FloatType::f32, 1, 5, 4}, groups);
  instance_norm_cpu({pairs.data(), FloatType::f32, 1, 10, 2}, {});
  for (std::size_t v = 0; v < 5; ++v) {
    for (std::size_t c = 0; c < 4; ++c) {
      EXPECT_NEAR(x[4 * v + c], pairs[(2 * v + c % 2) * 2 + c / 2], 1e-5) << v << " " << c;
    }
  }
  groups.channels_per_group = 3;
  testing::expect_error(ErrorCode::bad_argument, "groups", [&] {
    instance_norm_cpu({x.data(), FloatType::f32, 1, 5, 4}, groups);
  });
}

TEST_P(InstanceNormOn, KeepsItsDigitsFarFromZero) {
  // A mean of 1000 standard deviations: E[x^2] - E[x]^2 in single precision has no digit left.
  const Shape shape{1, 20000, 3};
  const auto x = random(shape.count(), 1000, 1);
  expect_near(run(x, FloatType::f32, shape, {}), by_definition(x, shape, {}, 1e-5, 1),
              FloatType::f32);
}

TEST_P(InstanceNormOn, OneValueFarFromTheOthersCostsNoDigits) {
  const Shape shape{1, 5000, 4};
  auto x = random(shape.count(), 0, 1);
  for (std::size_t i = 0; i < 4; ++i) x[i] = -1e4F;  // the first voxel, which sums are made about
  expect_near(run(x, FloatType::f32, shape, {}), by_definition(x, shape, {}, 1e-5, 1),
              FloatType::f32);
}

TEST_P(InstanceNormOn, AConstantChannelBecomesItsBias) {
  const Shape shape{1, 3000, 8};
  const std::vector<float> bias{1, 2, 3, 4, 5, 6, 7, 8};
  for (const FloatType type : kTypes) {
    const auto y = run(std::vector<float>(shape.count(), 64), type, shape, {{}, bias, 1e-5, 0});
    for (std::size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], bias[i % 8]);
  }
}

TEST_P(InstanceNormOn, GivesTheSameBitsAgain) {
  const Shape shape{2, 5003, 24};
  const auto x = random(shape.count(), 1, 2);
  for (const FloatType type : kTypes) {
    EXPECT_EQ(run(x, type, shape, {}), run(x, type, shape, {}));
  }
}

TEST_P(InstanceNormOn, NothingIsDoneToNothing) {
  for (const Shape& shape : {Shape{0, 5, 5}, Shape{5, 0, 5}, Shape{5, 5, 0}}) {
    EXPECT_TRUE(run({}, FloatType::f16, shape, {}).empty());
  }
}

TEST_P(InstanceNormOn, RefusesWeightsForOtherChannels) {
  const std::vector<float> two{1, 1};
  std::vector<std::byte> bytes(12);
  const auto refuses = [&](const FeatureMap& map, const InstanceNorm& norm) {
    expect_error(ErrorCode::bad_argument, "instance norm",
                 [&] { instance_norm(device, map, norm); });
  };
  refuses(map_of(bytes, FloatType::f32, {1, 1, 3}), {two, {}, 1e-5, 1});
  refuses(map_of(bytes, FloatType::f32, {1, 1, 3}), {{}, two, 1e-5, 1});
  refuses(map_of(bytes, FloatType::f32, {1, -1, -3}), {});
}

INSTANTIATE_TEST_SUITE_P(Backends, InstanceNormOn, testing::both_backends(), testing::backend_name);

class InstanceNormOnDevice : public testing::OnBackend {};

TEST_P(InstanceNormOnDevice, AMapThatBeginsAnywhereIsReadValueByValue) {
  const Shape shape{1, 777, 8};
  const Stream stream(device);
  for (const FloatType type : kTypes) {
    const std::size_t offset = bytes_of(type);
    const auto x = read_back(stored(random(shape.count(), 5, 3), type), type);
    std::vector<std::byte> bytes = stored(x, type);
    bytes.insert(bytes.begin(), offset, std::byte{0});
    const DeviceBuffer values(bytes.size(), stream);
    FeatureMap map = map_of(bytes, type, shape);
    map.values = static_cast<std::byte*>(values.data()) + offset;
    const DeviceBuffer scratch(instance_norm_scratch_bytes(map), stream);
    copy_to_device(bytes, values, stream);
    instance_norm_cuda(map, {}, scratch.data(), stream);
    copy_to_host(values, bytes, stream);
    stream.synchronize();
    EXPECT_EQ(bytes[0], std::byte{0});
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    expect_near(read_back(bytes, type), by_definition(x, shape, {}, 1e-5, 1), type);
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, InstanceNormOnDevice, ::testing::Values(Backend::cuda),
                         testing::backend_name);

}  // namespace
}  // namespace osler::kernels
