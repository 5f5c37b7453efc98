#pragma once
// A value that many instances have in common, held once: of 100,000 files of one scanner, all name
// the same manufacturer.

#include <concepts>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace osler::dicom {

/// An immutable value; copies share it. Reads as a `const T&`; equal if the values are.
template <typename T>
class Shared {
 public:
  Shared() = default;
  Shared(T value) : value_(value == T{} ? nullptr : std::make_shared<const T>(std::move(value))) {}

  const T& get() const {
    static const T kEmpty{};
    return value_ ? *value_ : kEmpty;
  }
  operator const T&() const { return get(); }
  const T& operator*() const { return get(); }
  const T* operator->() const { return &get(); }
  bool empty() const { return !value_; }

  friend bool operator==(const Shared& a, const Shared& b) {
    return a.value_ == b.value_ || a.get() == b.get();
  }
  friend bool operator==(const Shared& a, const T& b) { return a.get() == b; }
  friend bool operator<(const Shared& a, const Shared& b) { return a.get() < b.get(); }

 private:
  std::shared_ptr<const T> value_;  ///< none: the empty value
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
