#pragma once
// A classifier on pictures, each for itself, or on a volume: probabilities, and what is present.

#include <functional>
#include <vector>

#include "dicom/study.hpp"
#include "findings/findings.hpp"
#include "findings/picture.hpp"
#include "pipeline/run_series.hpp"

namespace osler {

struct Classified {
  Findings findings;
  SharedVolume volume;         ///< what was classified; null if it was pictures
  std::vector<Picture> shown;  ///< for the page: pictures as they came, a volume's middle
};

/// Pictures that a page shows at most.
inline constexpr std::size_t kMostPicturesShown = 24;

/// Each picture through the network. What the gates or the image steps refuse comes back as status
/// `partial` with the reasons. @throws Error bad_input (a picture cannot be decoded), model, device
/// @param pictures  of one series, as choose_pictures gives them; at least one
/// @param warnings  go with the findings
Classified classify_pictures(LoadedModel& model,
                             const std::vector<const dicom::Instance*>& pictures,
                             const std::vector<Reason>& warnings, const RunContext& context);

/// A volume through the network, as run_series takes it.
Classified classify_volume(LoadedModel& model, const std::function<ChannelVolumes()>& load,
                           const std::vector<Reason>& warnings, const RunContext& context);

}  // namespace osler
