#pragma once
// The modules of a single-frame CT or MR image that is made of a volume. Inside the room only.

#include <cstddef>
#include <string>
#include <vector>

#include "objects/image_series.hpp"
#include "objects/image_source.hpp"
#include "objects/pixel_coding.hpp"

class DcmItem;

namespace osler::objects {

/// One series on the way to its files.
struct NewSeries {
  const Volume& volume;
  std::string modality;
  PixelCoding coding;
  std::vector<std::string> content;  ///< that all UIDs are derived from
  ImageSource* source = nullptr;     ///< at the frame of the slice; null without DICOM source
  const ImageDescription* description = nullptr;  ///< null with DICOM source

  std::string uid(std::string role) const;
};

/// Every attribute of image `k`. @param error  of the coding, of the whole series
void put_image(DcmItem& item, const NewSeries& series, std::size_t k, double error);

}  // namespace osler::objects
