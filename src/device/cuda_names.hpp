#pragma once
// Inside the room: what the CUDA runtime calls its devices.

#include <string>

namespace osler {

std::string cuda_device_name(int index);

}  // namespace osler
