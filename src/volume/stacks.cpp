#include "volume/stacks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace osler {
namespace {

using dicom::Frame;
using dicom::Instance;

bool has_geometry(const Frame& f) {
  return f.position_mm && f.orientation && f.spacing_mm;
}

bool has_type(const Frame& f, std::string_view word) {
  return std::find(f.image_type.begin(), f.image_type.end(), word) != f.image_type.end();
}

/// The part of Image Type that makes it another quantity: original or derived, and phase, real,
/// imaginary or a map instead of a magnitude.
std::string kind_of(const Frame& f) {
  static constexpr std::array kOther{"P",   "PHASE",     "PHASE MAP", "R",      "REAL",   "I",
                                     "ADC", "IMAGINARY", "FA",        "T1 MAP", "T2 MAP", "TRACEW"};
  std::string kind = f.image_type.empty() ? "" : f.image_type.front();
  for (const std::string& word : f.image_type) {
    if (std::find(kOther.begin(), kOther.end(), word) != kOther.end()) kind += " " + word;
  }
  return kind;
}

bool same_shape(const SliceRef& a, const SliceRef& b) {
  dicom::PixelFormat fa = a.instance->pixels, fb = b.instance->pixels;
  fa.frames = fb.frames = 1;
  if (!(fa == fb)) return false;
  if (a.instance->frame_of_reference_uid != b.instance->frame_of_reference_uid) return false;
  for (std::size_t i = 0; i < 2; ++i) {
    if (std::abs((*a.frame().spacing_mm)[i] - (*b.frame().spacing_mm)[i]) > kSpacingToleranceMm) {
      return false;
    }
  }
  for (std::size_t i = 0; i < 6; ++i) {
    if (std::abs((*a.frame().orientation)[i] - (*b.frame().orientation)[i]) >
        kOrientationTolerance) {
      return false;
    }
  }
  return true;
}

bool same_contrast(const SliceRef& a, const SliceRef& b) {
  const auto &ta = a.frame().told_apart_by, &tb = b.frame().told_apart_by;
  return ta.echo_time_ms == tb.echo_time_ms && ta.b_value == tb.b_value &&
         kind_of(a.frame()) == kind_of(b.frame());
}

/// What tells two stacks of one shape apart, in words.
std::string contrast_of(const SliceRef& s) {
  const auto& t = s.frame().told_apart_by;
  std::string text = kind_of(s.frame());
  if (t.echo_time_ms)
    text += fmt::format("{}echo time {} ms", text.empty() ? "" : ", ", *t.echo_time_ms);
  if (t.b_value) text += fmt::format("{}b-value {} s/mm2", text.empty() ? "" : ", ", *t.b_value);
  return text;
}

std::string shape_of(const SliceRef& s) {
  const auto& p = s.instance->pixels;
  const auto& spacing = *s.frame().spacing_mm;
  return fmt::format("{} x {} pixels of {} x {} mm, {} bits", p.columns, p.rows, spacing[1],
                     spacing[0], p.bits_stored);
}

void sort_along_normal(std::vector<SliceRef>& slices) {
  const Vec3 normal = slice_normal(slices.front());
  std::sort(slices.begin(), slices.end(), [&](const SliceRef& a, const SliceRef& b) {
    const double za = along(a, normal), zb = along(b, normal);
    if (za != zb) return za < zb;
    if (a.instance != b.instance)
      return a.instance->sop_instance_uid < b.instance->sop_instance_uid;
    return a.index < b.index;
  });
}

bool positions_repeat(const std::vector<SliceRef>& sorted) {
  const Vec3 normal = slice_normal(sorted.front());
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (along(sorted[i], normal) - along(sorted[i - 1], normal) <= kSpacingToleranceMm) return true;
  }
  return false;
}

/// Something that may tell frames at one position apart; tried in this order.
struct Discriminator {
  const char* name;
  const char* unit;
  std::function<std::optional<double>(const Frame&)> value;
};

const std::array<Discriminator, 3>& discriminators() {
  static const std::array<Discriminator, 3> all{{
      {"temporal position", "",
       [](const Frame& f) -> std::optional<double> { return f.told_apart_by.temporal_position; }},
      {"trigger time", " ms", [](const Frame& f) { return f.told_apart_by.trigger_time_ms; }},
      {"acquisition number", "",
       [](const Frame& f) -> std::optional<double> { return f.told_apart_by.acquisition_number; }},
  }};
  return all;
}

/// Groups by a value that each frame has; nothing if that leaves a group whose positions repeat.
std::optional<std::map<double, std::vector<SliceRef>>> grouped(const std::vector<SliceRef>& slices,
                                                               const Discriminator& by) {
  std::map<double, std::vector<SliceRef>> groups;
  for (const SliceRef& slice : slices) {
    const auto value = by.value(slice.frame());
    if (!value) return std::nullopt;
    groups[*value].push_back(slice);
  }
  for (const auto& [value, group] : groups) {
    if (positions_repeat(group)) return std::nullopt;
  }
  return groups.size() > 1 ? std::optional(std::move(groups)) : std::nullopt;
}

void split_repeating(Stack stack, std::vector<Stack>& out, std::vector<Reason>& reasons) {
  for (const Discriminator& by : discriminators()) {
    const auto groups = grouped(stack.slices, by);
    if (!groups) continue;
    reasons.push_back(
        {"several_volumes",
         fmt::format("{} volumes share their positions, told apart by {}", groups->size(), by.name),
         false});
    for (const auto& [value, slices] : *groups) {
      std::string told = fmt::format("{} {}{}", by.name, value, by.unit);
      if (!stack.told_apart.empty()) told = stack.told_apart + ", " + told;
      out.push_back({slices, std::move(told)});
    }
    return;
  }
  out.push_back(std::move(stack));
}

