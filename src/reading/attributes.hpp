#pragma once
// Values of a DCMTK item as UTF-8 and codes; what is absent or of another kind is empty. Inside the
// room only.

#include <optional>
#include <string>
#include <vector>

#include "core/code.hpp"
#include "dicom/character_set.hpp"

class DcmItem;
class DcmTagKey;

namespace osler::reading {

/// The bytes of a string, all values, without padding.
std::string bytes_of(DcmItem& item, const DcmTagKey& tag);

/// Whether the element is there and holds something.
bool has_value(DcmItem& item, const DcmTagKey& tag);

/// How texts are read, and what was odd in all that were.
struct Texts {
  const dicom::CharacterSet& set;
  dicom::TextNotes notes;
};

/// UTF-8 of all values of a text.
std::string text_of(DcmItem& item, const DcmTagKey& tag, Texts& texts);

/// The items of a sequence, which must live; none if there is none.
std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& sequence);

/// The first item, or null.
DcmItem* first_item(DcmItem& item, const DcmTagKey& sequence);

/// Code Value, Long Code Value or URN Code Value; nothing if there is no item.
std::optional<Code> code_of(DcmItem& item, const DcmTagKey& sequence, Texts& texts);
std::vector<Code> codes_of(DcmItem& item, const DcmTagKey& sequence, Texts& texts);

/// US, or IS, of one value.
std::optional<long> integer_of(DcmItem& item, const DcmTagKey& tag);

/// All values of US, UL, IS.
std::vector<long> integers_of(DcmItem& item, const DcmTagKey& tag);

/// All values of FL, FD, DS that are finite.
std::vector<double> numbers_of(DcmItem& item, const DcmTagKey& tag);

/// Values between backslashes.
std::vector<std::string> values_of(const std::string& text);

/// DS. @return nothing if it is empty, no number, or not finite
std::optional<double> decimal(std::string_view text);

}  // namespace osler::reading
