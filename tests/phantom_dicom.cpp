#include "phantom_dicom.hpp"

#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpeg/djrplol.h>
#include <fmt/format.h>

#include <span>
#include <stdexcept>

namespace osler::testing {
namespace {

void put(DcmDataset& data, const DcmTagKey& tag, const std::string& value) {
  if (data.putAndInsertString(tag, value.c_str()).bad()) {
    throw std::runtime_error(std::string("cannot set ") + tag.toString().c_str());
  }
}

void put_short(DcmDataset& data, const DcmTagKey& tag, int value) {
  data.putAndInsertUint16(tag, static_cast<Uint16>(value));
}

// Shortest text that reads back as the same double; longer than VR DS allows, which readers take.
std::string decimals(std::span<const double> values) {
  std::string text;
  for (const double v : values) text += (text.empty() ? "" : "\\") + fmt::format("{}", v);
  return text;
}

std::vector<std::uint32_t> words_of(const PhantomSeries& s, const Vec3& position) {
  const int shift = s.high_bit + 1 - s.bits_stored;
  const std::uint32_t value_bits = (s.bits_stored == 32 ? ~0U : (1U << s.bits_stored) - 1) << shift;
  std::vector<std::uint32_t> words;
  for (int r = 0; r < s.rows; ++r) {
    for (int c = 0; c < s.columns; ++c) {
      const Vec3 place =
          position + (c * s.spacing_mm[1]) * s.row + (r * s.spacing_mm[0]) * s.column;
      const auto value = static_cast<std::uint32_t>(s.stored(place));
      words.push_back(((value << shift) & value_bits) | (s.garbage & ~value_bits));
    }
  }
  return words;
}

void put_pixels(DcmDataset& data, const PhantomSeries& s, const Vec3& position) {
  const std::vector<std::uint32_t> words = words_of(s, position);
  if (s.bits_allocated == 8) {
    const std::vector<Uint8> bytes(words.begin(), words.end());
    data.putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size());
    return;
  }
  std::vector<Uint16> halves;
  for (const std::uint32_t word : words) {
    halves.push_back(static_cast<Uint16>(word));
    if (s.bits_allocated == 32) halves.push_back(static_cast<Uint16>(word >> 16));
  }
  data.putAndInsertUint16Array(DCM_PixelData, halves.data(), halves.size());
}

void fill(DcmDataset& data, const PhantomSeries& s, std::size_t file) {
  const bool ct = s.modality == "CT";
  const std::array<double, 6> orientation{s.row[0],    s.row[1],    s.row[2],
                                          s.column[0], s.column[1], s.column[2]};
  const long number =
      s.instance_numbers.empty() ? static_cast<long>(file) + 1 : s.instance_numbers.at(file);
  put(data, DCM_SOPClassUID, ct ? UID_CTImageStorage : UID_MRImageStorage);
  put(data, DCM_SOPInstanceUID, fmt::format("{}.{}", s.series_uid, file + 1));
  put(data, DCM_StudyInstanceUID, s.study_uid);
  put(data, DCM_SeriesInstanceUID, s.series_uid);
  put(data, DCM_FrameOfReferenceUID, s.study_uid + ".9");
  put(data, DCM_Modality, s.modality);
  put(data, DCM_ImageType, "ORIGINAL\\PRIMARY");
  put(data, DCM_InstanceNumber, std::to_string(number));
  put(data, DCM_ImagePositionPatient, decimals(s.positions_mm.at(file)));
  put(data, DCM_ImageOrientationPatient, decimals(orientation));
  put(data, DCM_PixelSpacing, decimals(s.spacing_mm));
  if (s.slope) put(data, DCM_RescaleSlope, fmt::format("{}", *s.slope));
  if (s.intercept) put(data, DCM_RescaleIntercept, fmt::format("{}", *s.intercept));
  put_short(data, DCM_SamplesPerPixel, 1);
  put(data, DCM_PhotometricInterpretation, "MONOCHROME2");
  put_short(data, DCM_Rows, s.rows);
  put_short(data, DCM_Columns, s.columns);
  put_short(data, DCM_BitsAllocated, s.bits_allocated);
  put_short(data, DCM_BitsStored, s.bits_stored);
  put_short(data, DCM_HighBit, s.high_bit);
  put_short(data, DCM_PixelRepresentation, s.is_signed ? 1 : 0);
  if (s.padding_value) put_short(data, DCM_PixelPaddingValue, static_cast<int>(*s.padding_value));
  put_pixels(data, s, s.positions_mm.at(file));
}

void compress(DcmDataset& data, E_TransferSyntax syntax) {
  static const bool registered = [] {
    DcmRLEEncoderRegistration::registerCodecs();
    DJEncoderRegistration::registerCodecs();
    return true;
  }();
  const DJ_RPLossless lossless;
  const bool jpeg = syntax == EXS_JPEGProcess14SV1;
  if (!registered || data.chooseRepresentation(syntax, jpeg ? &lossless : nullptr).bad() ||
      !data.canWriteXfer(syntax)) {
    throw std::runtime_error("the phantom cannot be compressed");
  }
}

void put_words(DcmItem& item, const DcmTagKey& tag, DcmEVR vr, const std::vector<Uint16>& words) {
  // A VR of its own: in the dictionary these are "US or SS or OW".
  DcmElement* element = vr == EVR_OW
                            ? static_cast<DcmElement*>(new DcmOtherByteOtherWord(DcmTag(tag, vr)))
                            : new DcmUnsignedShort(DcmTag(tag, vr));
  element->putUint16Array(words.data(), static_cast<unsigned long>(words.size()));
  if (item.insert(element, OFTrue).bad()) throw std::runtime_error("cannot set a table");
}

std::vector<Uint16> descriptor_words(const PhantomTable& table) {
  return {table.descriptor.begin(), table.descriptor.end()};
}

}  // namespace

