#pragma once
// The data set of a file: where it begins, how it is encoded. Inside the room only.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "dicom/byte_source.hpp"
#include "dicom/element_reader.hpp"
#include "dicom/scan.hpp"

namespace osler::dicom {

/// Meta header read, a deflated data set inflated. Move-only.
class DataSet {
 public:
  /// @return nothing if the file does not look like DICOM: no Part 10 preamble, and no data set
  /// that starts with group 0002 or 0008 as files without one do
  /// @throws Error bad_input: cannot be read, damaged meta header, over the limit of a header,
  /// or inflates over it and one frame
  static std::optional<DataSet> open(const std::filesystem::path& file, const Limits& limits);

  ByteSource& bytes() const { return *bytes_; }
  /// The bytes without the rest; nothing else may be asked for afterwards.
  std::unique_ptr<ByteSource> release() { return std::move(bytes_); }
  const Encoding& encoding() const { return encoding_; }
  /// Whether the file is a DICOMDIR: a list of files, and no composite instance itself.
  bool is_media_directory() const { return is_media_directory_; }
  const std::string& transfer_syntax_uid() const { return transfer_syntax_uid_; }
  ElementReader elements() const { return {*bytes_, begin_, bytes_->size(), encoding_}; }

 private:
  DataSet() = default;

  std::unique_ptr<ByteSource> bytes_;
  std::uint64_t begin_ = 0;
  Encoding encoding_;
  std::string transfer_syntax_uid_;
  bool is_media_directory_ = false;
};

/// The data set of a file that was scanned before. @throws Error bad_input
DataSet open_again(const Instance& instance, const Limits& limits);

/// The file's name goes before what is wrong with it.
template <typename F>
auto with_file_name(const Instance& instance, F&& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::bad_input) throw;
    throw Error(error.code(), instance.file.name + ": " + error.found(), error.expected(),
                error.remedy());
  }
}

}  // namespace osler::dicom
