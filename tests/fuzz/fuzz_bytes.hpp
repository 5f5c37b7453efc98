#pragma once
// The bytes of a fuzzer as numbers, one after another; zero once they are spent.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace osler::fuzz {

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  bool empty() const { return left_.empty(); }

  template <typename T>
  T take() {
    T value{};
    const std::size_t n = left_.size() < sizeof(T) ? left_.size() : sizeof(T);
    if (n > 0) std::memcpy(&value, left_.data(), n);
    left_ = left_.subspan(n);
    return value;
  }
  bool flag() { return (take<std::uint8_t>() & 1) != 0; }
  /// 0 .. count - 1
  int below(int count) { return take<std::uint8_t>() % count; }

  std::span<const std::byte> rest() const { return std::as_bytes(left_); }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace osler::fuzz
