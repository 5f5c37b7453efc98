#include "objects/pixel_coding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.hpp"
#include "core/plain_text.hpp"
#include "objects/elements.hpp"

namespace osler::objects {
namespace {

constexpr double kSteps = 65535;

std::size_t voxels_per_slice(const Volume& volume) {
  return static_cast<std::size_t>(volume.grid.size[0] * volume.grid.size[1]);
}

/// Calls work(index in the slice, stored value).
template <class Work>
void each_stored(const Volume& volume, std::size_t slice, Work&& work) {
  with_scalar(volume.type, [&]<class Scalar>(Scalar) {
    const std::size_t n = voxels_per_slice(volume);
    const auto* stored = reinterpret_cast<const Scalar*>(volume.voxels.get()) + slice * n;
    for (std::size_t i = 0; i < n; ++i) work(i, static_cast<double>(stored[i]));
  });
}

/// The nearest number that a decimal string holds.
double as_decimal_string(double value) {
  return std::stod(decimal_string(value));
}

double decoded(std::uint16_t word, bool is_signed) {
  return is_signed ? static_cast<double>(static_cast<std::int16_t>(word)) : word;
}

}  // namespace

PixelCoding choose_coding(const Volume& volume) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  bool finite = true, whole = true;
  for (std::size_t k = 0; k < volume.slices.size(); ++k) {
    each_stored(volume, k, [&](std::size_t, double v) {
      finite = finite && std::isfinite(v);
      whole = whole && v == std::nearbyint(v);
      low = std::min(low, v);
      high = std::max(high, v);
    });
  }
  if (!finite) {
    throw Error(ErrorCode::bad_input, "the volume holds values that are infinite or not numbers",
                "values that integers can hold", "replace them first");
  }
  switch (volume.type) {
    case ScalarType::u8:
    case ScalarType::u16:
      return {};
    case ScalarType::i8:
    case ScalarType::i16:
      return {.is_signed = true};
    default:
      break;
  }
  if (whole && low >= 0 && high <= kSteps) return {};
  if (whole && low >= -32768 && high <= 32767) return {.is_signed = true};
  if (low == high || (whole && high - low <= kSteps)) return {.low = low};
  return {.low = low, .step = (high - low) / kSteps, .exact = false};
}

CodedRescale coded_rescale(const Volume& volume, const PixelCoding& coding, std::size_t slice) {
  const SliceSource& s = volume.slices[slice];
  return {as_decimal_string(s.slope * coding.step),
          as_decimal_string(s.slope * coding.low + s.intercept)};
}

std::vector<std::uint16_t> coded_slice(const Volume& volume, const PixelCoding& coding,
                                       std::size_t slice) {
  std::vector<std::uint16_t> words(voxels_per_slice(volume));
  each_stored(volume, slice, [&](std::size_t i, double v) {
    words[i] = static_cast<std::uint16_t>(std::llround((v - coding.low) / coding.step));
  });
  return words;
}

std::optional<Volume::Padding> coded_padding(const Volume& volume, const PixelCoding& coding) {
  if (!volume.padding) return std::nullopt;
  const auto coded = [&](std::int64_t v) -> std::int64_t {
    return std::llround((static_cast<double>(v) - coding.low) / coding.step);
  };
  const std::int64_t least = coding.is_signed ? -32768 : 0, most = least + 65535;
  // What reaches beyond the range of 16 bits is held by no voxel there.
  const Volume::Padding held{std::max(coded(volume.padding->low), least),
                             std::min(coded(volume.padding->high), most)};
  return held.low <= held.high ? std::optional(held) : std::nullopt;
}

double largest_error(const Volume& volume, const PixelCoding& coding, std::size_t slice,
                     const std::vector<std::uint16_t>& coded) {
  if (coding.exact) return 0;
  const SliceSource& s = volume.slices[slice];
  const CodedRescale rescale = coded_rescale(volume, coding, slice);
  double worst = 0;
  each_stored(volume, slice, [&](std::size_t i, double v) {
    const double back = rescale.slope * decoded(coded[i], coding.is_signed) + rescale.intercept;
    worst = std::max(worst, std::abs(s.slope * v + s.intercept - back));
  });
  return worst;
}

}  // namespace osler::objects
