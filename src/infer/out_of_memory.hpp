#pragma once
// Whether LibTorch failed for lack of memory. Inside the room only.

#include <exception>

#include "device/device.hpp"

namespace osler {

/// LibTorch's interpreter passes an error inside a graph on as text, whatever its type was.
bool is_out_of_memory(const std::exception& error);

/// @throws c10::OutOfMemoryError that says the same in a line
[[noreturn]] void throw_out_of_memory(const std::exception& error);

/// Where there is nothing left to make smaller. @throws Error device
[[noreturn]] void refuse_for_memory(const Device& device);

}  // namespace osler
