#include "infer/private_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>

#include "core/error.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "osler-weights-";
/// Between a folder's making and its lock another process must not take it for abandoned.
constexpr std::time_t kSafelyOldSeconds = 60;

[[noreturn]] void fail(const fs::path& path, int error) {
  throw Error(ErrorCode::output, "cannot write " + path.string() + ": " + std::strerror(error),
              "a folder for temporary files", "set TMPDIR to one that can be written");
}

/// Locked, or -1 if it is in use. A lock goes with its process, however that ends.
int lock_folder(const fs::path& folder) {
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (handle < 0) return -1;
  if (::flock(handle, LOCK_EX | LOCK_NB) == 0) return handle;
  ::close(handle);
  return -1;
}

bool is_ours_and_old(const fs::path& folder) {
  struct stat status {};
  return ::lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid() && std::time(nullptr) - status.st_mtime > kSafelyOldSeconds;
}

void remove_abandoned(const fs::path& place) {
  std::error_code error;
  for (fs::directory_iterator it(place, error), end; !error && it != end; it.increment(error)) {
    const fs::path folder = it->path();
    if (!folder.filename().string().starts_with(kPrefix) || !is_ours_and_old(folder)) continue;
    const int lock = lock_folder(folder);
    if (lock < 0) continue;
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    ::close(lock);
  }
}

}  // namespace

PrivateFolder::PrivateFolder() {
  std::error_code error;
  const fs::path place = fs::temp_directory_path(error);
  if (error) fail(place.empty() ? fs::path("/tmp") : place, error.value());
  remove_abandoned(place);
  std::string pattern =
      (place / (std::string(kPrefix) + std::to_string(::getpid()) + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) fail(place, errno);  // mode 0700
  path_ = pattern;
  lock_ = lock_folder(path_);
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

fs::path PrivateFolder::write(std::string_view name, std::span<const std::byte> bytes) const {
  const fs::path file = path_ / name;
  errno = 0;
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) fail(file, errno == 0 ? EIO : errno);
  return file;
}

}  // namespace osler
