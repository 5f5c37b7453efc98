#pragma once
// A value that many instances have in common, held once: of 100,000 files of one scanner, all name
// the same manufacturer.

#include <atomic>
#include <concepts>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace osler::dicom {

/// An immutable value in one pointer; copies share it, from several threads if need be. Reads as a
/// `const T&`; equal if the values are.
template <typename T>
class Shared {
 public:
  Shared() = default;
  Shared(T value) : box_(value == T{} ? nullptr : new Box{std::move(value)}) {}
  Shared(const Shared& other) noexcept : box_(other.box_) {
    if (box_ != nullptr) box_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Shared(Shared&& other) noexcept : box_(std::exchange(other.box_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(box_, other.box_);
    return *this;
  }
  ~Shared() {
    if (box_ != nullptr && box_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete box_;
  }

  const T& get() const {
    static const T kEmpty{};
    return box_ != nullptr ? box_->value : kEmpty;
  }
  operator const T&() const { return get(); }
  const T& operator*() const { return get(); }
  const T* operator->() const { return &get(); }
  bool empty() const { return box_ == nullptr; }

  friend bool operator==(const Shared& a, const Shared& b) {
    return a.box_ == b.box_ || a.get() == b.get();
  }
  friend bool operator==(const Shared& a, const T& b) { return a.get() == b; }
  friend bool operator<(const Shared& a, const Shared& b) { return a.get() < b.get(); }

 private:
  struct Box {
    T value;
    std::atomic<std::size_t> owners{1};
  };
  Box* box_ = nullptr;  ///< none: the empty value
};

/// A string that is shared; used like one.
class SharedText : public Shared<std::string> {
 public:
  SharedText() = default;
  SharedText(std::string text) : Shared(std::move(text)) {}
  SharedText(const char* text) : Shared(std::string(text)) {}

  operator std::string_view() const { return get(); }
  const char* c_str() const { return get().c_str(); }

  template <std::convertible_to<std::string_view> Text>
  friend bool operator==(const SharedText& a, const Text& b) {
    return std::string_view(a) == std::string_view(b);
  }
};

/// Makes equal values one. For one thread; may be dropped before what it has shared.
template <typename T>
class SharedPool {
 public:
  void unite(Shared<T>& value) {
    if (!value.empty()) value = *values_.insert(value).first;
  }

 private:
  std::set<Shared<T>> values_;
};

}  // namespace osler::dicom
