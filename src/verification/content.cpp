#include "verification/content.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <map>

#include "core/error.hpp"
#include "core/plain_text.hpp"
#include "findings/report_codes.hpp"
#include "findings/sentences.hpp"
#include "objects/content_items.hpp"
#include "objects/elements.hpp"

namespace osler::verification {
namespace {

using objects::add_code_item;
using objects::add_container;
using objects::add_item;
using objects::add_name_item;
using objects::add_text_item;
using objects::put;
using objects::string_of;

using enum objects::Relationship;

DcmSequenceOfItems* content_of(DcmItem& item) {
  DcmSequenceOfItems* sequence = nullptr;
  return item.findAndGetSequence(DCM_ContentSequence, sequence).good() ? sequence : nullptr;
}

std::vector<DcmItem*> children_of(DcmItem& item) {
  std::vector<DcmItem*> children;
  DcmSequenceOfItems* content = content_of(item);
  if (content == nullptr) return children;
  for (DcmObject* o = content->nextInContainer(nullptr); o != nullptr;
       o = content->nextInContainer(o)) {
    if (auto* child = dynamic_cast<DcmItem*>(o)) children.push_back(child);
  }
  return children;
}

struct Place {
  DcmItem* parent = nullptr;
  std::string identifier;  ///< "1\3\2"
};

void add_places(DcmItem& item, const std::string& identifier, std::map<DcmItem*, Place>& places) {
  std::size_t number = 0;
  for (DcmItem* child : children_of(item)) {
    const std::string own = identifier + "\\" + std::to_string(++number);
    places[child] = {&item, own};
    add_places(*child, own, places);
  }
}

std::map<DcmItem*, Place> places_in(DcmItem& object) {
  std::map<DcmItem*, Place> places{{&object, {nullptr, "1"}}};
  add_places(object, "1", places);
  return places;
}

/// UL, several values.
std::string identifier_of(DcmItem& item) {
  DcmElement* found = nullptr;
  if (item.findAndGetElement(DCM_ReferencedContentItemIdentifier, found).bad()) return {};
  std::string identifier;
  for (unsigned long i = 0; i < found->getVM(); ++i) {
    Uint32 number = 0;
    found->getUint32(number, i);
    identifier += (i == 0 ? "" : "\\") + std::to_string(number);
  }
  return identifier;
}

void put_identifier(DcmItem& item, const std::string& identifier) {
  std::vector<Uint32> numbers;
  for (std::size_t begin = 0; begin < identifier.size();) {
    const std::size_t end = std::min(identifier.find('\\', begin), identifier.size());
    numbers.push_back(static_cast<Uint32>(std::stoul(identifier.substr(begin, end - begin))));
    begin = end + 1;
  }
  item.putAndInsertUint32Array(DCM_ReferencedContentItemIdentifier, numbers.data(), numbers.size());
}

Code concept_of(DcmItem& item) {
  DcmItem* name = nullptr;
  if (item.findAndGetSequenceItem(DCM_ConceptNameCodeSequence, name, 0).bad()) return {};
  return {string_of(*name, DCM_CodeValue), string_of(*name, DCM_CodingSchemeDesignator), {}};
}

/// Observer Type to Device Observer's Location, and what TID 1003 has besides.
bool describes_observer(const Code& name) {
  if (name.scheme != "DCM") return false;
  static const char* const kMore[] = {"128774", "128775"};
  return (name.value >= "121005" && name.value <= "121017") || name.value == kMore[0] ||
         name.value == kMore[1];
}

}  // namespace

ContentLinks::ContentLinks(DcmItem& object) : object_(object) {
  std::map<std::string, DcmItem*> by_identifier;
  const auto places = places_in(object);
  for (const auto& [item, place] : places) by_identifier[place.identifier] = item;
  for (const auto& [item, place] : places) {
    const std::string identifier = identifier_of(*item);
    if (identifier.empty()) continue;
    const auto target = by_identifier.find(identifier);
    if (target == by_identifier.end()) {
      throw Error(ErrorCode::bad_input, "the content refers to an item that is not there", {},
                  "'osler show --tree' lists where");
    }
    links_.push_back({item, target->second});
  }
}

std::size_t ContentLinks::restore() {
  std::size_t gone = 0;
  auto places = places_in(object_);
  for (const Link& link : links_) {
    const auto from = places.find(link.from);
    if (from == places.end() || places.contains(link.to)) continue;
    take_out(*from->second.parent, *link.from);
    ++gone;
  }
  if (gone > 0) places = places_in(object_);
  for (const Link& link : links_) {
    const auto from = places.find(link.from), to = places.find(link.to);
    if (from == places.end() || to == places.end()) continue;
    const std::string& identifier = to->second.identifier;
    if (identifier_of(*link.from) != identifier) put_identifier(*link.from, identifier);
  }
  return gone;
}

std::unique_ptr<DcmItem> take_out(DcmItem& parent, DcmItem& item) {
  DcmSequenceOfItems* content = content_of(parent);
  std::unique_ptr<DcmItem> taken(content == nullptr ? nullptr : content->remove(&item));
  if (!taken) throw Error(ErrorCode::internal, "an item is not in the content of its parent");
  // A Content Sequence holds one item or more (PS3.3 C.17.3).
  if (content->card() == 0) parent.findAndDeleteElement(DCM_ContentSequence);
  return taken;
}

std::string stored_text(dicom::CharacterSet& set, const std::string& utf8) {
  auto text = set.from_utf8(utf8);
  return text ? *text : plain_ascii(utf8);
}

void add_person_observer(DcmItem& object, const std::string& name,
                         const std::string& organisation) {
  // Made apart, then moved to their place: the order of rows is part of the template.
  DcmItem made;
  add_code_item(made, has_obs_context, codes::kObserverType, codes::kPerson);
  add_name_item(made, has_obs_context, codes::kPersonName, name);
  if (!organisation.empty()) {
    DcmItem& item = add_text_item(made, has_obs_context, codes::kPersonOrganisation, "-");
    put(item, DCM_TextValue, organisation);
  }
  unsigned long place = 0, number = 0;
  for (DcmItem* child : children_of(object)) {
    ++number;
    const Code concept_name = concept_of(*child);
    const bool is_language = concept_name == codes::kLanguage;
    if (describes_observer(concept_name) || (is_language && place == 0)) place = number;
  }
  DcmSequenceOfItems* content = content_of(object);
  if (content == nullptr) {
    add_item(object, DCM_ContentSequence);
    content = content_of(object);
    delete content->remove(0UL);
  }
  DcmSequenceOfItems* rows = content_of(made);
  while (rows->card() > 0) {
    DcmItem* row = rows->remove(0UL);
    if (content->card() == 0 || place >= content->card()) {
      content->append(row);
    } else {
      content->insert(row, place, OFTrue);
    }
    ++place;
  }
}

void correct_value(DcmItem& number, const std::string& value, const std::string& old_text) {
  DcmItem* measured = nullptr;
  if (number.findAndGetSequenceItem(DCM_MeasuredValueSequence, measured, 0).bad()) {
    throw Error(ErrorCode::internal, "a measured value is gone");
  }
  put(*measured, DCM_NumericValue, value);
  for (const DcmTagKey& tag :
       {DCM_FloatingPointValue, DCM_RationalNumeratorValue, DCM_RationalDenominatorValue}) {
    measured->findAndDeleteElement(tag);
  }
  add_text_item(number, has_properties, codes::kPreviousValue, old_text);
  // TID 310 has it as a property; validators take every code below a number for one of TID 300's
  // modifiers, which it may be as well.
  add_code_item(number, has_concept_mod, codes::kSelectionStatus, codes::kUserChosen);
}

DcmItem& evaluations_container(DcmItem& object) {
  for (DcmItem* child : children_of(object)) {
    if (concept_of(*child) == codes::kQualitativeEvaluations) return *child;
  }
  return add_container(object, codes::kQualitativeEvaluations);
}

DcmItem& add_remark(DcmItem& container, const Code& name, const std::string& text) {
  DcmItem& item = add_text_item(container, contains, name, "-");
  if (!text.empty()) put(item, DCM_TextValue, text);
  return item;
}

void put_verified_use(DcmItem& object) {
  for (DcmItem* container : children_of(object)) {
    if (!(concept_of(*container) == codes::kQualitativeEvaluations)) continue;
    for (DcmItem* item : children_of(*container)) {
      std::string text = string_of(*item, DCM_TextValue);
      if (!(concept_of(*item) == codes::kIntendedUse) || !text.starts_with(kUnverified)) continue;
      text.replace(0, sizeof kUnverified - 1, kVerified);
      put(*item, DCM_TextValue, text);
    }
  }
}

}  // namespace osler::verification
