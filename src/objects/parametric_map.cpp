#include "objects/parametric_map.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>
#include <vector>

#include "core/error.hpp"
#include "objects/elements.hpp"
#include "objects/frame_groups.hpp"

namespace osler::objects {
namespace {

static_assert(std::endian::native == std::endian::little);  // numbers are written as they lie

constexpr char kImageType[] = "DERIVED\\PRIMARY\\VOLUME\\QUANTITY";

std::uint64_t bytes_of(const Grid& grid) {
  return static_cast<std::uint64_t>(voxel_count(grid.size)) * sizeof(float);
}

void check(const Findings& findings, const ParametricMap& map, const Grid& grid) {
  constexpr std::int64_t kLargestSide = std::numeric_limits<std::uint16_t>::max();
  if (voxel_count(grid.size) <= 0 || grid.size[0] > kLargestSide || grid.size[1] > kLargestSide ||
      static_cast<std::int64_t>(findings.source.instances.size()) != grid.size[2]) {
    throw Error(ErrorCode::bad_argument, "a map's grid and the source slices do not match");
  }
  if (map.name.empty()) throw Error(ErrorCode::bad_argument, "a map without a name");
  if (!(map.least < map.most)) {
    throw Error(ErrorCode::bad_argument, "a map whose numbers have no range");
  }
  if (bytes_of(grid) >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorCode::output, "Float Pixel Data would hold more than 4 GiB");
  }
}

/// A Code String: capitals, digits and underscores.
std::string code_string(std::string text) {
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) != 0 && byte < 0x80 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return shortened(std::move(text), 16);
}

void put_image(DcmItem& item, const ParametricMap& map, const Grid& grid) {
  put(item, DCM_ImageType, kImageType);
  put(item, DCM_ContentQualification, "RESEARCH");
  put(item, DCM_ContentLabel, code_string(map.name));
  put_text(item, DCM_ContentDescription, "AI, unverified: " + map.title, 64);
  put_empty(item, DCM_ContentCreatorName);
  put(item, DCM_BurnedInAnnotation, "NO");
  put(item, DCM_RecognizableVisualFeatures, "YES");  // of a face, perhaps: nobody has looked
  put(item, DCM_PixelPresentation, "MONOCHROME");
  put_empty_sequence(item, DCM_AcquisitionContextSequence);
  put_us(item, DCM_SamplesPerPixel, 1);
  put(item, DCM_PhotometricInterpretation, "MONOCHROME2");
  put(item, DCM_PresentationLUTShape, "IDENTITY");
  put(item, DCM_NumberOfFrames, std::to_string(grid.size[2]));
  put_us(item, DCM_Rows, static_cast<std::uint16_t>(grid.size[1]));
  put_us(item, DCM_Columns, static_cast<std::uint16_t>(grid.size[0]));
  put_us(item, DCM_BitsAllocated, 32);
}

void put_real_world_values(DcmItem& group, const ParametricMap& map) {
  DcmItem& mapping = add_item(group, DCM_RealWorldValueMappingSequence);
  put(mapping, DCM_LUTLabel, code_string(map.name));
  put_text(mapping, DCM_LUTExplanation, "AI, unverified: " + map.title, 64);
  add_code(mapping, DCM_MeasurementUnitsCodeSequence, map.unit);
  mapping.putAndInsertFloat64(DCM_DoubleFloatRealWorldValueFirstValueMapped, map.least);
  mapping.putAndInsertFloat64(DCM_DoubleFloatRealWorldValueLastValueMapped, map.most);
  mapping.putAndInsertFloat64(DCM_RealWorldValueIntercept, 0);
  mapping.putAndInsertFloat64(DCM_RealWorldValueSlope, 1);
  DcmItem& quantity = add_item(mapping, DCM_QuantityDefinitionSequence);
  put(quantity, DCM_ValueType, "CODE");
  add_code(quantity, DCM_ConceptNameCodeSequence, {"246205007", "SCT", "Quantity"});
  add_code(quantity, DCM_ConceptCodeSequence, map.quantity);
}

/// What all segments are, if they are of one type. Readers based on DCMTK's functional groups take
/// it for granted that the group is there.
void put_anatomy(DcmItem& group, const Findings& findings) {
  Code region{"123037004", "SCT", "Body structure"};
  std::set<std::string> sides;
  const std::vector<Segment>& segments = findings.segments;
  for (const Segment& segment : segments) {
    sides.insert(segment.type_modifier ? segment.type_modifier->value : "");
  }
  if (!segments.empty() && std::ranges::all_of(segments, [&](const Segment& segment) {
        return segment.type == segments.front().type;
      })) {
    region = segments.front().type;
  }
  const std::string left = "7771000", right = "24028007";
  const bool paired = sides.contains(left) && sides.contains(right);
  DcmItem& anatomy = add_item(group, DCM_FrameAnatomySequence);
  add_code(anatomy, DCM_AnatomicRegionSequence, region);
  put(anatomy, DCM_FrameLaterality,
      paired                                  ? "B"
      : sides == std::set<std::string>{left}  ? "L"
      : sides == std::set<std::string>{right} ? "R"
                                              : "U");
}

