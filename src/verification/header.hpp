#pragma once
// What a verification changes of a report outside of its content. Inside the room only.

#include <string>
#include <vector>

#include "findings/identifiers.hpp"
#include "reading/object.hpp"

class DcmItem;

namespace osler::verification {

/// New instance and series (UIDs derived from `identity`), verified, complete, final, now.
ObjectIds put_successor_header(DcmItem& object, const reading::ObjectSummary& predecessor,
                               const std::vector<std::string>& identity);

/// After the header. @param name, organisation  in the object's character set
void put_verifying_observer(DcmItem& object, const std::string& name,
                            const std::string& organisation);

/// Declares the private scheme, if it is not yet.
void put_osler_scheme(DcmItem& object);

}  // namespace osler::verification
