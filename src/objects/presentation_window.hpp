#pragma once
// How a Presentation State shows the values of its images: Modality LUT and Softcopy VOI LUT.
// Inside the room only.

#include <optional>
#include <span>
#include <string>

#include "findings/findings.hpp"
#include "objects/image_source.hpp"
#include "objects/presentation_state.hpp"
#include "volume/volume.hpp"

class DcmItem;

namespace osler::objects {

/// The source's images as annotations name them.
struct ImageNames {
  std::span<const SliceSource> instances;
  bool multi_frame = false;  ///< names frames
};
ImageNames image_names(const Findings& findings);

/// Referenced Image Sequence: the images of some slices; of multi-frame instances their frames.
void put_image_references(DcmItem& item, const ImageNames& names,
                          std::span<const std::int64_t> slices);

/// Modality LUT of the images, Softcopy VOI LUT and Presentation LUT Shape. Where slices have
/// different rescale values (PET) no one Modality LUT fits: there is none then, and each image has
/// the window in its own stored values.
/// @param source  opened at the image whose window is taken
/// @param window  absent: the source's, else between two percentiles of the volume's values
/// @return why it cannot be, or an empty text
std::string put_grey_scale(DcmItem& object, const Findings& findings, const Volume& volume,
                           const ImageSource& source, const std::optional<DisplayWindow>& window);

}  // namespace osler::objects
