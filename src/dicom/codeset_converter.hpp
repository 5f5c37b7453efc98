#pragma once
// The C library's iconv. Inside the room only.

#include <iconv.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

namespace osler::dicom {

/// From one codeset to another, both by the names that iconv gives them.
class CodesetConverter {
 public:
  CodesetConverter(const char* to, const char* from)
      : from_(from), handle_(::iconv_open(to, from)) {}
  ~CodesetConverter() {
    if (is_open()) ::iconv_close(handle_);
  }
  CodesetConverter(const CodesetConverter&) = delete;
  CodesetConverter& operator=(const CodesetConverter&) = delete;

  const std::string& from() const { return from_; }

  /// Appends all up to the first byte that begins no character of `from`, or none of `to`.
  /// @return the bytes read; 0 if the C library lacks one of the two
  std::size_t convert(std::string_view bytes, std::string& out) {
    if (!is_open()) return 0;
    ::iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    char* in = const_cast<char*>(bytes.data());  // NOLINT: POSIX wants it so and leaves it alone
    std::size_t left = bytes.size();
    while (left > 0) {
      std::array<char, 512> block;
      char* end = block.data();
      std::size_t room = block.size();
      const bool failed = ::iconv(handle_, &in, &left, &end, &room) == static_cast<std::size_t>(-1);
      out.append(block.data(), end);
      if (failed && errno != E2BIG) break;
    }
    return bytes.size() - left;
  }

 private:
  bool is_open() const {
    return handle_ != reinterpret_cast<iconv_t>(-1);  // NOLINT(performance-no-int-to-ptr): POSIX
  }
  std::string from_;
  iconv_t handle_;
};

}  // namespace osler::dicom
