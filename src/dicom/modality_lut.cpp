#include "dicom/modality_lut.hpp"

#include <vector>

#include "core/error.hpp"
#include "dicom/data_set.hpp"
#include "dicom/lookup_table.hpp"
#include "dicom/pixels.hpp"
#include "dicom/stored_values.hpp"

namespace osler::dicom {

std::string modality_lut_problem(const ModalityLut& lut) {
  const TableInFile& table = lut.table;
  if (table.entries == 0) return "no LUT Descriptor of three values and 8 to 16 bits an entry";
  if (static_cast<std::int64_t>(table.bytes) < table.entries) {
    return std::to_string(table.bytes) + " bytes for " + std::to_string(table.entries) + " entries";
  }
  return {};
}

void decode_through_modality_lut(const Instance& instance, int frame, ScalarType type,
                                 std::span<std::byte> out, const Limits& limits) {
  if (!instance.modality_lut || instance.pixels.samples_per_pixel != 1) {
    throw Error(ErrorCode::bad_argument, "Modality LUT: an image without one, or in colour");
  }
  const ModalityLut& lut = *instance.modality_lut;
  const StoredPadding padding(instance);
  const std::int64_t largest = modality_lut_padding(lut) - (padding.any() ? 0 : 1);
  const std::size_t width = bytes_of(type);
  const PixelFormat& pixels = instance.pixels;
  if (largest >> (8 * width) != 0 || out.size() != width * static_cast<std::size_t>(pixels.rows) *
                                                       static_cast<std::size_t>(pixels.columns)) {
    throw Error(ErrorCode::bad_argument, "Modality LUT: a buffer of another type or size");
  }
  std::vector<std::byte> stored(frame_bytes(pixels, limits));
  decode_frame(instance, frame, stored, limits);
  const LookupTable table =
      with_file_name(instance, [&] { return read_table(instance, lut.table, limits); });
  with_word(static_cast<int>(8 * width), [&](auto word) {
    for_each_value(pixels, stored, [&](std::size_t i, std::int64_t value) {
      word = static_cast<decltype(word)>(padding.holds(value) ? modality_lut_padding(lut)
                                                              : table(value));
      std::memcpy(out.data() + i * sizeof word, &word, sizeof word);
    });
  });
}

}  // namespace osler::dicom
