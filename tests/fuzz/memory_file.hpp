#pragma once
// A fuzzer's bytes as a file: the readers take paths.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace osler::fuzz {

class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : handle_(::memfd_create("input", 0)) {
    if (handle_ < 0 || ::write(handle_, data, size) != static_cast<ssize_t>(size)) {
      std::perror("memfd");
      std::exit(1);
    }
  }
  ~MemoryFile() { ::close(handle_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(handle_); }

 private:
  int handle_;
};

}  // namespace osler::fuzz
