#include "dicom/read_ahead.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace osler::dicom {

void read_ahead(const std::filesystem::path& file) {
  const int handle = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (handle < 0) return;
  ::posix_fadvise(handle, 0, 0, POSIX_FADV_WILLNEED);
  ::close(handle);
}

}  // namespace osler::dicom
