#pragma once

namespace osler {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace osler
