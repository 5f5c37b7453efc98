#pragma once
// What one study has of a GPU. Inside the room and its tests only.

#include "device/device.hpp"
#include "device/staging.hpp"

namespace osler {

/// All that a study does on a GPU it does on one stream. A run has two of these, so that one
/// study's image is read and copied while another is computed.
struct DeviceLane {
  Staging staging;  ///< goes after the stream, which waits for its copies
  Stream stream;

  /// @throws Error device
  explicit DeviceLane(const Device& device) : staging(device), stream(device) {}
};

}  // namespace osler