/// Segmentation and Label Map Segmentation Storage: what was found on images, not an image.
bool is_segmentation(const Instance& i) {
  return i.sop_class_uid == "1.2.840.10008.5.1.4.1.1.66.4" ||
         i.sop_class_uid == "1.2.840.10008.5.1.4.1.1.66.7";
}

}  // namespace

Vec3 slice_normal(const SliceRef& slice) {
  const auto& o = *slice.frame().orientation;
  const Vec3 normal = cross({o[0], o[1], o[2]}, {o[3], o[4], o[5]});
  const double length = norm(normal);
  return length > 0 ? (1 / length) * normal : normal;
}

double along(const SliceRef& slice, const Vec3& normal) {
  return dot(*slice.frame().position_mm, normal);
}

std::vector<SliceRef> select_slices(const dicom::Series& series, std::vector<Reason>& reasons) {
  std::vector<SliceRef> slices;
  std::size_t mosaics = 0, damaged = 0, no_pixels = 0, no_geometry = 0, localizers = 0, colour = 0,
              frames = 0, undescribed = 0, segmentations = 0;
  std::string damage;
  for (const Instance& i : series.instances) {
    if (!i.damage.empty()) {
      ++damaged;
      damage = i.damage;
    } else if (!i.has_pixel_data) {
      ++no_pixels;
    } else if (is_segmentation(i)) {
      ++segmentations;
    } else if (i.pixels.samples_per_pixel != 1) {
      ++colour;
    } else if (static_cast<int>(i.frames.size()) != i.pixels.frames) {
      ++undescribed;
    } else {
      for (std::size_t f = 0; f < i.frames.size(); ++f, ++frames) {
        if (!has_geometry(i.frames[f])) {
          ++no_geometry;
        } else if (has_type(i.frames[f], "LOCALIZER")) {
          ++localizers;
        } else if (has_type(i.frames[f], "MOSAIC")) {
          ++mosaics;
        } else {
          slices.push_back({&i, static_cast<int>(f)});
        }
      }
    }
  }
  const std::size_t all = series.instances.size();
  const bool none = slices.empty();
  const auto say = [&](std::size_t count, std::size_t of, const char* code, const char* what) {
    if (count == 0) return;
    // Slices without a place could be any: the series is not used without them.
    const bool refuses = none || std::string_view(code) == "no_geometry";
    reasons.push_back({code, fmt::format("{} of {} {}", count, of, what), refuses});
  };
  std::set<std::string_view> patients;
  for (const Instance& i : series.instances) {
    if (i.damage.empty()) patients.insert(i.patient_key);
  }
  if (patients.size() > 1) {
    reasons.push_back({"mixed_patients", "the files of the series name different patients", true});
  }
  if (damaged > 0) {
    reasons.push_back({"damaged_file",
                       fmt::format("{} of {} files are damaged: {}", damaged, all, damage), true});
  }
  say(no_pixels, all, "not_an_image", "instances hold no pixel data");
  say(segmentations, all, "segmentation", "instances are segmentations");
  say(colour, all, "colour_image", "instances are colour images");
  say(undescribed, all, "frames_not_described",
      "instances do not say where each of their frames lies");
  say(no_geometry, frames, "no_geometry",
      "frames lack Image Position, Image Orientation or Pixel Spacing");
  say(mosaics, frames, "mosaic", "frames are mosaics: many slices tiled into one image");
  say(localizers, frames, "localizer", "frames are localizers and were left out");
  return slices;
}

std::vector<Stack> split_into_stacks(const std::vector<SliceRef>& slices,
                                     std::vector<Reason>& reasons) {
  std::vector<Stack> stacks;
  bool shapes = false, contrasts = false;
  for (const SliceRef& slice : slices) {
    bool placed = false;
    for (Stack& stack : stacks) {
      const SliceRef& first = stack.slices.front();
      if (same_shape(first, slice) && same_contrast(first, slice)) {
        stack.slices.push_back(slice);
        placed = true;
        break;
      }
    }
    if (placed) continue;
    if (!stacks.empty()) {
      const bool shape = same_shape(stacks.front().slices.front(), slice);
      shapes = shapes || !shape;
      contrasts = contrasts || shape;
    }
    stacks.push_back({{slice}, {}});
  }
  if (contrasts || shapes) {
    for (Stack& stack : stacks) {
      const SliceRef& first = stack.slices.front();
      stack.told_apart = shapes ? shape_of(first) : "";
      const std::string contrast = contrast_of(first);
      if (contrasts && !contrast.empty()) {
        stack.told_apart += (stack.told_apart.empty() ? "" : ", ") + contrast;
      }
    }
    std::string list;
    for (const Stack& stack : stacks) {
      list += fmt::format("{}{} slices ({})", list.empty() ? "" : "; ", stack.slices.size(),
                          stack.told_apart);
    }
    reasons.push_back({"mixed_stacks", "the series holds more than one stack: " + list, false});
  }
  std::vector<Stack> out;
  for (Stack& stack : stacks) {
    sort_along_normal(stack.slices);
    if (positions_repeat(stack.slices)) {
      split_repeating(std::move(stack), out, reasons);
    } else {
      out.push_back(std::move(stack));
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Stack& a, const Stack& b) {
    return a.slices.size() > b.slices.size();
  });
  return out;
}

}  // namespace osler
