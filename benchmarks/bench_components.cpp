// Runs what benchmarks/stage_components.py times, once per line that arrives on standard input, and
// answers each with one line of JSON. So the caller can let two programs take turns.
//
//   osler-bench-components components MASK OUT X Y Z 6|18|26    numbers of components, 32-bit
//   osler-bench-components distance   MASK OUT X Y Z DX DY DZ   millimetres, 32-bit float
//
// MASK: bytes, x fastest. The answer of the first run is written to OUT.

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/measured.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/sha256.hpp"
#include "kernels/components.hpp"
#include "kernels/distance.hpp"

namespace {

using osler::benchmarks::cpu_s;
using osler::benchmarks::now_s;
using osler::benchmarks::peak_mb;

using osler::Error;
using osler::ErrorCode;

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

/// Asks for huge pages, as NumPy does, in which the peers' outputs lie.
template <typename T>
std::unique_ptr<T[], Free> allocate(std::size_t count) {
  constexpr std::size_t page = std::size_t{1} << 21;
  const std::size_t bytes = (count * sizeof(T) + page - 1) / page * page;
  void* const memory = std::aligned_alloc(page, bytes);
  if (memory == nullptr) throw Error(ErrorCode::internal, "no memory for the answer");
  madvise(memory, bytes, MADV_HUGEPAGE);
  return std::unique_ptr<T[], Free>(static_cast<T*>(memory));
}

/// The output is allocated anew, as the peers do.
template <typename T, typename Work>
void time_once(std::size_t voxels, const std::string& out, Work work) {
  const double start = now_s(), cpu_start = cpu_s();
  const auto result = allocate<T>(voxels);
  work(std::span<T>(result.get(), voxels));
  const double seconds = now_s() - start, cpu_seconds = cpu_s() - cpu_start;
  const double peak = peak_mb();
  const auto answer = std::as_bytes(std::span(result.get(), voxels));
  if (!out.empty()) {
    std::ofstream file(out, std::ios::binary);
    file.write(reinterpret_cast<const char*>(answer.data()),
               static_cast<std::streamsize>(answer.size()));
    if (!file.flush()) throw Error(ErrorCode::output, "the answer cannot be written");
  }
  fmt::print(R"({{"seconds":{:.6f},"cpu_s":{:.6f},"peak_mb":{:.1f},"digest":"{}"}})"
             "\n",
             seconds, cpu_seconds, peak, osler::sha256_hex(answer));
  std::fflush(stdout);
}

void run(const std::vector<std::string>& words) {
  const std::vector<std::byte> bytes = osler::read_file(words[1], std::size_t{1} << 32);
  const std::span mask(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  const osler::Size3 size{std::stol(words[3]), std::stol(words[4]), std::stol(words[5])};
  if (osler::voxel_count(size) != static_cast<std::int64_t>(mask.size())) {
    throw Error(ErrorCode::bad_input, "a mask of another length than its size");
  }
  std::string out = words[2];
  for (std::string line; std::getline(std::cin, line); out.clear()) {
    if (words[0] == "components") {
      const osler::kernels::ComponentTask task{
          osler::kernels::Joins::foreground,
          static_cast<osler::kernels::Connectivity>(std::stoi(words[6]))};
      time_once<std::uint32_t>(mask.size(), out, [&](std::span<std::uint32_t> numbers) {
        osler::kernels::components_cpu({mask.data(), osler::ScalarType::u8, size}, task, numbers);
      });
    } else {
      const osler::Vec3 spacing_mm{std::stod(words[6]), std::stod(words[7]), std::stod(words[8])};
      time_once<float>(mask.size(), out, [&](std::span<float> mm) {
        osler::kernels::distance_transform_cpu(mask, size, spacing_mm, mm);
      });
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bool known = !words.empty() && (words[0] == "components" || words[0] == "distance");
  if (!known || words.size() != (words[0] == "components" ? 7 : 9)) {
    fmt::print(stderr,
               "usage: osler-bench-components components MASK OUT X Y Z 6|18|26\n"
               "       osler-bench-components distance MASK OUT X Y Z DX DY DZ\n");
    return osler::kExitUsage;
  }
  try {
    run(words);
  } catch (const Error& error) {
    fmt::print(stderr, "osler-bench-components: {}\n", error.what());
    return osler::exit_code(error.code());
  }
  return osler::kExitOk;
}
