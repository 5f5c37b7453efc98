#include "core/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "core/error.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail_output(const fs::path& path, int error) {
  const char* remedy = error == ENOSPC ? "free disk space, or give another --out folder"
                                       : "give an --out folder that can be written";
  throw Error(ErrorCode::output, "cannot write " + path.string() + ": " + std::strerror(error), {},
              remedy);
}

void flush_to_disk(const fs::path& path) {
  const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) fail_output(path, errno);
  const int result = ::fsync(handle);
  const int error = errno;
  ::close(handle);
  if (result != 0 && error != EINVAL) fail_output(path, error);
}

}  // namespace

std::vector<std::byte> read_file(const fs::path& file, std::size_t max_bytes) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) {
    throw Error(ErrorCode::bad_input, "cannot read " + file.string() + ": " + error.message());
  }
  if (size > max_bytes) {
    throw Error(ErrorCode::bad_input, file.string() + " has " + std::to_string(size) + " bytes",
                "at most " + std::to_string(max_bytes));
  }
  std::vector<std::byte> bytes(size);
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!in || in.gcount() != static_cast<std::streamsize>(size)) {
    throw Error(ErrorCode::bad_input, "cannot read all of " + file.string());
  }
  return bytes;
}

StagedFolder::StagedFolder(fs::path target) : target_(std::move(target)) {
  if (!target_.has_filename()) target_ = target_.parent_path();  // "out/" is "out"
  const fs::path parent = target_.parent_path().empty() ? fs::path(".") : target_.parent_path();
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) fail_output(parent, error.value());
  std::string pattern = (parent / (".osler-" + target_.filename().string() + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) fail_output(parent, errno);
  staging_ = pattern;
}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
}

void StagedFolder::write(std::string_view name, std::string_view content) {
  const fs::path file = staging_ / name;
  errno = 0;
  std::ofstream out(file, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) fail_output(target_ / name, errno == 0 ? EIO : errno);
}

void StagedFolder::commit() {
  std::error_code error;
  fs::create_directories(target_, error);
  if (error) fail_output(target_, error.value());
  for (const auto& entry : fs::directory_iterator(staging_)) flush_to_disk(entry.path());
  for (const std::string& name : superseded_) {
    if (!fs::exists(staging_ / name)) fs::remove(target_ / name, error);
  }
  for (const auto& entry : fs::directory_iterator(staging_)) {
    fs::rename(entry.path(), target_ / entry.path().filename(), error);
    if (error) fail_output(target_ / entry.path().filename(), error.value());
  }
  flush_to_disk(target_);
}

}  // namespace osler
