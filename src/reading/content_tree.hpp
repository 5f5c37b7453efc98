#pragma once
// The content of an SR document (PS3.3 C.17.3) as a plain tree, whoever wrote it. What cannot be
// understood is listed as a problem and stays in the tree as far as it was read.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/code.hpp"
#include "reading/object.hpp"

class DcmItem;

namespace osler::reading {

/// A tree that holds more is listed as cut off there.
inline constexpr std::size_t kMaxContentItems = 100'000;
inline constexpr int kMaxContentDepth = 60;

/// Of IMAGE, COMPOSITE, WAVEFORM.
struct ContentReference {
  SopReference object;
  std::vector<long> frames;                   ///< empty: all
  std::vector<long> segments;                 ///< empty: all
  std::vector<std::array<long, 2>> channels;  ///< {multiplex group, channel}
  std::optional<SopReference> presentation_state;
};

/// Of SCOORD {column, row}, of SCOORD3D {x, y, z} in mm, of TCOORD what is stated of times.
struct ContentGraphic {
  std::string type;  ///< POINT, POLYLINE, ... ; Temporal Range Type
  int dimensions = 0;
  std::vector<double> data;  ///< `dimensions` numbers a point
  std::string frame_of_reference_uid;
  std::vector<long> sample_positions;
  std::vector<double> time_offsets_s;
  std::vector<std::string> date_times;
};

/// Texts are UTF-8, dates and times as DICOM writes them.
struct ContentItem {
  std::string path;          ///< "1" is the root, "1.3.2" the second child of its third
  std::string relationship;  ///< CONTAINS, HAS OBS CONTEXT, ...; of the root empty
  std::string value_type;    ///< of a reference to another item: empty
  std::optional<Code> name;
  /// TEXT, PNAME, UIDREF, DATE, TIME, DATETIME; of NUM the value as it is written
  std::string text;
  std::optional<Code> code;       ///< of CODE
  std::optional<double> number;   ///< of NUM
  std::optional<Code> unit;       ///< of NUM
  std::optional<Code> qualifier;  ///< of NUM: why there is no value
  std::string content_template;   ///< of CONTAINER: "1500"
  std::string continuity;         ///< of CONTAINER
  std::string refers_to;          ///< path of the item that stands here by reference
  std::string observed;           ///< Observation DateTime
  std::vector<ContentReference> references;
  std::optional<ContentGraphic> graphic;
  std::vector<ContentItem> children;
};

struct ContentTree {
  ContentItem root;
  std::size_t items = 0;
  bool is_cut_off = false;  ///< there is more than the limits let through
  std::vector<Problem> problems;
};

ContentTree read_content(DcmItem& object);

/// Whether a text is a number that may stand as a Decimal String.
bool is_decimal_string(const std::string& text);

/// The item of that path below a root, or null.
const ContentItem* content_at(const ContentItem& root, const std::string& path);

/// The item of that path in the object that a tree was read from, or null.
DcmItem* item_at(DcmItem& object, const std::string& path);

}  // namespace osler::reading
