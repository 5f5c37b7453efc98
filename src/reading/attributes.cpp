#include "reading/attributes.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <charconv>
#include <cmath>
#include <utility>

namespace osler::reading {
namespace {

DcmElement* element(DcmItem& item, const DcmTagKey& tag) {
  DcmElement* found = nullptr;
  return item.findAndGetElement(tag, found).good() ? found : nullptr;
}

Code code_in(DcmItem& item, Texts& texts) {
  Code code;
  for (const DcmTagKey& tag : {DCM_CodeValue, DCM_LongCodeValue, DCM_URNCodeValue}) {
    if (code.value.empty()) code.value = text_of(item, tag, texts);
  }
  code.scheme = text_of(item, DCM_CodingSchemeDesignator, texts);
  code.meaning = text_of(item, DCM_CodeMeaning, texts);
  return code;
}

/// Nothing: of UID, date, code string ... the character set is always the default one
/// (PS3.5 6.1.2.2). What a program that did not know the attribute wrote as UN is what it should
/// be.
std::optional<dicom::TextKind> kind_of(DcmElement& text) {
  switch (text.ident() == EVR_UN ? DcmTag(text.getTag().getXTag()).getEVR() : text.ident()) {
    case EVR_PN:
      return dicom::TextKind::person_name;
    case EVR_LT:
    case EVR_ST:
    case EVR_UT:
      return dicom::TextKind::text;
    case EVR_LO:
    case EVR_SH:
    case EVR_UC:
      return dicom::TextKind::values;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string bytes_of(DcmItem& item, const DcmTagKey& tag) {
  DcmElement* found = element(item, tag);
  if (found == nullptr || found->isLeaf() == OFFalse) return {};
  std::string bytes;
  char* text = nullptr;
  Uint8* raw = nullptr;
  Uint32 length = 0;
  if (found->ident() == EVR_UN) {
    if (found->getUint8Array(raw).good() && raw != nullptr) {
      bytes.assign(reinterpret_cast<const char*>(raw), found->getLength());
    }
  } else if (found->getString(text, length).good() && text != nullptr) {
    bytes.assign(text, length);
  }
  while (!bytes.empty() && (bytes.back() == ' ' || bytes.back() == '\0')) bytes.pop_back();
  return bytes;
}

bool has_value(DcmItem& item, const DcmTagKey& tag) {
  DcmElement* found = element(item, tag);
  return found != nullptr && found->isEmpty() == OFFalse;
}

std::string text_of(DcmItem& item, const DcmTagKey& tag, Texts& texts) {
  DcmElement* found = element(item, tag);
  if (found == nullptr) return {};
  static const dicom::CharacterSet kAscii;
  const auto kind = kind_of(*found);
  const dicom::CharacterSet& set = kind ? texts.set : kAscii;
  auto text = set.to_utf8(bytes_of(item, tag), kind.value_or(dicom::TextKind::values));
  texts.notes.add(text.notes);
  return std::move(text.utf8);
}

std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& sequence) {
  std::vector<DcmItem*> items;
  auto* found = dynamic_cast<DcmSequenceOfItems*>(element(item, sequence));
  if (found == nullptr) return items;
  items.reserve(found->card());
  // By number each would be looked for from the first on.
  for (DcmObject* o = found->nextInContainer(nullptr); o != nullptr;
       o = found->nextInContainer(o)) {
    if (auto* child = dynamic_cast<DcmItem*>(o)) items.push_back(child);
  }
  return items;
}

DcmItem* first_item(DcmItem& item, const DcmTagKey& sequence) {
  auto* found = dynamic_cast<DcmSequenceOfItems*>(element(item, sequence));
  return found == nullptr || found->card() == 0 ? nullptr : found->getItem(0);
}

std::optional<Code> code_of(DcmItem& item, const DcmTagKey& sequence, Texts& texts) {
  DcmItem* found = first_item(item, sequence);
  return found == nullptr ? std::nullopt : std::optional(code_in(*found, texts));
}

std::vector<Code> codes_of(DcmItem& item, const DcmTagKey& sequence, Texts& texts) {
  std::vector<Code> codes;
  for (DcmItem* found : items_of(item, sequence)) codes.push_back(code_in(*found, texts));
  return codes;
}

std::vector<std::string> values_of(const std::string& text) {
  std::vector<std::string> values;
  if (text.empty()) return values;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find('\\', begin);
    values.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
    if (end == std::string::npos) return values;
    begin = end + 1;
  }
}

std::optional<double> decimal(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '+')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::vector<double> numbers_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<double> numbers;
  DcmElement* found = element(item, tag);
  if (found == nullptr) return numbers;
  if (found->ident() == EVR_DS || found->ident() == EVR_IS) {
    for (const std::string& value : values_of(bytes_of(item, tag))) {
      if (const auto number = decimal(value)) numbers.push_back(*number);
    }
    return numbers;
  }
  const unsigned long count = found->getVM();
  for (unsigned long i = 0; i < count; ++i) {
    Float64 wide = 0;
    Float32 narrow = 0;
    if (found->getFloat64(wide, i).good() && std::isfinite(wide)) {
      numbers.push_back(wide);
    } else if (found->getFloat32(narrow, i).good() && std::isfinite(narrow)) {
      numbers.push_back(static_cast<double>(narrow));
    }
  }
  return numbers;
}

std::vector<long> integers_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<long> numbers;
  DcmElement* found = element(item, tag);
  if (found == nullptr) return numbers;
  if (found->ident() == EVR_IS || found->ident() == EVR_DS) {
    for (const std::string& value : values_of(bytes_of(item, tag))) {
      const auto number = decimal(value);
      if (number && std::abs(*number) < 2147483648.0) numbers.push_back(std::lround(*number));
    }
    return numbers;
  }
  const unsigned long count = found->getVM();
  for (unsigned long i = 0; i < count; ++i) {
    Uint16 word = 0;
    Uint32 long_word = 0;
    if (found->getUint16(word, i).good()) {
      numbers.push_back(word);
    } else if (found->getUint32(long_word, i).good()) {
      numbers.push_back(static_cast<long>(long_word));
    }
  }
  return numbers;
}

std::optional<long> integer_of(DcmItem& item, const DcmTagKey& tag) {
  const auto numbers = integers_of(item, tag);
  return numbers.empty() ? std::nullopt : std::optional(numbers.front());
}

}  // namespace osler::reading
