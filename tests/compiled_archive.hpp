#pragma once
// Archives as LibTorch packs compiled networks, of tests/compiled_network.cpp.

#include <caffe2/serialize/inline_container.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "temporary_folder.hpp"

namespace osler::testing {

inline constexpr char kPlaceInArchive[] = "data/aotinductor/model/";

inline std::vector<std::byte> archive(
    const std::vector<std::pair<std::string, std::string>>& files) {
  std::string text;
  caffe2::serialize::PyTorchStreamWriter writer([&](const void* data, std::size_t size) {
    text.append(static_cast<const char*>(data), size);
    return size;
  });
  for (const auto& [name, content] : files) {
    writer.writeRecord(name, content.data(), content.size());
  }
  writer.writeEndOfFile();
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// x * factor + 1, factor 2 or 3. It lies beside the test's program, also where that is carried to.
inline std::string compiled_library(int factor) {
  const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return read_text(folder / ("libcompiled_network_" + std::to_string(factor) + ".so"));
}

inline std::vector<std::byte> compiled_network(int factor) {
  const std::string place = kPlaceInArchive;
  return archive({{place + "a.wrapper.so", compiled_library(factor)},
                  {place + "a.wrapper.cpp", "// as the compiler leaves it"},
                  {place + "a.wrapper_metadata.json", "{}"}});
}

}  // namespace osler::testing
