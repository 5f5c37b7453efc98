#pragma once
// Changes that a verification makes to the content of a report. Inside the room only.

#include <memory>
#include <string>
#include <vector>

#include "core/code.hpp"
#include "dicom/character_set.hpp"
#include "reading/content_tree.hpp"

class DcmItem;

namespace osler::verification {

/// Items that stand at one place by reference to another keep referring to it, wherever it moves.
class ContentLinks {
 public:
  /// @throws Error bad_input if one refers to what is not there
  explicit ContentLinks(DcmItem& object);
  /// After all changes: writes where the targets are now. What refers to an item that is gone goes
  /// as well. @return how many went
  std::size_t restore();

 private:
  struct Link {
    DcmItem* from;
    DcmItem* to;
  };
  DcmItem& object_;
  std::vector<Link> links_;
};

/// Takes an item out of the content sequence of its parent.
std::unique_ptr<DcmItem> take_out(DcmItem& parent, DcmItem& item);

/// UTF-8 as the report's character set writes it; else as printable ASCII.
std::string stored_text(dicom::CharacterSet& set, const std::string& utf8);

/// Person (TID 1003), behind the device that is there.
/// @param name, organisation  in the object's character set; no organisation: empty
void add_person_observer(DcmItem& object, const std::string& name, const std::string& organisation);

/// Replaces a value and says what it was. @param old_text  "1923.679 mm3"
void correct_value(DcmItem& number, const std::string& value, const std::string& old_text);

/// The container of Qualitative Evaluations of the document, which is made if it is not there.
DcmItem& evaluations_container(DcmItem& object);

/// A text of the container above. @param text  in the object's character set
DcmItem& add_remark(DcmItem& container, const Code& name, const std::string& text);

/// What this program says of its own results is true no more: that no one has looked at them.
void put_verified_use(DcmItem& object);

}  // namespace osler::verification
