#pragma once

#include <string>

namespace osler {

/// A coded concept, as in the Basic Coded Entry of PS3.3 8.1.
struct Code {
  std::string value;    ///< Code Value (0008,0100)
  std::string scheme;   ///< Coding Scheme Designator (0008,0102), e.g. SCT, DCM, UCUM
  std::string meaning;  ///< Code Meaning (0008,0104)

  bool operator==(const Code& other) const {
    return value == other.value && scheme == other.scheme;
  }
};

}  // namespace osler
