#include "dicom/functional_groups.hpp"

namespace osler::dicom {
namespace {

void read_attribute(const Element& e, const Values& values, Frame& frame) {
  switch (e.tag) {
    case 0x00089007: {  // Frame Type
      frame.image_type.clear();
      const std::string_view text = values.text(e);
      for (std::size_t i = 0; i < 16; ++i) {
        const auto value = value_at(text, i);
        if (!value) break;
        frame.image_type.emplace_back(*value);
      }
      break;
    }
    case 0x00180050:
      frame.slice_thickness_mm = number(value_at(values.text(e), 0));
      break;
    case 0x00189082:
      frame.told_apart_by.echo_time_ms = values.float_double(e);
      break;
    case 0x00189087:
      frame.told_apart_by.b_value = values.float_double(e);
      break;
    case 0x00200032:
      frame.position_mm = numbers<3>(values.text(e));
      break;
    case 0x00200037:
      frame.orientation = numbers<6>(values.text(e));
      break;
    case 0x00209056:
      frame.told_apart_by.stack_id = values.first(e);
      break;
    case 0x00209128:
      if (const auto index = values.long_word(e)) frame.told_apart_by.temporal_position = *index;
      break;
    case 0x00209153:
      frame.told_apart_by.trigger_time_ms = values.float_double(e);
      break;
    case 0x00280030:
      frame.spacing_mm = numbers<2>(values.text(e));
      break;
    case 0x00281052:
      frame.rescale_intercept = number(value_at(values.text(e), 0));
      break;
    case 0x00281053:
      frame.rescale_slope = number(value_at(values.text(e), 0));
      break;
    default:
      break;
  }
}

/// The macros whose attributes are read: plane position and orientation, pixel measures, pixel
/// value transformation, frame content, MR echo, MR diffusion, cardiac synchronization, frame
/// types.
bool is_read(std::uint32_t tag) {
  switch (tag) {
    case 0x00209113:
    case 0x00209116:
    case 0x00289110:
    case 0x00289145:
    case 0x00209111:
    case 0x00189114:
    case 0x00189117:
    case 0x00189118:
    case 0x00189226:
    case 0x00189329:
      return true;
    default:
      return false;
  }
}

}  // namespace

void read_functional_groups(ElementReader& item, const Values& values, Frame& frame) {
  Element macro;
  while (item.next(macro)) {
    if (!is_read(macro.tag)) {
      item.skip(macro);
      continue;
    }
    item.for_each_item(macro, [&](ElementReader& inside) {
      Element e;
      while (inside.next(e)) {
        if (e.length != kUndefinedLength) read_attribute(e, values, frame);
        inside.skip(e);
      }
    });
  }
}

}  // namespace osler::dicom
