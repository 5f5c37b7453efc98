#pragma once
// What a network is shown, in the memory of the device that runs it. Inside the room only.

#include <memory>
#include <optional>
#include <vector>

#include "device/device.hpp"
#include "kernels/patches.hpp"
#include "pipeline/label_target.hpp"
#include "pipeline/windowed.hpp"

namespace osler {

struct ShownImage {
  std::shared_ptr<const std::vector<float>> here;
  std::optional<DeviceBuffer> there;
  int channels = 1;
  ShownGrid grid;

  kernels::ImageView view() const {
    const float* values = there ? static_cast<const float*>(there->data()) : here->data();
    return {values, channels, grid.network.size};
  }
};

/// Carries out the package's image steps, or takes what the task's cache has of them.
/// @param shown   empty; the task's lane must outlive it
void show(const Device& device, const WindowedTask& task, ShownImage& shown);

}  // namespace osler
