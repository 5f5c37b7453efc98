#include "dicom/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.hpp"

namespace osler::dicom {
namespace {

// Holds the header of nearly every single-frame object.
constexpr std::size_t kWindowBytes = 16 << 10;

[[noreturn]] void fail_read(int error) {
  throw Error(ErrorCode::bad_input, std::string("cannot be read: ") + std::strerror(error));
}

}  // namespace

ByteSource::ByteSource(const std::filesystem::path& file)
    // Of a FIFO, an open that blocks would wait for a writer for ever.
    : handle_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (handle_ < 0) fail_read(errno);
  struct stat status {};
  if (::fstat(handle_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(handle_);
    throw Error(ErrorCode::bad_input, "not a regular file");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

ByteSource::ByteSource(std::vector<std::byte> bytes)
    : size_(bytes.size()), window_(std::move(bytes)) {}

ByteSource::~ByteSource() {
  if (handle_ >= 0) ::close(handle_);
}

std::span<const std::byte> ByteSource::view(std::uint64_t offset, std::size_t count) {
  if (offset > size_ || count > size_ - offset) {
    throw Error(ErrorCode::bad_input, "truncated: the file ends inside an element");
  }
  const bool held = offset >= window_offset_ && offset - window_offset_ <= window_.size() &&
                    count <= window_.size() - (offset - window_offset_);
  if (!held) {
    const auto ahead = std::min<std::uint64_t>(std::max(count, kWindowBytes), size_ - offset);
    if (ahead > views_left_) throw Error(ErrorCode::bad_input, "the header is over its limit");
    views_left_ -= ahead;
    window_.resize(static_cast<std::size_t>(ahead));
    window_offset_ = offset;
    read(offset, window_);
  }
  return {window_.data() + (offset - window_offset_), count};
}

void ByteSource::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset) {
    throw Error(ErrorCode::bad_input, "truncated: the file ends inside an element");
  }
  if (handle_ < 0) {
    std::memcpy(out.data(), window_.data() + offset, out.size());
    return;
  }
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(handle_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_read(errno);
    if (got == 0) throw Error(ErrorCode::bad_input, "truncated while it was read");
    done += static_cast<std::size_t>(got);
  }
}

}  // namespace osler::dicom
