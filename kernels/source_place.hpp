#pragma once
// Where a volume is: operators read it in the host's memory or in a device's.

#include "device/device.hpp"
#include "kernels/source_view.hpp"

namespace osler {
class Staging;
}

namespace osler::kernels {

/// A volume and whose memory it is in.
struct SourcePlace {
  SourceView view;
  const Stream* stream = nullptr;  ///< of the device that holds it; nothing: the host does
};

/// A volume's stored voxels and their rescale, copied once to a device for all who read them there.
class SourceOnDevice {
 public:
  /// Queues the copies on the stream, which must outlive this; the voxels may change when it
  /// returns.
  /// @param source  host memory
  /// @throws Error device
  SourceOnDevice(const SourceView& source, Staging& staging, const Stream& stream);
  /// Waits until all is copied.
  SourceOnDevice(const SourceView& source, const Stream& stream);

  SourcePlace place() const { return {view_, &stream_}; }

 private:
  SourceOnDevice(const SourceView& source, Staging* staging, const Stream& stream);

  const Stream& stream_;
  DeviceBuffer voxels_, slope_, intercept_;
  SourceView view_;
};

}  // namespace osler::kernels
