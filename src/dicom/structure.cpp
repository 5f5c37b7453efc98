#include "dicom/structure.hpp"

#include <string>

#include "core/error.hpp"
#include "dicom/data_set.hpp"
#include "dicom/element_reader.hpp"

namespace osler::dicom {
namespace {

constexpr std::uint32_t kPixelData[] = {0x7FE00008, 0x7FE00009, 0x7FE00010};

bool is_pixel_data(std::uint32_t tag) {
  return tag == kPixelData[0] || tag == kPixelData[1] || tag == kPixelData[2];
}

/// Implicit VR does not say what a sequence is: one begins with an item (PS3.5 7.5).
bool begins_with_item(ByteSource& bytes, const Element& e) {
  static constexpr unsigned char kItem[] = {0xFE, 0xFF, 0x00, 0xE0};
  if (e.vr[0] != 0 || e.length < 8) return false;
  const auto head = bytes.view(e.offset, 4);
  for (std::size_t i = 0; i < 4; ++i) {
    if (head[i] != std::byte{kItem[i]}) return false;
  }
  return true;
}

struct Walk {
  ByteSource& bytes;
  std::uint64_t max_header_bytes;
  std::size_t elements = 0;
  std::uint64_t header_bytes = 0;

  void count(std::uint64_t length) {
    header_bytes += 8 + length;
    if (++elements > kMaxElements) {
      throw Error(ErrorCode::bad_input,
                  "holds more than " + std::to_string(kMaxElements) + " elements");
    }
    if (header_bytes > max_header_bytes) {
      throw Error(ErrorCode::bad_input,
                  "the header is larger than " + std::to_string(max_header_bytes) + " bytes");
    }
  }

  void items(ElementReader& reader, const Element& sequence, int depth) {
    if (depth > kMaxSequenceDepth) {
      throw Error(ErrorCode::bad_input,
                  "sequences nested more than " + std::to_string(kMaxSequenceDepth) + " deep");
    }
    reader.for_each_item(sequence, [&](ElementReader& item) {
      count(0);
      level(item, depth);
    });
  }

  void level(ElementReader& reader, int depth) {
    Element e;
    while (reader.next(e)) {
      if (is_pixel_data(e.tag)) {
        reader.skip(e);
        continue;
      }
      const bool sequence = e.is_sequence() || begins_with_item(bytes, e);
      count(sequence ? 0 : e.length);
      if (!sequence) {
        reader.skip(e);
      } else if (e.vr[0] == 'U' && e.vr[1] == 'N') {
        // Of VR UN with undefined length the content is in implicit VR (PS3.5 6.2.2).
        ElementReader inside(bytes, e.offset, bytes.size(), {false, false});
        items(inside, e, depth + 1);
        reader.skip(e);
      } else {
        items(reader, e, depth + 1);
      }
    }
  }
};

}  // namespace

void check_structure(const std::filesystem::path& file, const Limits& limits) {
  const std::string name = file.filename().string();
  try {
    const auto data = DataSet::open(file, limits);
    if (!data) throw Error(ErrorCode::bad_input, "not a DICOM file");
    if (data->is_media_directory()) {
      throw Error(ErrorCode::bad_input, "a DICOMDIR", "a single object",
                  "name one of the files that it lists");
    }
    Walk walk{data->bytes(), static_cast<std::uint64_t>(limits.max_header_bytes)};
    ElementReader reader = data->elements();
    walk.level(reader, 0);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::bad_input) throw;
    throw Error(error.code(), name + ": " + error.found(), error.expected(), error.remedy());
  }
}

}  // namespace osler::dicom
