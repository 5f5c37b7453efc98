#pragma once
// A phantom of single frames as one enhanced MR object, its frames in reverse order: slice k is
// frame n - k.

#include <vector>

#include "findings_phantom.hpp"

namespace osler::phantom {

inline DcmItem& macro(DcmItem& group, const DcmTagKey& tag) {
  DcmItem* item = nullptr;
  group.findOrCreateSequenceItem(tag, item);
  return *item;
}

inline void move_element(DcmItem& to, DcmItem& from, const DcmTagKey& tag) {
  DcmElement* element = from.remove(tag);
  if (element == nullptr || to.insert(element, OFTrue).bad()) throw std::runtime_error("move");
}

/// Replaces the phantom's files and the instances that its slices name.
inline void make_enhanced(Phantom& phantom) {
  std::vector<SliceSource>& slices = phantom.volume.slices;
  DcmFileFormat file;
  if (file.loadFile(slices.front().file.c_str()).bad()) throw std::runtime_error("loadFile");
  file.loadAllDataIntoMemory();
  DcmDataset& data = *file.getDataset();
  DcmItem& shared = macro(data, DCM_SharedFunctionalGroupsSequence);
  move_element(macro(shared, DCM_PlaneOrientationSequence), data, DCM_ImageOrientationPatient);
  DcmItem& measures = macro(shared, DCM_PixelMeasuresSequence);
  move_element(measures, data, DCM_PixelSpacing);
  move_element(measures, data, DCM_SliceThickness);
  data.findAndDeleteElement(DCM_ImagePositionPatient);

  std::vector<Uint16> pixels;
  for (std::size_t frame = 0; frame < slices.size(); ++frame) {
    const SliceSource& slice = slices[slices.size() - 1 - frame];
    DcmFileFormat single;
    if (single.loadFile(slice.file.c_str()).bad()) throw std::runtime_error("loadFile");
    DcmItem* group = nullptr;
    data.findOrCreateSequenceItem(DCM_PerFrameFunctionalGroupsSequence, group, -2);
    move_element(macro(*group, DCM_PlanePositionSequence), *single.getDataset(),
                 DCM_ImagePositionPatient);
    DcmItem& values = macro(*group, DCM_PixelValueTransformationSequence);
    values.putAndInsertString(DCM_RescaleSlope, "1");
    values.putAndInsertString(DCM_RescaleIntercept, "0");
    values.putAndInsertString(DCM_RescaleType, "US");
    const Uint16* words = nullptr;
    unsigned long count = 0;
    single.getDataset()->findAndGetUint16Array(DCM_PixelData, words, &count);
    pixels.insert(pixels.end(), words, words + count);
  }
  for (const SliceSource& slice : slices) std::filesystem::remove(slice.file);
  const std::filesystem::path out = phantom.folder / "enhanced.dcm";
  const std::string uid = uid_of(900);
  data.putAndInsertString(DCM_SOPClassUID, UID_EnhancedMRImageStorage);
  data.putAndInsertString(DCM_SOPInstanceUID, uid.c_str());
  data.putAndInsertString(DCM_NumberOfFrames, std::to_string(slices.size()).c_str());
  data.putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
  if (file.saveFile(out.c_str(), EXS_LittleEndianExplicit).bad()) {
    throw std::runtime_error("saveFile");
  }
  for (std::size_t k = 0; k < slices.size(); ++k) {
    slices[k] = {UID_EnhancedMRImageStorage, uid, out, static_cast<int>(slices.size() - k)};
  }
  name_source(phantom);
}

}  // namespace osler::phantom
