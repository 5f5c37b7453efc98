// What a page shows of pictures that were classified.

#include <gtest/gtest.h>

#include "evaluations_phantom.hpp"
#include "page/html.hpp"
#include "page/image_picture.hpp"
#include "page/pictures.hpp"

namespace osler::page {
namespace {

using phantom::Phantom;

TEST(Evaluations, ThePageSaysWhatWasFoundAndOnWhatItRests) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::classified(folder.path / "source", true);
  dicom::Picture image;
  image.rows = 2;
  image.columns = 4;
  image.values = std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7};
  const std::string page = to_html(p.findings, {}, {draw_image(image, "Image 1", "as it came")});
  for (const char* words :
       {"<h3>Image 1</h3>", "<h3>Image 2</h3>", "0.9877", "&lt; 0.0001", "&gt; 0.9999", ">0.4<",
        "present", "absent", "no other class is present", "fitted on 100 &lt;other&gt; pictures",
        "AI, unverified", "Image 1, as it came", "2 images"}) {
    EXPECT_NE(page.find(words), std::string::npos) << words;
  }
  EXPECT_EQ(page.find("Volumes"), std::string::npos);
  EXPECT_EQ(page.find("with outlines"), std::string::npos);
}

TEST(DrawImage, BrightIsBrightAndPixelsAreAsHighAsWide) {
  dicom::Picture image;
  image.rows = 2;
  image.columns = 4;
  image.values = std::vector<float>{0, 1, 2, 3, 4, 5, 6, 999};
  image.padding = {false, false, false, false, false, false, false, true};
  image.pixel_size = dicom::PixelSize{{2, 1}, dicom::PixelSizeFrom::imager_pixel_spacing};
  const Picture picture = draw_image(image, "Image 1", "");
  EXPECT_EQ(picture.width, kPictureWidth);
  EXPECT_EQ(picture.height, kPictureWidth);
  EXPECT_EQ(picture.rgb.size(), 3U * kPictureWidth * kPictureWidth);
  EXPECT_EQ(picture.rgb.front(), 0);
  const std::size_t last_row = 3U * kPictureWidth * (kPictureWidth - 1);
  EXPECT_EQ(picture.rgb.back(), 0);  // padding
  EXPECT_GT(picture.rgb[last_row + 3U * (kPictureWidth * 5 / 8)], 200);
}

TEST(DrawImage, ColourIsScaledToEightBits) {
  dicom::Picture image;
  image.rows = 1;
  image.columns = 1;
  image.colour_bits = 12;
  image.values = std::vector<std::uint16_t>{4095, 0, 2048};
  const Picture picture = draw_image(image, "Image 1", "");
  EXPECT_EQ(std::vector<std::uint8_t>(picture.rgb.begin(), picture.rgb.begin() + 3),
            (std::vector<std::uint8_t>{255, 0, 128}));
}

}  // namespace
}  // namespace osler::page
