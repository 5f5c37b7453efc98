#include "volume/modality_lut.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "dicom/modality_lut.hpp"
#include "dicom/pixels.hpp"

namespace osler {
namespace {

using dicom::ModalityLut;
using Slices = std::vector<SliceRef>;

/// Defined Terms of (0028,3004), PS3.3 C.11.1.1.2; another text out of a header is not repeated.
std::string type_in_words(const std::string& type) {
  for (const char* known : {"OD", "HU", "US", "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT"}) {
    if (type == known) return type;
  }
  return type.empty() ? "none" : "not a defined one";
}

/// Why the tables of a stack, of which one slice has one, cannot be used; empty if they can.
std::string problem_of(const Slices& slices) {
  const auto& first = slices.front().instance->modality_lut;
  for (const SliceRef& s : slices) {
    const auto& lut = s.instance->modality_lut;
    if (!lut || !first) return "some slices go through a Modality LUT Sequence and others do not";
    if (lut->type != first->type || lut->table.bits != first->table.bits) {
      return "slices go through Modality LUTs of different type or depth";
    }
    const std::string problem = dicom::modality_lut_problem(*lut);
    if (!problem.empty()) return "the Modality LUT is damaged: " + problem;
  }
  return {};
}

bool any_padding(const Slices& slices) {
  return std::any_of(slices.begin(), slices.end(),
                     [](const SliceRef& s) { return s.instance->pixel_padding_value.has_value(); });
}

}  // namespace

void check_modality_lut(const Slices& slices, std::vector<Reason>& reasons) {
  const auto with = std::find_if(slices.begin(), slices.end(), [](const SliceRef& s) {
    return s.instance->modality_lut.has_value();
  });
  if (with == slices.end()) return;
  const std::string problem = problem_of(slices);
  if (!problem.empty()) {
    reasons.push_back({"modality_lut", problem, true});
    return;
  }
  const std::string& type = with->instance->modality_lut->type;
  reasons.push_back(
      {"modality_lut",
       fmt::format("values are the outputs of a Modality LUT; its type: {}", type_in_words(type)),
       false});
  if (with->instance->modality == "CT" && type != "HU") {
    reasons.push_back({"rescale_absent",
                       "CT with a Modality LUT that does not give HU: CT numbers are unknown",
                       true});
  }
}

ScalarType modality_lut_type(const Slices& slices) {
  const ModalityLut& lut = *slices.front().instance->modality_lut;
  const std::int64_t largest = dicom::modality_lut_padding(lut) - (any_padding(slices) ? 0 : 1);
  return largest <= 0xFF ? ScalarType::u8 : largest <= 0xFFFF ? ScalarType::u16 : ScalarType::u32;
}

std::optional<Volume::Padding> modality_lut_padding(const Slices& slices) {
  if (!any_padding(slices)) return std::nullopt;
  const std::int64_t value = dicom::modality_lut_padding(*slices.front().instance->modality_lut);
  return Volume::Padding{value, value};
}

std::size_t slice_bytes(const Slices& slices, const dicom::Limits& limits) {
  const dicom::Instance& first = *slices.front().instance;
  const std::size_t stored = dicom::frame_bytes(first.pixels, limits);
  if (!first.modality_lut) return stored;
  const auto stored_width = static_cast<std::size_t>(first.pixels.bits_allocated / 8);
  return stored / stored_width * bytes_of(modality_lut_type(slices));
}

}  // namespace osler
