#include "device/staging.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace osler {
namespace {

constexpr std::int64_t kBytesOfThread = std::int64_t{1} << 20;

/// One thread alone does not copy as fast as the bus.
void copy_by_threads(std::byte* to, std::span<const std::byte> from) {
  const auto bytes = static_cast<std::int64_t>(from.size());
#pragma omp parallel for schedule(static)
  for (std::int64_t begin = 0; begin < bytes; begin += kBytesOfThread) {
    std::memcpy(to + begin, from.data() + begin,
                static_cast<std::size_t>(std::min(kBytesOfThread, bytes - begin)));
  }
}

}  // namespace

Staging::Staging(const Device& device)
    : pieces_{Piece{PinnedBuffer(kPieceBytes, device), Event(device)},
              Piece{PinnedBuffer(kPieceBytes, device), Event(device)}} {}

void Staging::to_device(std::span<const std::byte> host, void* device, const Stream& stream) {
  std::size_t turn = 0;
  for (std::size_t done = 0; done < host.size(); done += kPieceBytes, turn ^= 1) {
    const Piece& piece = pieces_[turn];
    const auto part = host.subspan(done, std::min(kPieceBytes, host.size() - done));
    piece.taken.synchronize();  // of the copy before the last
    copy_by_threads(piece.memory.bytes().data(), part);
    copy_to_device(piece.memory.bytes().first(part.size()), static_cast<std::byte*>(device) + done,
                   stream);
    piece.taken.record(stream);
  }
}

void Staging::to_host(const void* device, std::span<std::byte> host, const Stream& stream) {
  const auto part_at = [&](std::size_t begin) {
    return host.subspan(begin, std::min(kPieceBytes, host.size() - begin));
  };
  const auto fetch = [&](std::size_t begin, const Piece& piece) {
    copy_to_host(static_cast<const std::byte*>(device) + begin,
                 piece.memory.bytes().first(part_at(begin).size()), stream);
    piece.taken.record(stream);
  };
  for (const Piece& piece : pieces_) piece.taken.synchronize();
  std::size_t turn = 0;
  if (!host.empty()) fetch(0, pieces_[0]);
  for (std::size_t begin = 0; begin < host.size(); begin += kPieceBytes, turn ^= 1) {
    const std::size_t next = begin + kPieceBytes;
    if (next < host.size()) fetch(next, pieces_[turn ^ 1]);
    pieces_[turn].taken.synchronize();
    const auto part = part_at(begin);
    copy_by_threads(part.data(), pieces_[turn].memory.bytes().first(part.size()));
  }
}

}  // namespace osler
