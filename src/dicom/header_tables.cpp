#include "dicom/header_tables.hpp"

namespace osler::dicom {
namespace {

// Of an entry: PS3.3 C.11.1.1 knows 8 and 16 of a Modality LUT; what lies between is found.
constexpr int kMinBits = 8, kMaxBits = 16;

void take_descriptor(const Element& e, const Values& values, TableInFile& table) {
  const auto words = values.three_words(e);
  if (!words || (*words)[2] < kMinBits || (*words)[2] > kMaxBits) return;
  table.entries = (*words)[0] == 0 ? 65536 : (*words)[0];
  table.first_mapped = (*words)[1];
  table.bits = (*words)[2];
}

void take_data(const Element& e, TableInFile& table) {
  if (e.length == kUndefinedLength) return;
  table.offset = e.offset;
  table.bytes = e.length;
}

}  // namespace

ModalityLut read_modality_lut_item(ElementReader& item, const Values& values) {
  ModalityLut lut;
  Element e;
  while (item.next(e)) {
    if (e.tag == 0x00283002) take_descriptor(e, values, lut.table);
    if (e.tag == 0x00283004 && !e.is_sequence()) lut.type = values.first(e);
    if (e.tag == 0x00283006) take_data(e, lut.table);
    item.skip(e);
  }
  return lut;
}

bool take_palette(const Element& e, const Values& values, std::vector<TableInFile>& palette) {
  const std::uint32_t kind = e.tag & 0xFFFFFFF0, colour = (e.tag & 0xF) - 1;
  const bool descriptor = kind == 0x00281100, segmented = kind == 0x00281220;
  if (colour > 2 || (!descriptor && !segmented && kind != 0x00281200)) return false;
  palette.resize(3);
  if (descriptor) {
    take_descriptor(e, values, palette[colour]);
  } else {
    take_data(e, palette[colour]);
    palette[colour].segmented = segmented;
  }
  return true;
}

}  // namespace osler::dicom
