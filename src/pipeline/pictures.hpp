#pragma once
// Single images of a series that a classifier takes one by one, and what its image steps see of
// them.

#include <vector>

#include "dicom/picture.hpp"
#include "dicom/study.hpp"
#include "registry/package.hpp"
#include "volume/verdict.hpp"

namespace osler {

struct PictureChoice {
  std::vector<const dicom::Instance*> pictures;  ///< in order of Instance Number
  /// Why there are none; else why images of the series are left out, none of which refuses.
  std::vector<Reason> reasons;
};

/// Images of one frame whose colours the package takes, in a series of a modality and a body part
/// that it takes. Nothing is decoded. The series must outlive the choice.
/// @param package  one that classifies pictures
PictureChoice choose_pictures(const dicom::Series& series, const ModelPackage& package);

/// A picture as volumes of one slice, one for each channel of the network: x is its columns, y its
/// rows from the top; real values of the picture, larger is brighter. Padding takes the least value
/// that is none. A pixel of unknown size is 1 mm wide and high.
std::vector<Volume> channels_of(const dicom::Picture& picture, const Classification& rules);

}  // namespace osler
