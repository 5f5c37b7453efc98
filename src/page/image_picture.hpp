#pragma once
// An image as it came, for the page.

#include <string>

#include "dicom/picture.hpp"
#include "page/pictures.hpp"

namespace osler::page {

/// At most kPictureWidth wide and high, pixels as high as wide. Grey: the values between two
/// percentiles, padding black; colour: as it is.
Picture draw_image(const dicom::Picture& image, std::string name, std::string caption);

}  // namespace osler::page
