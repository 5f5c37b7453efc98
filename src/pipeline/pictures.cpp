#include "pipeline/pictures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "pipeline/fit.hpp"

namespace osler {
namespace {

/// Why one image is not taken: a code of docs/json.md and words that follow "... of ... images".
using Problem = std::pair<std::string, std::string>;

std::optional<bool> is_colour(const dicom::PixelFormat& pixels) {
  const std::string_view words = pixels.photometric_interpretation;
  if (words.starts_with("MONOCHROME")) return false;
  if (words == "RGB" || words == "PALETTE COLOR" || words.starts_with("YBR_")) return true;
  return std::nullopt;
}

std::optional<Problem> problem_of(const dicom::Instance& image, const Classification& rules) {
  if (!image.damage.empty()) return Problem{"damaged_file", "damaged"};
  if (!image.has_pixel_data || image.pixels.rows < 1 || image.pixels.columns < 1) {
    return Problem{"not_an_image", "without pixels"};
  }
  if (image.pixels.frames != 1) return Problem{"several_frames", "of several frames"};
  const std::optional<bool> colour = is_colour(image.pixels);
  if (!colour) return Problem{"photometric_interpretation", "of colours that are not read"};
  if (*colour && !rules.colour) return Problem{"colour_image", "in colour"};
  if (!*colour && rules.colour && rules.repeat_to != 3) return Problem{"grey_image", "grey"};
  return std::nullopt;
}

std::vector<float> grey_values(const dicom::Picture& picture) {
  std::vector<float> values = std::get<std::vector<float>>(picture.values);
  if (picture.padding.empty()) return values;
  float least = std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!picture.padding[i]) least = std::min(least, values[i]);
  }
  if (least == std::numeric_limits<float>::infinity()) least = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (picture.padding[i]) values[i] = least;
  }
  return values;
}

template <typename T>
std::vector<float> colour_values(const std::vector<T>& samples, std::size_t channel) {
  std::vector<float> values(samples.size() / 3);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(samples[3 * i + channel]);
  }
  return values;
}

std::vector<float> values_of(const dicom::Picture& picture, std::size_t channel) {
  if (const auto* words = std::get_if<std::vector<std::uint8_t>>(&picture.values)) {
    return colour_values(*words, channel);
  }
  if (const auto* words = std::get_if<std::vector<std::uint16_t>>(&picture.values)) {
    return colour_values(*words, channel);
  }
  return grey_values(picture);
}

Volume volume_of(const dicom::Picture& picture, const std::vector<float>& values) {
  const std::array<double, 2> mm =
      picture.pixel_size ? picture.pixel_size->mm : std::array<double, 2>{1, 1};
  Volume volume;
  volume.grid = {{picture.columns, picture.rows, 1},
                 Affine::from_columns({mm[1], 0, 0}, {0, mm[0], 0}, {0, 0, 1}, {0, 0, 0}),
                 {}};
  volume.type = ScalarType::f32;
  volume.slices.resize(1);
  volume.voxels = std::make_unique<std::byte[]>(volume.bytes());
  std::memcpy(volume.voxels.get(), values.data(), volume.bytes());
  return volume;
}

}  // namespace

PictureChoice choose_pictures(const dicom::Series& series, const ModelPackage& package) {
  PictureChoice choice;
  choice.reasons = series_misfits(series, package);
  if (!choice.reasons.empty()) return choice;
  std::map<Problem, std::size_t> left_out;
  for (const dicom::Instance& image : series.instances) {
    if (const auto problem = problem_of(image, *package.classification())) {
      ++left_out[*problem];
    } else {
      choice.pictures.push_back(&image);
    }
  }
  for (const auto& [problem, count] : left_out) {
    choice.reasons.push_back(
        {problem.first,
         fmt::format("{} of {} images {} {}; {} takes single {} images", count,
                     series.instances.size(), count == 1 ? "is" : "are", problem.second,
                     package.name, package.classification()->colour ? "colour" : "grey"),
         choice.pictures.empty()});
  }
  if (series.instances.empty()) {
    choice.reasons.push_back({"not_an_image", "the series has no images", true});
  }
  std::ranges::stable_sort(choice.pictures, [](const auto* a, const auto* b) {
    const auto place = [](const dicom::Instance& image) {
      return std::pair(image.instance_number.value_or(std::numeric_limits<long>::max()),
                       std::string_view(image.sop_instance_uid));
    };
    return place(*a) < place(*b);
  });
  return choice;
}

std::vector<Volume> channels_of(const dicom::Picture& picture, const Classification& rules) {
  const std::size_t channels = rules.colour ? 3 : static_cast<std::size_t>(rules.repeat_to);
  std::vector<Volume> volumes;
  for (std::size_t i = 0; i < channels; ++i) {
    volumes.push_back(volume_of(picture, values_of(picture, i)));
  }
  return volumes;
}

}  // namespace osler