void put_modality_lut(DcmDataset& data, const PhantomTable& table, const std::string& type) {
  DcmItem* item = nullptr;
  if (data.findOrCreateSequenceItem(DCM_ModalityLUTSequence, item).bad()) {
    throw std::runtime_error("cannot make a Modality LUT Sequence");
  }
  put_words(*item, DCM_LUTDescriptor, EVR_US, descriptor_words(table));
  put_words(*item, DCM_LUTData, EVR_OW, table.words);
  if (!type.empty()) item->putAndInsertString(DCM_ModalityLUTType, type.c_str());
}

void put_palette(DcmDataset& data, const std::array<PhantomTable, 3>& tables, bool segmented) {
  for (Uint16 colour = 0; colour < 3; ++colour) {
    const PhantomTable& table = tables[colour];
    const auto number = static_cast<Uint16>(colour + (segmented ? 0x1221 : 0x1201));
    put_words(data, DcmTagKey(0x0028, static_cast<Uint16>(0x1101 + colour)), EVR_US,
              descriptor_words(table));
    put_words(data, DcmTagKey(0x0028, number), EVR_OW, table.words);
  }
}

void put_picture(DcmDataset& data, const PhantomPicture& picture) {
  const bool one = picture.photometric.starts_with("MONO") || picture.photometric[0] == 'P';
  put(data, DCM_PhotometricInterpretation, picture.photometric);
  put_short(data, DCM_SamplesPerPixel, one ? 1 : 3);
  if (!one) put_short(data, DCM_PlanarConfiguration, picture.planar);
  put_short(data, DCM_Rows, picture.rows);
  put_short(data, DCM_Columns, picture.columns);
  if (picture.frames > 1) put(data, DCM_NumberOfFrames, std::to_string(picture.frames));
  put_short(data, DCM_BitsAllocated, picture.bits);
  put_short(data, DCM_BitsStored, picture.bits);
  put_short(data, DCM_HighBit, picture.bits - 1);
  put_short(data, DCM_PixelRepresentation, 0);
  if (picture.bits == 8) {
    std::vector<Uint8> bytes(picture.samples.begin(), picture.samples.end());
    data.putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size());
  } else {
    data.putAndInsertUint16Array(DCM_PixelData, picture.samples.data(), picture.samples.size());
  }
}

std::vector<Vec3> stack_of(int n, const Vec3& first_mm, const Vec3& step_mm) {
  std::vector<Vec3> positions;
  for (int k = 0; k < n; ++k) positions.push_back(first_mm + static_cast<double>(k) * step_mm);
  return positions;
}

std::vector<std::filesystem::path> write_phantom(const PhantomSeries& series,
                                                 const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::vector<std::filesystem::path> files;
  for (std::size_t i = 0; i < series.positions_mm.size(); ++i) {
    DcmFileFormat file;
    DcmDataset& data = *file.getDataset();
    fill(data, series, i);
    if (series.edit) series.edit(data, i);
    if (DcmXfer(series.syntax).isEncapsulated()) compress(data, series.syntax);
    files.push_back(folder / fmt::format("{:04}.dcm", i));
    if (file.saveFile(files.back().c_str(), series.syntax).bad()) {
      throw std::runtime_error("the phantom cannot be written to " + files.back().string());
    }
  }
  return files;
}

dicom::Series read_only_series(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> inputs{folder};
  dicom::ScanResult found = dicom::scan(inputs);
  if (!found.unreadable.empty()) throw std::runtime_error(found.unreadable.front().reason);
  if (found.studies.size() != 1 || found.studies.front().series.size() != 1) {
    throw std::runtime_error("the folder holds more or less than one series");
  }
  return std::move(found.studies.front().series.front());
}

}  // namespace osler::testing
