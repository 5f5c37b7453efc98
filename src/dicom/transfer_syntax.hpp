#pragma once
// Transfer syntaxes of PS3.5 and the PS3.6 registry: how bytes are laid out, which codec made them.

#include <string_view>

#include "dicom/element_reader.hpp"

namespace osler::dicom {

enum class Codec { none, rle, jpeg, jpeg_ls, jpeg_2000, deflated_frame, other };

struct TransferSyntax {
  std::string_view uid;
  std::string_view name;
  Encoding encoding;
  bool deflated = false;
  Codec codec = Codec::none;
};

/// An unknown UID comes back as Explicit VR Little Endian with codec `other`, as PS3.5 A.4 asks of
/// every encapsulated syntax; its `uid` is then empty.
const TransferSyntax& transfer_syntax(std::string_view uid);

}  // namespace osler::dicom