void put_shared(DcmItem& shared, const Findings& findings, const ParametricMap& map) {
  put(add_item(shared, DCM_ParametricMapFrameTypeSequence), DCM_FrameType, kImageType);
  DcmItem& stored = add_item(shared, DCM_PixelValueTransformationSequence);
  put(stored, DCM_RescaleIntercept, "0");
  put(stored, DCM_RescaleSlope, "1");
  put(stored, DCM_RescaleType, "US");
  // LINEAR would show a window of width 1 as black and white.
  DcmItem& window = add_item(shared, DCM_FrameVOILUTSequence);
  put_decimals(window, DCM_WindowCenter, std::array{(map.least + map.most) / 2});
  put_decimals(window, DCM_WindowWidth, std::array{map.most - map.least});
  put(window, DCM_VOILUTFunction, "LINEAR_EXACT");
  put_real_world_values(shared, map);
  put_anatomy(shared, findings);
}

void put_frames(DcmItem& object, const Findings& findings, const Grid& grid) {
  const bool multi_frame = is_multi_frame(findings);
  for (std::int64_t k = 0; k < grid.size[2]; ++k) {
    DcmItem& frame = add_item(object, DCM_PerFrameFunctionalGroupsSequence);
    put_dimension_index(frame, std::array{static_cast<std::uint32_t>(k + 1)});
    put_frame_place(frame, grid, k);
    put_frame_source(frame, findings.source.instances[static_cast<std::size_t>(k)], multi_frame,
                     {"112187", "DCM", "Unspecified method of calculation"});
  }
}

void check_numbers(std::span<const float> numbers, const ParametricMap& map, const Grid& grid) {
  if (static_cast<std::int64_t>(numbers.size()) != grid.size[0] * grid.size[1]) {
    throw Error(ErrorCode::bad_argument, "a slice of a map has another size than its grid");
  }
  const auto within = [&](float v) { return v >= map.least && v <= map.most; };  // not NaN
  if (!std::all_of(numbers.begin(), numbers.end(), within)) {
    throw Error(ErrorCode::bad_argument, "a number of a map lies outside of its range");
  }
}

/// Behind all other elements of the file: no tag of the object is higher.
void append_float_pixel_data(const std::filesystem::path& file, const ParametricMap& map,
                             const Grid& grid, const MapSlices& slices) {
  const auto length = static_cast<std::uint32_t>(bytes_of(grid));
  std::array<char, 12> element = {'\xE0', '\x7F', '\x08', '\x00', 'O', 'F', 0, 0};  // PS3.5 7.1.2
  std::memcpy(element.data() + 8, &length, sizeof length);
  errno = 0;
  std::ofstream out(file, std::ios::binary | std::ios::app);
  out.write(element.data(), element.size());
  for (std::int64_t k = 0; k < grid.size[2] && out; ++k) {
    const std::span<const float> numbers = slices(k);
    check_numbers(numbers, map, grid);
    out.write(reinterpret_cast<const char*>(numbers.data()),
              static_cast<std::streamsize>(numbers.size_bytes()));
  }
  out.close();
  if (!out) {
    throw Error(ErrorCode::output,
                fmt::format("cannot write {}: {}", file.filename().string(),
                            errno != 0 ? std::strerror(errno) : "file is too short"),
                {}, "free disk space, or give an --out folder that can be written");
  }
}

}  // namespace

ObjectIds write_parametric_map(const Findings& findings, const ParametricMap& map, const Grid& grid,
                               const MapSlices& slices, const std::filesystem::path& file) {
  check(findings, map, grid);
  const auto header = read_source_header(findings);
  DcmItem& source = *header->getDataset();
  DcmFileFormat object;
  DcmItem& item = *object.getDataset();
  const ObjectKind kind{.sop_class_uid = kParametricMapStorage,
                        .modality = "OT",
                        .role = "pm-" + map.name,
                        .series_role = "pm",
                        .series_description = "AI, unverified: parametric maps",
                        .series_offset = 11,
                        .instance_number = map.number};
  ObjectIds ids = put_common_modules(item, source, findings, kind);
  put_content_time(item);
  put_frame_of_reference(item, source, findings.source.frame_of_reference_uid,
                         findings.source.series_uid);
  put_image(item, map, grid);
  put_lossy_compression(item, source, findings.source.lossy);
  put_referenced_series(item, findings, {});
  const std::string dimensions = object_uid(findings, "pm dimensions");
  put_dimension_organization(item, dimensions);
  add_dimension(item, dimensions, DCM_ImagePositionPatient, DCM_PlanePositionSequence,
                "Image Position (Patient)");
  put_shared(add_shared_groups(item, source, grid), findings, map);
  put_frames(item, findings, grid);
  save(object, file);
  append_float_pixel_data(file, map, grid, slices);
  return ids;
}

}  // namespace osler::objects
