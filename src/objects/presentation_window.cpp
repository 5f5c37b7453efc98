#include "objects/presentation_window.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "core/plain_text.hpp"
#include "objects/elements.hpp"

namespace osler::objects {
namespace {

constexpr double kDark = 0.005, kBright = 0.997;  ///< shares of the values below black and white
constexpr double kHeadroom = 1.1;                 ///< tissue is left a little short of white
constexpr std::size_t kMostSamples = 1'000'000;

/// Real values of voxels that are no padding, evenly taken.
template <class Scalar>
std::vector<double> samples_of(const Volume& volume) {
  const auto* stored = reinterpret_cast<const Scalar*>(volume.voxels.get());
  const auto count = static_cast<std::size_t>(voxel_count(volume.grid.size));
  const auto area = static_cast<std::size_t>(volume.grid.size[0] * volume.grid.size[1]);
  const std::size_t step = count / kMostSamples + 1;
  std::vector<double> samples;
  for (std::size_t i = 0; i < count; i += step) {
    const auto v = static_cast<double>(stored[i]);
    if (volume.padding && v >= static_cast<double>(volume.padding->low) &&
        v <= static_cast<double>(volume.padding->high)) {
      continue;
    }
    const SliceSource& slice = volume.slices[i / area];
    const double real = slice.slope * v + slice.intercept;
    if (std::isfinite(real)) samples.push_back(real);
  }
  return samples;
}

DisplayWindow window_of_values(const Volume& volume) {
  std::vector<double> samples =
      with_scalar(volume.type, [&]<class Scalar>(Scalar) { return samples_of<Scalar>(volume); });
  if (samples.empty()) return {0, 1};
  const auto at = [&](double share) {
    const auto place = samples.begin() +
                       static_cast<std::ptrdiff_t>(share * static_cast<double>(samples.size() - 1));
    std::nth_element(samples.begin(), place, samples.end());
    return *place;
  };
  const double low = at(kDark), range = kHeadroom * (at(kBright) - low);
  return range > 0 ? DisplayWindow{low + range / 2, range} : DisplayWindow{low, 1};
}

/// VOI LUT Function besides.
struct Shown {
  DisplayWindow window;
  std::string function = "LINEAR_EXACT";  // LINEAR knows no width below 1
};

Shown shown_values(const Volume& volume, const ImageSource& source,
                   const std::optional<DisplayWindow>& window) {
  if (window) return {*window};
  Shown shown;
  DcmItem function;
  if (source.number(DCM_WindowCenter, shown.window.centre) &&
      source.number(DCM_WindowWidth, shown.window.width) && std::isfinite(shown.window.centre) &&
      std::isfinite(shown.window.width)) {
    source.copy(function, DCM_VOILUTFunction);
    shown.function = string_of(function, DCM_VOILUTFunction);
    if (shown.function != "SIGMOID" && shown.function != "LINEAR_EXACT") shown.function = "LINEAR";
    if (shown.window.width >= 1 || (shown.function != "LINEAR" && shown.window.width > 0)) {
      return shown;
    }
  }
  return {window_of_values(volume)};
}

void put_window(DcmItem& item, const Shown& shown) {
  const double centre[] = {shown.window.centre}, width[] = {shown.window.width};
  put_decimals(item, DCM_WindowCenter, centre);
  put_decimals(item, DCM_WindowWidth, width);
  put(item, DCM_VOILUTFunction, shown.function);
}

/// Slices of one slope and intercept.
std::map<std::pair<double, double>, std::vector<std::int64_t>> rescales_of(
    const Findings& findings) {
  std::map<std::pair<double, double>, std::vector<std::int64_t>> rescales;
  for (std::size_t k = 0; k < findings.source.instances.size(); ++k) {
    const SliceSource& slice = findings.source.instances[k];
    rescales[{slice.slope, slice.intercept}].push_back(static_cast<std::int64_t>(k));
  }
  return rescales;
}

/// The table of all images, if they have one. @return why it cannot be, or an empty text
std::string put_modality_table(DcmItem& object, const Findings& findings,
                               const ImageSource& source) {
  if (!source.copy(object, DCM_ModalityLUTSequence)) return {};
  DcmElement* table = nullptr;
  object.findAndGetElement(DCM_ModalityLUTSequence, table);
  for (const SliceSource& slice : distinct_instances(findings)) {
    const auto header = read_header(slice.file);
    DcmElement* other = nullptr;
    if (header->getDataset()->findAndGetElement(DCM_ModalityLUTSequence, other).bad() ||
        table->compare(*other) != 0) {
      return "the source images have different Modality LUTs, which no presentation state can hold";
    }
  }
  return {};
}

}  // namespace

ImageNames image_names(const Findings& findings) {
  return {findings.source.instances, is_multi_frame(findings)};
}

void put_image_references(DcmItem& item, const ImageNames& names,
                          std::span<const std::int64_t> slices) {
  std::vector<const SliceSource*> distinct;
  std::map<std::string, std::vector<int>> frames;
  for (const std::int64_t k : slices) {
    const SliceSource& slice = names.instances[static_cast<std::size_t>(k)];
    std::vector<int>& of_instance = frames[slice.sop_instance_uid];
    if (of_instance.empty()) distinct.push_back(&slice);
    of_instance.push_back(slice.frame);
  }
  for (const SliceSource* slice : distinct) {
    DcmItem& reference = add_reference(item, DCM_ReferencedImageSequence, slice->sop_class_uid,
                                       slice->sop_instance_uid);
    if (!names.multi_frame) continue;
    put(reference, DCM_ReferencedFrameNumber,
        fmt::format("{}", fmt::join(frames[slice->sop_instance_uid], "\\")));
  }
}

std::string put_grey_scale(DcmItem& object, const Findings& findings, const Volume& volume,
                           const ImageSource& source, const std::optional<DisplayWindow>& window) {
  const bool inverse = string_of(source.header(), DCM_PhotometricInterpretation) == "MONOCHROME1";
  put(object, DCM_PresentationLUTShape, inverse ? "INVERSE" : "IDENTITY");
  const Shown shown = shown_values(volume, source, window);
  const auto rescales = rescales_of(findings);
  if (rescales.size() == 1) {
    const auto [slope, intercept] = rescales.begin()->first;
    if (slope != 1 || intercept != 0) {
      put(object, DCM_RescaleSlope, decimal_string(slope));
      put(object, DCM_RescaleIntercept, decimal_string(intercept));
      put(object, DCM_RescaleType, findings.source.modality == "CT" ? "HU" : "US");
    } else {
      std::string why_not = put_modality_table(object, findings, source);
      if (!why_not.empty()) return why_not;
    }
    put_window(add_item(object, DCM_SoftcopyVOILUTSequence), shown);
    return {};
  }
  for (const auto& [rescale, slices] : rescales) {
    const auto [slope, intercept] = rescale;
    if (!(slope > 0)) return "a source image has a rescale slope that is not positive";
    DcmItem& item = add_item(object, DCM_SoftcopyVOILUTSequence);
    put_image_references(item, image_names(findings), slices);
    put_window(item, {{(shown.window.centre - intercept) / slope, shown.window.width / slope}});
  }
  return {};
}

}  // namespace osler::objects
