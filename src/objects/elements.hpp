#pragma once
// Thin helpers to fill DICOM datasets. Texts are put as printable ASCII: it stands in every
// character set that a source may declare.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/code.hpp"

class DcmItem;
class DcmTag;
class DcmTagKey;

namespace osler::objects {

/// Cut to `length` characters, as a VR allows.
std::string shortened(std::string text, std::size_t length);

/// sRGB to the integers of Recommended Display CIELab Value (PS3.3 C.10.7.1.1, D50).
std::array<std::uint16_t, 3> cielab_of(std::array<std::uint8_t, 3> rgb);

// Each throws Error internal if DCMTK does not take the value.
void put(DcmItem& item, const DcmTag& tag, std::string_view value);  ///< as it is
void put_text(DcmItem& item, const DcmTag& tag, std::string_view utf8, std::size_t length);
void put_empty(DcmItem& item, const DcmTag& tag);
void put_us(DcmItem& item, const DcmTag& tag, std::uint16_t value);
void put_decimals(DcmItem& item, const DcmTag& tag, std::span<const double> values);
void put_empty_sequence(DcmItem& item, const DcmTag& tag);

/// Pixel Data, OB, padded to an even length.
void put_pixel_data(DcmItem& item, std::span<const std::uint8_t> bytes);

/// Pixel Data, OB, of zeros, to be written in place.
/// @param size  even
/// @return its bytes, which the item owns
/// @throws Error output if an element cannot hold so many
std::span<std::uint8_t> add_pixel_data(DcmItem& item, std::size_t size);

/// Pixel Data of 16-bit words, OW.
void put_pixel_words(DcmItem& item, std::span<const std::uint16_t> words);

/// All values as they are stored, without padding; empty if absent.
std::string string_of(DcmItem& item, const DcmTagKey& tag);

/// A new last item of a sequence, which is made if it is not there.
DcmItem& add_item(DcmItem& item, const DcmTag& sequence);

/// A new last item with a code.
DcmItem& add_code(DcmItem& item, const DcmTag& sequence, const Code& code);

/// A new last item with Referenced SOP Class UID and Referenced SOP Instance UID.
DcmItem& add_reference(DcmItem& item, const DcmTag& sequence, const std::string& sop_class_uid,
                       const std::string& sop_instance_uid);

}  // namespace osler::objects
