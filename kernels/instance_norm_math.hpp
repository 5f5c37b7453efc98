#pragma once
// The formulas of kernels/instance_norm.hpp that its device part is made of, and what both check.

#include "core/error.hpp"
#include "kernels/host_device.hpp"
#include "kernels/instance_norm.hpp"

namespace osler::kernels {

inline void check_instance_norm(const FeatureMap& map, const InstanceNorm& norm) {
  if (map.samples < 0 || map.voxels < 0 || map.channels < 0) {
    throw Error(ErrorCode::bad_argument, "instance norm: a negative size");
  }
  if (norm.channels_per_group < 1 || map.channels % norm.channels_per_group != 0) {
    throw Error(ErrorCode::bad_argument, "instance norm: groups that do not divide the channels");
  }
  for (const std::span<const float> affine : {norm.weight, norm.bias}) {
    if (!affine.empty() && affine.size() != static_cast<std::size_t>(map.channels)) {
      throw Error(ErrorCode::bad_argument, "instance norm: weights or biases for other channels");
    }
  }
}

/// Values: how many, their mean, and the sum of their squared distances from it.
struct Moments {
  float count;
  float mean;
  float squares;
};

/// Takes one value more (Welford 1962). @param share of all values, this one included: 1 / count
OSLER_HOST_DEVICE inline void take(float value, float share, float& mean, float& squares) {
  const float apart = value - mean;
  mean += apart * share;
  squares += apart * (value - mean);
}

/// Chan, Golub and LeVeque 1979. Of none and none is none.
OSLER_HOST_DEVICE inline Moments joined(const Moments& a, const Moments& b) {
  if (b.count == 0) return a;
  if (a.count == 0) return b;
  const float count = a.count + b.count, apart = b.mean - a.mean;
  const float share = b.count / count;
  return {count, a.mean + apart * share, a.squares + b.squares + apart * apart * a.count * share};
}

OSLER_HOST_DEVICE inline float activated(float value, float slope) {
  return value > 0 ? value : value * slope;
}

}  // namespace osler::kernels
