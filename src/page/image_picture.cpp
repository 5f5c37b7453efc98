#include "page/image_picture.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>

namespace osler::page {
namespace {

constexpr double kDark = 0.005, kBright = 0.995;  ///< shares of the pixels below black and white
constexpr double kMostStretched = 10;             ///< a pixel that is longer is a mistake

cv::Mat grey_of(const dicom::Picture& image) {
  const auto& values = std::get<std::vector<float>>(image.values);
  std::vector<float> sorted;
  sorted.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (image.padding.empty() || !image.padding[i]) sorted.push_back(values[i]);
  }
  cv::Mat grey = cv::Mat::zeros(image.rows, image.columns, CV_8UC3);
  if (sorted.empty()) return grey;
  const auto at = [&](double share) {
    const auto place = sorted.begin() +
                       static_cast<std::ptrdiff_t>(share * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), place, sorted.end());
    return static_cast<double>(*place);
  };
  const double low = at(kDark), high = at(kBright);
  const double range = high > low ? high - low : 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!image.padding.empty() && image.padding[i]) continue;
    const double share = std::clamp((static_cast<double>(values[i]) - low) / range, 0.0, 1.0);
    const auto shade = static_cast<std::uint8_t>(std::lround(255 * share));
    grey.ptr<cv::Vec3b>()[i] = {shade, shade, shade};
  }
  return grey;
}

template <typename T>
cv::Mat colour_of(const dicom::Picture& image, const std::vector<T>& samples) {
  cv::Mat rgb(image.rows, image.columns, CV_8UC3);
  const double scale = 255.0 / static_cast<double>((1U << image.colour_bits) - 1);
  std::transform(samples.begin(), samples.end(), rgb.ptr<std::uint8_t>(), [scale](T sample) {
    return static_cast<std::uint8_t>(std::lround(std::min(255.0, scale * sample)));
  });
  return rgb;
}

cv::Mat rgb_of(const dicom::Picture& image) {
  if (const auto* words = std::get_if<std::vector<std::uint8_t>>(&image.values)) {
    return colour_of(image, *words);
  }
  if (const auto* words = std::get_if<std::vector<std::uint16_t>>(&image.values)) {
    return colour_of(image, *words);
  }
  return grey_of(image);
}

/// Of a pixel.
double height_to_width(const dicom::Picture& image) {
  const double ratio = image.pixel_size ? image.pixel_size->mm[0] / image.pixel_size->mm[1]
                                        : image.pixel_height_to_width.value_or(1);
  return ratio > 1 / kMostStretched && ratio < kMostStretched ? ratio : 1;
}

}  // namespace

Picture draw_image(const dicom::Picture& image, std::string name, std::string caption) {
  const cv::Mat rgb = rgb_of(image);
  const double height = image.rows * height_to_width(image), width = image.columns;
  const double scale = kPictureWidth / std::max(height, width);
  const cv::Size size(std::max(1, static_cast<int>(std::lround(scale * width))),
                      std::max(1, static_cast<int>(std::lround(scale * height))));
  cv::Mat scaled;
  cv::resize(rgb, scaled, size, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  Picture picture;
  picture.name = std::move(name);
  picture.caption = std::move(caption);
  picture.width = scaled.cols;
  picture.height = scaled.rows;
  picture.rgb.assign(scaled.datastart, scaled.dataend);
  picture.outlined = false;
  return picture;
}

}  // namespace osler::page
