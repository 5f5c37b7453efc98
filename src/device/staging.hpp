#pragma once
// Ordinary host memory over the bus at the bus's own speed.

#include <array>
#include <cstddef>
#include <span>

#include "device/device.hpp"

namespace osler {

/// Copies through two pieces of pinned memory: while the bus takes one, the processor's threads
/// fill or empty the other. Pinned memory is dear to make, so one of these serves many copies; for
/// one thread at a time. What other streams compute goes on meanwhile.
class Staging {
 public:
  static constexpr std::size_t kPieceBytes = std::size_t{16} << 20;

  /// @throws Error device
  explicit Staging(const Device& device);

  /// Returns when `host` may change; what is queued on the stream from then on sees the copy.
  /// @param device  at least host.size() bytes of device memory
  void to_device(std::span<const std::byte> host, void* device, const Stream& stream);

  /// Behind what the stream holds. Returns when all is in `host`.
  void to_host(const void* device, std::span<std::byte> host, const Stream& stream);

 private:
  struct Piece {
    PinnedBuffer memory;
    Event taken;  ///< the bus is done with it
  };
  std::array<Piece, 2> pieces_;
};

}  // namespace osler
