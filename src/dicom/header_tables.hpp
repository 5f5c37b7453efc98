#pragma once
// Look-up tables as the header scan keeps them: where they lie, not what they hold. Inside the room
// only.

#include <cstdint>
#include <vector>

#include "dicom/element_reader.hpp"
#include "dicom/study.hpp"
#include "dicom/values.hpp"

namespace osler::dicom {

/// One item of Modality LUT Sequence.
ModalityLut read_modality_lut_item(ElementReader& item, const Values& values);

/// Takes descriptors and data of the red, green and blue Palette Color Lookup Table, segmented or
/// not, into three tables. @return false if the element is none of them
bool take_palette(const Element& e, const Values& values, std::vector<TableInFile>& palette);

}  // namespace osler::dicom
