#include "objects/segmentation.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/error.hpp"
#include "kernels/bit_planes.hpp"
#include "objects/elements.hpp"
#include "objects/frame_groups.hpp"
#include "objects/segmentation_modules.hpp"

namespace osler::objects {
namespace {

using kernels::BitPlane;
using kernels::LabelSlice;
using FormEncoding = SegmentationForm::Encoding;

const DcmTag kSegmentsOverlap(0x0062, 0x0013, DcmVR(EVR_CS));  // younger than DCMTK 3.6.7

void check_source(const Findings& findings, const Grid& grid) {
  if (static_cast<std::int64_t>(findings.source.instances.size()) != grid.size[2]) {
    throw Error(ErrorCode::bad_argument, "volume and source slices do not match");
  }
  constexpr std::int64_t kLargestSide = std::numeric_limits<std::uint16_t>::max();
  if (grid.size[0] > kLargestSide || grid.size[1] > kLargestSide) {
    throw Error(ErrorCode::bad_argument, "more than 65535 rows or columns");
  }
  for (std::size_t i = 0; i < findings.segments.size(); ++i) {
    if (findings.segments[i].number != static_cast<int>(i) + 1) {
      throw Error(ErrorCode::bad_argument, "segment numbers do not count from 1 without gaps");
    }
  }
}

void check_labels(const LabelMap& labels, const Volume& volume) {
  if (!(labels.grid == volume.grid) ||
      static_cast<std::int64_t>(labels.labels.size()) != voxel_count(labels.grid.size)) {
    throw Error(ErrorCode::bad_argument, "labels and volume do not match");
  }
}

void check_segments(const Findings& findings, std::span<const LabelSlice> slices) {
  bool lacks_segment = findings.segments.empty();
  for (const LabelSlice& slice : slices) {
    for (std::size_t label = findings.segments.size() + 1; label < 256; ++label) {
      lacks_segment = lacks_segment || slice.holds[label] != 0;
    }
  }
  if (lacks_segment) throw Error(ErrorCode::bad_argument, "a label has no segment");
}

void check_form(const SegmentationForm& form) {
  const bool bits = form.type == SegmentationForm::Type::binary;
  if ((bits && form.encoding == FormEncoding::rle) ||
      (!bits && form.bits != 8 && form.bits != 16)) {
    throw Error(ErrorCode::bad_argument, "no such form of a segmentation",
                "bits without RLE, or a label map of 8 or 16 bits");
  }
}

// ---------------------------------------------------------------- what all forms say

struct Kind {
  const char* sop_class;
  const char* role;  ///< tells instances apart that are of other bytes
  const char* type;  ///< Segmentation Type
  bool by_segment;   ///< frames are of segments
  int bits;          ///< allocated
};

void put_image_pixel(DcmItem& object, const Size3& size, const Kind& kind) {
  put_us(object, DCM_Rows, static_cast<std::uint16_t>(size[1]));
  put_us(object, DCM_Columns, static_cast<std::uint16_t>(size[0]));
  put_us(object, DCM_SamplesPerPixel, 1);
  put(object, DCM_PhotometricInterpretation, "MONOCHROME2");
  put_us(object, DCM_BitsAllocated, static_cast<std::uint16_t>(kind.bits));
  put_us(object, DCM_BitsStored, static_cast<std::uint16_t>(kind.bits));
  put_us(object, DCM_HighBit, static_cast<std::uint16_t>(kind.bits - 1));
  put_us(object, DCM_PixelRepresentation, 0);
}

/// Everything in front of the frames. @param object  receives it
ObjectIds put_segmentation(DcmItem& object, const Findings& findings, const Grid& grid,
                           const Kind& kind, std::size_t frames) {
  const auto header = read_source_header(findings);
  DcmItem& source = *header->getDataset();
  ObjectIds ids = put_common_modules(object, source, findings,
                                     {.sop_class_uid = kind.sop_class,
                                      .modality = "SEG",
                                      .role = kind.role,
                                      .series_role = "seg",
                                      .series_description = "AI, unverified: segmentation",
                                      .series_offset = 1});
  put_content_time(object);
  put_frame_of_reference(object, source, findings.source.frame_of_reference_uid,
                         findings.source.series_uid);
  put(object, DCM_ImageType, "DERIVED\\PRIMARY");
  put(object, DCM_ContentLabel, "SEGMENTATION");
  put_text(object, DCM_ContentDescription, "AI, unverified: " + findings.model.title, 64);
  put_empty(object, DCM_ContentCreatorName);
  put_lossy_compression(object, source, findings.source.lossy);
  put(object, DCM_SegmentationType, kind.type);
  put_segments(object, source, findings);
  put_referenced_series(object, findings, {});
  put_dimensions(object, findings, kind.by_segment);
  add_shared_groups(object, source, grid);
  put(object, DCM_NumberOfFrames, std::to_string(frames));
  put_image_pixel(object, grid.size, kind);
  return ids;
}

// ---------------------------------------------------------------- forms

bool holds_any(const LabelSlice& slice) {
  return std::any_of(std::begin(slice.holds) + 1, std::end(slice.holds),
                     [](auto h) { return h != 0; });
}

/// Those that are not empty; one empty frame if there is nothing. Of bits segment by segment,
/// slices in geometric order inside.
std::vector<SegmentFrame> frames_of(const Findings& findings, std::span<const LabelSlice> slices,
                                    const SegmentationForm& form) {
  std::vector<SegmentFrame> frames;
  if (form.type == SegmentationForm::Type::binary) {
    // A label is a byte: segments above 255 have no voxel.
    std::vector<std::uint8_t> segments(std::min<std::size_t>(findings.segments.size(), 255));
    std::iota(segments.begin(), segments.end(), std::uint8_t{1});
    for (const BitPlane& plane : kernels::filled_planes(slices, segments)) {
      frames.push_back({plane.slice, plane.label});
    }
    if (frames.empty()) frames.push_back({0, 1});
    return frames;
  }
  for (std::size_t k = 0; k < slices.size(); ++k) {
    if (holds_any(slices[k])) frames.push_back({static_cast<std::int64_t>(k), 0});
  }
  if (frames.empty()) frames.push_back({0, 0});
  return frames;
}

/// Bits in parts that are whole bytes: as many planes at once as 64 MiB hold.
void put_bits(MultiFrameFile& out, const LabelMap& labels, std::span<const SegmentFrame> frames) {
  std::vector<BitPlane> all;
  for (const SegmentFrame& frame : frames) {
    all.push_back({frame.slice, static_cast<std::uint8_t>(frame.segment)});
  }
  const std::span<const BitPlane> planes(all);
  constexpr std::size_t kPartBytes = std::size_t{64} << 20;
  const Size3& size = labels.grid.size;
  const std::size_t plane_bits = static_cast<std::size_t>(size[0] * size[1]);
  const std::size_t at_once = std::max<std::size_t>(8 * kPartBytes / plane_bits / 8 * 8, 8);
  out.begin_pixels((plane_bits * planes.size() + 7) / 8);
  std::vector<std::uint8_t> packed;
  for (std::size_t begin = 0; begin < planes.size(); begin += at_once) {
    const auto part = planes.subspan(begin, std::min(at_once, planes.size() - begin));
    packed.resize(kernels::bit_plane_bytes(size, part.size()));
    kernels::pack_bit_planes_cpu(labels.labels, size, part, packed);
    out.put_pixels(std::span(packed).first((plane_bits * part.size() + 7) / 8));
  }
}

/// The samples of one slice, little endian.
std::vector<std::uint8_t> samples_of(const LabelMap& labels, std::int64_t slice, int bytes) {
  const auto n = static_cast<std::size_t>(labels.grid.size[0] * labels.grid.size[1]);
  const std::uint8_t* from = labels.labels.data() + static_cast<std::size_t>(slice) * n;
  std::vector<std::uint8_t> samples(n * static_cast<std::size_t>(bytes), 0);
  for (std::size_t i = 0; i < n; ++i) samples[i * static_cast<std::size_t>(bytes)] = from[i];
  return samples;
}

void put_numbers(MultiFrameFile& out, const LabelMap& labels, std::span<const SegmentFrame> frames,
                 const SegmentationForm& form) {
  const int bytes = form.bits / 8;
  const Size3& size = labels.grid.size;
  if (form.encoding != FormEncoding::rle) {
    out.begin_pixels(static_cast<std::uint64_t>(size[0] * size[1] * bytes) * frames.size(),
                     bytes == 2);
    for (const SegmentFrame& frame : frames) {
      out.put_pixels(samples_of(labels, frame.slice, bytes));
    }
    return;
  }
  std::vector<std::string> fragments(frames.size());
#pragma omp parallel for schedule(dynamic, 1)
  for (std::size_t i = 0; i < frames.size(); ++i) {
    fragments[i] = rle_frame(samples_of(labels, frames[i].slice, bytes), size[0], bytes);
  }
  out.put_fragments(fragments);
}

PixelEncoding pixel_encoding(FormEncoding encoding) {
  return encoding == FormEncoding::rle ? PixelEncoding::rle : PixelEncoding::explicit_little_endian;
}

/// One frame of a fractional segmentation.
struct FractionalFrame {
  SegmentFrame frame;
  std::vector<std::uint8_t> values;
};

std::vector<std::uint8_t> quantised(std::span<const float> probabilities) {
  constexpr float kSteps = 255;
  std::vector<std::uint8_t> values(probabilities.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float p = probabilities[i];  // NaN is no probability
    values[i] = static_cast<std::uint8_t>(
        std::lround(std::isnan(p) ? 0.0F : std::clamp(p, 0.0F, 1.0F) * kSteps));
  }
  return values;
}

}  // namespace

std::size_t count_frames(const Findings& findings, const LabelMap& labels,
                         const SegmentationForm& form) {
  check_form(form);
  return frames_of(findings, kernels::label_slices_cpu(labels.labels, labels.grid.size), form)
      .size();
}

ObjectIds write_segmentation(const Findings& findings, const LabelMap& labels, const Volume& volume,
                             const std::filesystem::path& file, const SegmentationForm& form) {
  check_labels(labels, volume);
  check_source(findings, labels.grid);
  check_form(form);
  const std::vector<LabelSlice> slices = kernels::label_slices_cpu(labels.labels, labels.grid.size);
  check_segments(findings, slices);
  const bool binary = form.type == SegmentationForm::Type::binary;
  const Kind kind = binary ? Kind{kSegmentationStorage, "seg", "BINARY", true, 1}
                           : Kind{kLabelMapSegmentationStorage,
                                  form.bits == 8 ? "seg-labelmap" : "seg-labelmap16", "LABELMAP",
                                  false, form.bits};
  const std::vector<SegmentFrame> frames = frames_of(findings, slices, form);

  DcmFileFormat object;
  DcmItem& item = *object.getDataset();
  ObjectIds ids = put_segmentation(item, findings, labels.grid, kind, frames.size());
  put(item, kSegmentsOverlap, "NO");  // a voxel of a label map has one label
  if (!binary) put_us(item, DcmTag(DCM_PixelPaddingValue, EVR_US), 0);  // the background
  MultiFrameFile out(object, file, pixel_encoding(form.encoding));
  out.put_frame_groups(encode_frame_groups(findings, labels.grid, frames));
  binary ? put_bits(out, labels, frames) : put_numbers(out, labels, frames, form);
  out.finish();
  if (form.encoding == FormEncoding::deflated) deflate_file(file);
  return ids;
}

ObjectIds write_fractional_segmentation(const Findings& findings, const Volume& volume,
                                        const SliceOfSegment& probabilities,
                                        const std::filesystem::path& file, FormEncoding encoding) {
  check_source(findings, volume.grid);
  if (encoding == FormEncoding::deflated) {
    throw Error(ErrorCode::bad_argument, "probabilities are not written deflated");
  }
  const Size3& size = volume.grid.size;
  const auto pixels = static_cast<std::size_t>(size[0] * size[1]);
  // Slices from outside, segments inside: probabilities come slice by slice.
  std::vector<FractionalFrame> found;
  for (std::int64_t slice = 0; slice < size[2]; ++slice) {
    for (const Segment& segment : findings.segments) {
      const std::span<const float> given = probabilities(slice, segment);
      if (given.size() != pixels) {
        throw Error(ErrorCode::bad_argument, "probabilities of another size than a slice");
      }
      std::vector<std::uint8_t> values = quantised(given);
      if (std::ranges::all_of(values, [](std::uint8_t v) { return v == 0; })) continue;
      found.push_back({{slice, static_cast<std::uint16_t>(segment.number)}, std::move(values)});
    }
  }
  if (found.empty()) found.push_back({{0, 1}, std::vector<std::uint8_t>(pixels, 0)});
  std::ranges::stable_sort(found, {}, [](const FractionalFrame& f) { return f.frame.segment; });
  std::vector<SegmentFrame> frames;
  for (const FractionalFrame& f : found) frames.push_back(f.frame);

  DcmFileFormat object;
  DcmItem& item = *object.getDataset();
  const Kind kind{kSegmentationStorage, "seg-fractional", "FRACTIONAL", true, 8};
  ObjectIds ids = put_segmentation(item, findings, volume.grid, kind, frames.size());
  put(item, DCM_SegmentationFractionalType, "PROBABILITY");
  put_us(item, DCM_MaximumFractionalValue, 255);
  MultiFrameFile out(object, file, pixel_encoding(encoding));
  out.put_frame_groups(encode_frame_groups(findings, volume.grid, frames));
  if (encoding == FormEncoding::rle) {
    std::vector<std::string> fragments(found.size());
#pragma omp parallel for schedule(dynamic, 1)
    for (std::size_t i = 0; i < found.size(); ++i) {
      fragments[i] = rle_frame(found[i].values, size[0], 1);
    }
    out.put_fragments(fragments);
  } else {
    out.begin_pixels(static_cast<std::uint64_t>(pixels) * found.size());
    for (const FractionalFrame& f : found) out.put_pixels(f.values);
  }
  out.finish();
  return ids;
}

}  // namespace osler::objects
