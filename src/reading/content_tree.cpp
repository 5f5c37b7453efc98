#include "reading/content_tree.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "reading/attributes.hpp"

namespace osler::reading {
namespace {

/// A Decimal String of 16 characters keeps this much of a number, exponent and sign included.
constexpr double kDecimalTolerance = 1e-8;

struct Walker {
  std::size_t items = 0;
  bool cut_off = false;
  std::vector<Problem>& problems;

  void problem(const ContentItem& item, std::string what) {
    problems.push_back({item.path, std::move(what)});
  }
};

/// One content item that is being read.
struct Reading {
  DcmItem& from;
  ContentItem& item;
  Texts texts;
  Walker& walker;

  std::optional<Code> code(DcmItem& of, const DcmTagKey& sequence, const char* what) {
    auto code = code_of(of, sequence, texts);
    if (!code) {
      walker.problem(item, std::string(what) + " is missing");
    } else if (code->value.empty() || code->scheme.empty()) {
      walker.problem(item, std::string(what) + " is no whole code");
    }
    return code;
  }
};

SopReference sop_reference(DcmItem& item) {
  return {bytes_of(item, DCM_ReferencedSOPClassUID), bytes_of(item, DCM_ReferencedSOPInstanceUID)};
}

void read_references(Reading& r) {
  for (DcmItem* sop : items_of(r.from, DCM_ReferencedSOPSequence)) {
    ContentReference reference;
    reference.object = sop_reference(*sop);
    reference.frames = integers_of(*sop, DCM_ReferencedFrameNumber);
    reference.segments = integers_of(*sop, DCM_ReferencedSegmentNumber);
    const auto channels = integers_of(*sop, DCM_ReferencedWaveformChannels);
    for (std::size_t i = 0; i + 1 < channels.size(); i += 2) {
      reference.channels.push_back({channels[i], channels[i + 1]});
    }
    if (DcmItem* shown = first_item(*sop, DCM_ReferencedSOPSequence)) {
      reference.presentation_state = sop_reference(*shown);
    }
    if (reference.object.sop_instance_uid.empty()) {
      r.walker.problem(r.item, "a reference names no instance");
    }
    r.item.references.push_back(std::move(reference));
  }
  if (r.item.references.empty()) r.walker.problem(r.item, "refers to nothing");
}

void read_number(Reading& r) {
  r.item.qualifier = code_of(r.from, DCM_NumericValueQualifierCodeSequence, r.texts);
  const auto measured = items_of(r.from, DCM_MeasuredValueSequence);
  if (measured.empty()) {
    if (!r.item.qualifier) r.walker.problem(r.item, "has no value and no reason for that");
    return;
  }
  if (measured.size() > 1) r.walker.problem(r.item, "has more than one value; the first is shown");
  DcmItem& value = *measured.front();
  r.item.text = bytes_of(value, DCM_NumericValue);
  r.item.number = decimal(r.item.text);
  // The same number for those to whom 16 characters are too few (PS3.3 C.18.1).
  const auto precise = numbers_of(value, DCM_FloatingPointValue);
  if (!precise.empty()) {
    const double written = r.item.number.value_or(precise.front());
    const double allowed = kDecimalTolerance * std::abs(written);
    if (std::abs(precise.front() - written) <= allowed) {
      r.item.number = precise.front();
    } else {
      r.walker.problem(r.item, "its two writings of the value differ; the decimal one is shown");
    }
  }
  if (!r.item.number) r.walker.problem(r.item, "the value is no number");
  r.item.unit = r.code(value, DCM_MeasurementUnitsCodeSequence, "the unit");
}

void read_graphic(Reading& r, int dimensions) {
  ContentGraphic graphic;
  graphic.dimensions = dimensions;
  graphic.type = bytes_of(r.from, DCM_GraphicType);
  graphic.data = numbers_of(r.from, DCM_GraphicData);
  graphic.frame_of_reference_uid = bytes_of(r.from, DCM_ReferencedFrameOfReferenceUID);
  if (graphic.data.empty()) {
    r.walker.problem(r.item, "has no coordinates");
  } else if (graphic.data.size() % static_cast<std::size_t>(dimensions) != 0) {
    r.walker.problem(r.item, "a point lacks a coordinate");
  }
  r.item.graphic = std::move(graphic);
}

void read_times(Reading& r) {
  ContentGraphic graphic;
  graphic.type = bytes_of(r.from, DCM_TemporalRangeType);
  graphic.sample_positions = integers_of(r.from, DCM_ReferencedSamplePositions);
  graphic.time_offsets_s = numbers_of(r.from, DCM_ReferencedTimeOffsets);
  graphic.date_times = values_of(bytes_of(r.from, DCM_ReferencedDateTime));
  if (graphic.sample_positions.empty() && graphic.time_offsets_s.empty() &&
      graphic.date_times.empty()) {
    r.walker.problem(r.item, "names no time");
  }
  r.item.graphic = std::move(graphic);
}

void read_container(Reading& r) {
  r.item.continuity = bytes_of(r.from, DCM_ContinuityOfContent);
  if (DcmItem* used = first_item(r.from, DCM_ContentTemplateSequence)) {
    r.item.content_template = bytes_of(*used, DCM_TemplateIdentifier);
  }
}

struct TextType {
  const char* value_type;
  DcmTagKey tag;
};
const TextType kTextTypes[] = {{"TEXT", DCM_TextValue}, {"PNAME", DCM_PersonName},
                               {"UIDREF", DCM_UID},     {"DATE", DCM_Date},
                               {"TIME", DCM_Time},      {"DATETIME", DCM_DateTime}};

void read_value(Reading& r) {
  const std::string& type = r.item.value_type;
  for (const TextType& t : kTextTypes) {
    if (type != t.value_type) continue;
    r.item.text = text_of(r.from, t.tag, r.texts);
    if (r.item.text.empty()) r.walker.problem(r.item, "has no value");
    return;
  }
  if (type == "CODE") {
    r.item.code = r.code(r.from, DCM_ConceptCodeSequence, "the value");
  } else if (type == "NUM") {
    read_number(r);
  } else if (type == "CONTAINER") {
    read_container(r);
  } else if (type == "IMAGE" || type == "COMPOSITE" || type == "WAVEFORM") {
    read_references(r);
  } else if (type == "SCOORD" || type == "SCOORD3D") {
    read_graphic(r, type == "SCOORD" ? 2 : 3);
  } else if (type == "TCOORD") {
    read_times(r);
  } else if (type.empty()) {
    r.walker.problem(r.item, "has no value type");
  } else {
    r.walker.problem(r.item, "its value type is not one of the standard's");
  }
}

/// Whether an item of this type may do without a concept name.
bool may_be_nameless(const ContentItem& item) {
  for (const char* type :
       {"IMAGE", "COMPOSITE", "WAVEFORM", "SCOORD", "SCOORD3D", "TCOORD", "CONTAINER"}) {
    if (item.value_type == type) return true;
  }
  return false;
}

std::string dotted(std::vector<long> numbers) {
  std::string path;
  for (const long n : numbers) path += (path.empty() ? "" : ".") + std::to_string(n);
  return path;
}

void read_item(DcmItem& from, ContentItem& item, const dicom::CharacterSet& set, Walker& walker,
               int depth) {
  ++walker.items;
  Reading r{from, item, {set, {}}, walker};
  item.relationship = bytes_of(from, DCM_RelationshipType);
  item.value_type = bytes_of(from, DCM_ValueType);
  const auto target = integers_of(from, DCM_ReferencedContentItemIdentifier);
  if (!target.empty() && item.value_type.empty()) {
    item.refers_to = dotted(target);
    return;
  }
  item.name = code_of(from, DCM_ConceptNameCodeSequence, r.texts);
  if (!item.name && !may_be_nameless(item)) walker.problem(item, "has no concept name");
  item.observed = bytes_of(from, DCM_ObservationDateTime);
  read_value(r);
  if (r.texts.notes.any()) walker.problem(item, words_of(r.texts.notes));

  const auto children = items_of(from, DCM_ContentSequence);
  if (children.empty()) return;
  if (depth >= kMaxContentDepth) {
    walker.problem(item, "nested deeper than is read: what is below is left out");
    walker.cut_off = true;
    return;
  }
  for (std::size_t i = 0; i < children.size(); ++i) {
    if (walker.items >= kMaxContentItems) {
      walker.problem(item, "more content than is read: the rest is left out");
      walker.cut_off = true;
      return;
    }
    ContentItem& child = item.children.emplace_back();
    child.path = item.path + "." + std::to_string(i + 1);
    // An item may declare a character set of its own (PS3.3 C.12.1.1.2).
    const std::string own = bytes_of(*children[i], DCM_SpecificCharacterSet);
    if (own.empty()) {
      read_item(*children[i], child, set, walker, depth + 1);
    } else {
      read_item(*children[i], child, dicom::CharacterSet(own), walker, depth + 1);
    }
    if (child.relationship.empty()) walker.problem(child, "has no relationship to what it is in");
  }
}

/// Of "1.3.2": 3 and 2. What is no path of the root's has a position 0, which nothing has.
std::vector<std::size_t> positions_of(const std::string& path) {
  std::vector<std::size_t> positions;
  const char* at = path.data();
  const char* const end = path.data() + path.size();
  for (bool is_root = true; at < end; is_root = false) {
    std::size_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{} || (is_root && number != 1)) return {0};
    if (!is_root) positions.push_back(number);
    at = next == end ? end : next + 1;
  }
  return positions;
}

void check_targets(const ContentItem& item, const ContentItem& root,
                   std::vector<Problem>& problems) {
  if (!item.refers_to.empty() && content_at(root, item.refers_to) == nullptr) {
    problems.push_back({item.path, "refers to content that is not there"});
  }
  for (const ContentItem& child : item.children) check_targets(child, root, problems);
}

}  // namespace

ContentTree read_content(DcmItem& object) {
  ContentTree tree;
  tree.root.path = "1";
  const dicom::CharacterSet set(bytes_of(object, DCM_SpecificCharacterSet));
  Walker walker{.problems = tree.problems};
  read_item(object, tree.root, set, walker, 0);
  tree.items = walker.items;
  tree.is_cut_off = walker.cut_off;
  check_targets(tree.root, tree.root, tree.problems);
  return tree;
}

bool is_decimal_string(const std::string& text) {
  constexpr std::size_t kLongest = 16;
  return text.size() <= kLongest && decimal(text).has_value();
}

const ContentItem* content_at(const ContentItem& root, const std::string& path) {
  const ContentItem* item = &root;
  for (const std::size_t position : positions_of(path)) {
    if (position < 1 || position > item->children.size()) return nullptr;
    item = &item->children[position - 1];
  }
  return item;
}

DcmItem* item_at(DcmItem& object, const std::string& path) {
  DcmItem* item = &object;
  for (const std::size_t position : positions_of(path)) {
    const auto children = items_of(*item, DCM_ContentSequence);
    if (position < 1 || position > children.size()) return nullptr;
    item = children[position - 1];
  }
  return item;
}

}  // namespace osler::reading
