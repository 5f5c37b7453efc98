// Runs one operator on bytes in a file, for tests/judges/check_kernels.py.
//
//   kernel_peers components IN OUT X Y Z mask|labels 6|18|26   -> 32-bit numbers
//   kernel_peers fill-holes IN OUT X Y Z CLASS 6|18|26         -> bytes
//   kernel_peers distance   IN OUT X Y Z DX DY DZ              -> 32-bit floats, mm

#include <fmt/format.h>

#include <fstream>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "kernels/component_filters.hpp"
#include "kernels/distance.hpp"

namespace {

using osler::Device;
using osler::Error;
using osler::ErrorCode;
using osler::ScalarType;
using osler::Size3;
namespace kernels = osler::kernels;

void write(const std::string& file, std::span<const std::byte> bytes) {
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw Error(ErrorCode::output, "the answer cannot be written");
}

void run(const std::vector<std::string>& words) {
  const std::vector<std::byte> bytes = osler::read_file(words[1], std::size_t{1} << 32);
  const Size3 size{std::stol(words[3]), std::stol(words[4]), std::stol(words[5])};
  const auto* voxels = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const Device cpu;
  if (words[0] == "components") {
    std::vector<std::uint32_t> numbers(bytes.size());
    kernels::components(
        cpu, {voxels, ScalarType::u8, size},
        {words[6] == "mask" ? kernels::Joins::foreground : kernels::Joins::equal_labels,
         static_cast<kernels::Connectivity>(std::stoi(words[7]))},
        numbers);
    write(words[2], std::as_bytes(std::span(numbers)));
  } else if (words[0] == "fill-holes") {
    std::vector<std::byte> filled = bytes;
    const std::vector<std::uint16_t> classes{static_cast<std::uint16_t>(std::stoi(words[6]))};
    kernels::fill_holes(cpu, {filled.data(), ScalarType::u8, size}, classes,
                        static_cast<kernels::Connectivity>(std::stoi(words[7])));
    write(words[2], filled);
  } else if (words[0] == "distance") {
    std::vector<float> mm(bytes.size());
    kernels::distance_transform(cpu, {voxels, bytes.size()}, size,
                                {std::stod(words[6]), std::stod(words[7]), std::stod(words[8])},
                                mm);
    write(words[2], std::as_bytes(std::span(mm)));
  } else {
    throw Error(ErrorCode::usage, "an unknown operator", "components, fill-holes or distance");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 8) {
    fmt::print(stderr, "usage: kernel_peers OPERATOR IN OUT X Y Z ARGUMENTS\n");
    return osler::kExitUsage;
  }
  try {
    run(words);
  } catch (const osler::Error& error) {
    fmt::print(stderr, "kernel_peers: {}\n", error.what());
    return osler::exit_code(error.code());
  }
  return osler::kExitOk;
}
