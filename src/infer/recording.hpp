#pragma once
// Work of a stream, recorded once and started again as one (a CUDA graph): a network of some
// hundred operators is then one start and not hundreds. Inside the room only.

#include <functional>
#include <memory>

#include "device/device.hpp"

namespace osler {

class Recording {
 public:
  /// Calls `work`, which queues on LibTorch's current stream, that must not be the default one.
  /// Nothing of it is carried out. Memory that it takes and gives back belongs to the recording.
  /// @throws std::exception where something in it cannot be recorded; the stream can be used on
  explicit Recording(const std::function<void()>& work);
  ~Recording();
  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) = delete;

  /// Whether there is something to record on: a GPU's stream that is not its default one.
  static bool possible();

  /// Queues all of it again, on LibTorch's current stream. @throws Error device
  void replay() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace osler
