#include "objects/image_series.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/sha256.hpp"
#include "core/version.hpp"
#include "objects/image_modules.hpp"
#include "objects/modules.hpp"

namespace osler::objects {
namespace {

void check(const Volume& volume, const std::string& modality) {
  if (modality != "MR" && modality != "CT") {
    throw Error(ErrorCode::bad_input, "modality " + modality + " is not written as DICOM images",
                "MR or CT", "write NIfTI or MetaImage (--to nifti, --to mha)");
  }
  const Affine& a = volume.grid.index_to_lps;
  const double cosine = dot(a.column(0), a.column(1)) / (norm(a.column(0)) * norm(a.column(1)));
  if (std::abs(cosine) > kRightAngleTolerance) {
    throw Error(ErrorCode::bad_input,
                fmt::format("rows and columns are not at right angles (cosine {:.3g})", cosine),
                fmt::format("at most {:g}, as Image Orientation needs it", kRightAngleTolerance),
                "resample the volume onto a grid with right angles first");
  }
  if (std::max(volume.grid.size[0], volume.grid.size[1]) > 65535) {
    throw Error(ErrorCode::bad_input, "a slice has a side of over 65535 pixels",
                "what Rows and Columns can hold");
  }
}

/// What makes this volume this volume.
std::vector<std::string> content_of(const Volume& volume) {
  std::vector<std::string> content = {"image series", kVersion};
  for (const SliceSource& s : volume.slices) {
    content.push_back(fmt::format("{} {} {:.17g} {:.17g}", s.sop_instance_uid,
                                  s.sop_instance_uid.empty() ? 0 : s.frame, s.slope, s.intercept));
  }
  content.push_back(fmt::format("{} {} {:.17g}", static_cast<int>(volume.type),
                                fmt::join(volume.grid.size, " "),
                                fmt::join(volume.grid.index_to_lps.m, " ")));
  content.push_back(fmt::format("{:.17g}", fmt::join(volume.grid.slice_at, " ")));
  content.push_back(sha256_hex({volume.voxels.get(), volume.bytes()}));
  return content;
}

double error_of(const NewSeries& series) {
  double worst = 0;
  for (std::size_t k = 0; k < series.volume.slices.size() && !series.coding.exact; ++k) {
    const auto words = coded_slice(series.volume, series.coding, k);
    worst = std::max(worst, largest_error(series.volume, series.coding, k, words));
  }
  return worst;
}

ImageSeries write(const NewSeries& series, const std::filesystem::path& out) {
  silence_dcmtk();
  ImageSeries written;
  written.series_uid = series.uid("series");
  written.folder = out / written.series_uid;
  written.files = series.volume.slices.size();
  written.largest_error = error_of(series);
  StagedFolder folder(written.folder);
  for (std::size_t k = 0; k < written.files; ++k) {
    const SliceSource& slice = series.volume.slices[k];
    if (series.source != nullptr) series.source->open(slice);
    DcmFileFormat object;
    put_image(*object.getDataset(), series, k, written.largest_error);
    save(object, folder.path() / fmt::format("{:04}.dcm", k + 1));
  }
  folder.commit();
  return written;
}

}  // namespace

ImageSeries write_image_series(const Volume& volume, const ImageDescription& description,
                               const std::filesystem::path& out) {
  check(volume, description.modality);
  std::vector<std::string> content = content_of(volume);
  content.insert(content.end(), {description.modality, description.patient_name,
                                 description.patient_id, description.series_description});
  return write({volume, description.modality, choose_coding(volume), std::move(content), nullptr,
                &description},
               out);
}

ImageSeries rewrite_image_series(const Volume& volume, const std::filesystem::path& out) {
  check(volume, volume.modality);
  ImageSource source;
  return write(
      {volume, volume.modality, choose_coding(volume), content_of(volume), &source, nullptr}, out);
}

}  // namespace osler::objects
