#pragma once
// Text from outside, such as names of files and values of headers, made safe for a terminal.

#include <string>
#include <string_view>

namespace osler {

/// UTF-8 as it is; control characters (C0, DEL, C1), which could move the cursor or forge lines,
/// and bytes that are no UTF-8 (RFC 3629) as \xNN of each byte.
std::string printable(std::string_view text);

}  // namespace osler
