#pragma once
// Segmentations as other programs may write them, built element by element with DCMTK.

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/affine.hpp"

namespace osler::testing {

/// A frame of 3 columns and 3 rows of 1 x 2 mm, in a transverse plane.
struct StoredFrame {
  int segment = 1;
  double z_mm = 0;
  std::vector<int> pixels = std::vector<int>(9);  ///< row by row
  double x_mm = -5;
};

struct StoredSeg {
  std::string type = "BINARY";
  int bits = 1;
  std::vector<int> segments = {1};
  std::vector<StoredFrame> frames;
  int maximum_fraction = 255;
  int padding = -1;  ///< Pixel Padding Value; below 0: absent
  std::string spacing_between_slices = "2.5";
  std::string frame_of_reference = "1.2.3.4";
  std::string character_set = "ISO_IR 100";
  std::string label = "L\xE4sion";  ///< and the segment's number
};

inline DcmItem& new_item(DcmItem& parent, const DcmTagKey& sequence) {
  DcmItem* item = nullptr;
  if (parent.findOrCreateSequenceItem(sequence, item, -2).bad()) throw std::runtime_error("item");
  return *item;
}

inline void write(const StoredSeg& seg, const std::filesystem::path& file,
                  E_TransferSyntax syntax = EXS_LittleEndianExplicit) {
  DcmFileFormat format;
  DcmDataset& d = *format.getDataset();
  const auto put = [](DcmItem& item, const DcmTagKey& tag, const std::string& value) {
    if (item.putAndInsertString(tag, value.c_str()).bad()) throw std::runtime_error("put");
  };
  const auto put_us = [](DcmItem& item, const DcmTagKey& tag, int value) {
    item.putAndInsertUint16(tag, static_cast<Uint16>(value));
  };
  const bool labels = seg.type == "LABELMAP";
  put(d, DCM_SpecificCharacterSet, seg.character_set);
  put(d, DCM_SOPClassUID, labels ? "1.2.840.10008.5.1.4.1.1.66.7" : UID_SegmentationStorage);
  put(d, DCM_SOPInstanceUID, "1.2.3.1");
  put(d, DCM_StudyInstanceUID, "1.2.3.2");
  put(d, DCM_SeriesInstanceUID, "1.2.3.3");
  put(d, DCM_Modality, "SEG");
  if (!seg.frame_of_reference.empty()) put(d, DCM_FrameOfReferenceUID, seg.frame_of_reference);
  put_us(d, DCM_SamplesPerPixel, 1);
  put(d, DCM_PhotometricInterpretation, "MONOCHROME2");
  put(d, DCM_NumberOfFrames, std::to_string(seg.frames.size()));
  put_us(d, DCM_Rows, 3);
  put_us(d, DCM_Columns, 3);
  put_us(d, DCM_BitsAllocated, seg.bits);
  put_us(d, DCM_BitsStored, seg.bits);
  put_us(d, DCM_HighBit, seg.bits - 1);
  put_us(d, DCM_PixelRepresentation, 0);
  if (seg.padding >= 0) put_us(d, DCM_PixelPaddingValue, seg.padding);
  put(d, DCM_SegmentationType, seg.type);
  if (seg.type == "FRACTIONAL") put_us(d, DCM_MaximumFractionalValue, seg.maximum_fraction);
  for (const int number : seg.segments) {
    DcmItem& item = new_item(d, DCM_SegmentSequence);
    put_us(item, DCM_SegmentNumber, number);
    put(item, DCM_SegmentLabel, seg.label + " " + std::to_string(number));
    put(item, DCM_SegmentAlgorithmType, "MANUAL");
    put(item, DCM_TrackingUID, "1.2.3.9." + std::to_string(number));
    DcmItem& type = new_item(item, DCM_SegmentedPropertyTypeCodeSequence);
    put(type, DCM_CodeValue, "52988006");
    put(type, DCM_CodingSchemeDesignator, "SCT");
    put(type, DCM_CodeMeaning, "Lesion");
    const Uint16 lab[3] = {35579, 53664,
                           50858};  // sRGB red under D50: L* 54.29, a* 80.81, b* 69.89
    item.putAndInsertUint16Array(DCM_RecommendedDisplayCIELabValue, lab, 3);
  }
  DcmItem& shared = new_item(d, DCM_SharedFunctionalGroupsSequence);
  DcmItem& measures = new_item(shared, DCM_PixelMeasuresSequence);
  put(measures, DCM_PixelSpacing, "2\\1");
  if (!seg.spacing_between_slices.empty()) {
    put(measures, DCM_SpacingBetweenSlices, seg.spacing_between_slices);
  }
  put(new_item(shared, DCM_PlaneOrientationSequence), DCM_ImageOrientationPatient,
      "1\\0\\0\\0\\1\\0");
  for (const StoredFrame& frame : seg.frames) {
    DcmItem& item = new_item(d, DCM_PerFrameFunctionalGroupsSequence);
    char position[64];
    std::snprintf(position, sizeof position, "%g\\7\\%g", frame.x_mm, frame.z_mm);
    put(new_item(item, DCM_PlanePositionSequence), DCM_ImagePositionPatient, position);
    if (!labels) {
      put_us(new_item(item, DCM_SegmentIdentificationSequence), DCM_ReferencedSegmentNumber,
             frame.segment);
    }
  }
  std::vector<Uint8> bytes;
  std::size_t bit = 0;
  for (const StoredFrame& frame : seg.frames) {
    for (const int pixel : frame.pixels) {
      if (seg.bits == 1) {
        if (bit % 8 == 0) bytes.push_back(0);
        if (pixel != 0) bytes.back() = static_cast<Uint8>(bytes.back() | 1U << (bit % 8));
        ++bit;
      } else {
        bytes.push_back(static_cast<Uint8>(pixel & 0xFF));
        if (seg.bits == 16) bytes.push_back(static_cast<Uint8>(pixel >> 8));
      }
    }
  }
  if (bytes.size() % 2 != 0) bytes.push_back(0);
  if (seg.bits == 16) {
    std::vector<Uint16> words;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
      words.push_back(static_cast<Uint16>(bytes[i] | bytes[i + 1] << 8));
    }
    d.putAndInsertUint16Array(DCM_PixelData, words.data(), words.size());
  } else {
    d.putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size());
  }
  if (format.saveFile(file.c_str(), syntax).bad()) throw std::runtime_error("saveFile");
}

}  // namespace osler::testing
