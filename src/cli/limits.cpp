#include "cli/limits.hpp"

#include <CLI/CLI.hpp>
#include <string>

namespace osler::cli {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 50;  // sums and products stay in 63 bits
constexpr char kGroup[] = "Limits (SIZE in bytes, or as 512MB, 2GiB)";

/// "64MiB", as the option takes it.
std::string size_text(std::int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes % 1024 == 0 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024;
  return std::to_string(bytes) + kUnits[unit];
}

void add_size(CLI::App& command, const std::string& name, std::int64_t& bytes,
              const std::string& what) {
  command.add_option("--max-" + name, bytes, what)
      ->default_str(size_text(bytes))
      ->transform(CLI::AsSizeValue(true).description(""))
      ->check(CLI::Range(std::int64_t{1}, kMost).description(""))
      ->type_name("SIZE")
      ->group(kGroup);
}

}  // namespace

void add_limits(CLI::App& command, dicom::Limits& limits) {
  command.add_option("--max-files", limits.max_files, "files in one scan")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, kMost).description(""))
      ->type_name("N")
      ->group(kGroup);
  add_file_limits(command, limits);
  add_size(command, "volume", limits.max_volume_bytes, "of one volume");
}

void add_file_limits(CLI::App& command, dicom::Limits& limits) {
  add_size(command, "header", limits.max_header_bytes, "of one file without its pixel data");
  add_size(command, "frame", limits.max_frame_bytes, "of one frame when it is decoded");
}

}  // namespace osler::cli
