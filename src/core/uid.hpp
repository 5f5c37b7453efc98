#pragma once
// DICOM unique identifiers that are derived, not random: the same words give the same UID, so that
// a result that is made or stored twice is the same object.

#include <span>
#include <string>
#include <string_view>

namespace osler {

/// "2.25." and a decimal number (PS3.5 B.2) made of a version 8 UUID (RFC 9562) over the SHA-256 of
/// the parts, each with its length before it, so that ("ab","c") and ("a","bc") differ.
std::string derived_uid(std::span<const std::string> parts);

/// The UUID, in lower case, of a UID that derived_uid made.
std::string uuid_of(std::string_view derived_uid);

/// 1 to 64 characters, digits and dots only, no empty component (PS3.5 9.1; leading zeros, which
/// real files hold, are let through).
bool is_valid_uid(std::string_view uid);

}  // namespace osler
