#include "dicom_samples/dicom_series.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/uid.hpp"

namespace osler::sample {
namespace {

constexpr int kOrientationDecimals = 10;
constexpr int kPositionDecimals = 6;
constexpr int kSpacingDecimals = 6;

std::string uid_for(const DicomSeries& series, const std::string& role) {
  std::vector<std::string> parts = series.identity;
  parts.push_back(role);
  return derived_uid(parts);
}

std::string join(const Vec3& v, int decimals) {
  return decimal_string(v[0], decimals) + "\\" + decimal_string(v[1], decimals) + "\\" +
         decimal_string(v[2], decimals);
}

void put(DcmItem& item, const std::string& keyword, const std::string& value) {
  DcmTag tag;
  if (DcmTag::findTagFromName(keyword.c_str(), tag).bad()) {
    throw Error(ErrorCode::bad_argument, fmt::format("no DICOM attribute is called '{}'", keyword));
  }
  if (item.putAndInsertString(tag, value.c_str()).bad()) {
    throw Error(ErrorCode::bad_argument, fmt::format("'{}' cannot be set", keyword));
  }
}

std::vector<Attribute> common_attributes(const DicomSeries& series) {
  const Vec3 along_row = series.voxel_to_lps.column(0);
  const Vec3 along_column = series.voxel_to_lps.column(1);
  const double column_mm = norm(along_row), row_mm = norm(along_column);
  return {
      {"SpecificCharacterSet", "ISO_IR 192"},
      {"SOPClassUID", series.sop_class_uid},
      {"StudyInstanceUID", uid_for(series, "study")},
      {"SeriesInstanceUID", uid_for(series, "series")},
      {"FrameOfReferenceUID", uid_for(series, "frame of reference")},
      {"ImageOrientationPatient", join((1.0 / column_mm) * along_row, kOrientationDecimals) + "\\" +
                                      join((1.0 / row_mm) * along_column, kOrientationDecimals)},
      {"PixelSpacing", decimal_string(row_mm, kSpacingDecimals) + "\\" +
                           decimal_string(column_mm, kSpacingDecimals)},
      {"SliceThickness", decimal_string(norm(series.voxel_to_lps.column(2)), kSpacingDecimals)},
      {"SamplesPerPixel", "1"},
      {"PhotometricInterpretation", "MONOCHROME2"},
      {"Rows", std::to_string(series.size[1])},
      {"Columns", std::to_string(series.size[0])},
      {"BitsAllocated", "16"},
      {"BitsStored", "12"},
      {"HighBit", "11"},
      {"PixelRepresentation", "0"}};
}

void write_slice(const DicomSeries& series, std::int64_t slice,
                 const std::filesystem::path& folder) {
  const std::int64_t number = series.numbered_backwards ? series.size[2] - slice : slice + 1;
  const std::int64_t slice_voxels = series.size[0] * series.size[1];
  const Vec3 corner = series.voxel_to_lps({0, 0, static_cast<double>(slice)});

  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  for (const auto& [keyword, value] : common_attributes(series)) put(data, keyword, value);
  for (const auto& [keyword, value] : series.attributes) put(data, keyword, value);
  put(data, "SOPInstanceUID", uid_for(series, fmt::format("instance {}", number)));
  put(data, "InstanceNumber", std::to_string(number));
  put(data, "ImagePositionPatient", join(corner, kPositionDecimals));
  if (data.putAndInsertUint16Array(DCM_PixelData, series.pixels.data() + slice * slice_voxels,
                                   static_cast<unsigned long>(slice_voxels))
          .bad()) {
    throw Error(ErrorCode::internal, "the pixel data cannot be set");
  }
  const std::filesystem::path path = folder / fmt::format("IM{:04}.dcm", number);
  const OFCondition saved =
      file.saveFile(path.c_str(), EXS_LittleEndianExplicit, EET_ExplicitLength, EGL_recalcGL);
  if (saved.bad()) {
    throw Error(ErrorCode::output, fmt::format("a slice cannot be written: {}", saved.text()),
                "a folder that can be written", "choose another one with --out");
  }
}

}  // namespace

std::string decimal_string(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

void write_series(const DicomSeries& series, const std::filesystem::path& folder) {
  if (series.pixels.size() != static_cast<std::size_t>(voxel_count(series.size))) {
    throw Error(ErrorCode::bad_argument, "the pixels do not fill the series");
  }
  if (!dcmDataDict.isDictionaryLoaded()) {
    throw Error(ErrorCode::internal, "DCMTK has no data dictionary", "dicom.dic",
                "install Debian's libdcmtk17 again, or set DCMDICTPATH");
  }
  StagedFolder staged(folder);
  for (std::int64_t slice = 0; slice < series.size[2]; ++slice) {
    write_slice(series, slice, staged.path());
  }
  staged.commit();
}

}  // namespace osler::sample
