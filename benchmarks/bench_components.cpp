// Runs what benchmarks/stage_components.py times, once per line that arrives on standard input, and
// answers each with one line of JSON. So the caller can let two programs take turns.
//
//   osler-bench-components MASK SIZE_X SIZE_Y SIZE_Z 6|18|26 [OUT]
//
// MASK: bytes, x fastest. OUT: the numbers of the first run, 32-bit, are written there.

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/sha256.hpp"
#include "kernels/components.hpp"

namespace {

using osler::Error;
using osler::ErrorCode;

double now_s() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/// Most memory that this process had resident so far.
double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  }
  throw Error(ErrorCode::internal, "no VmHWM in /proc/self/status");
}

/// The output is allocated anew in each run, as the peers do.
void run_once(const osler::kernels::LabelView& labels, const osler::kernels::ComponentTask& task,
              const std::string& out) {
  const auto voxels = static_cast<std::size_t>(osler::voxel_count(labels.size));
  const double start = now_s(), cpu_start = cpu_s();
  const auto numbers = std::make_unique_for_overwrite<std::uint32_t[]>(voxels);
  const auto sizes = osler::kernels::components_cpu(labels, task, {numbers.get(), voxels});
  const double seconds = now_s() - start, cpu_seconds = cpu_s() - cpu_start;
  const double peak = peak_mb();
  const auto answer = std::as_bytes(std::span(numbers.get(), voxels));
  if (!out.empty()) {
    std::ofstream file(out, std::ios::binary);
    file.write(reinterpret_cast<const char*>(answer.data()),
               static_cast<std::streamsize>(answer.size()));
    if (!file.flush()) throw Error(ErrorCode::output, "the numbers cannot be written");
  }
  fmt::print(
      R"({{"seconds":{:.6f},"cpu_s":{:.6f},"peak_mb":{:.1f},"components":{},"digest":"{}"}})"
      "\n",
      seconds, cpu_seconds, peak, sizes.size(), osler::sha256_hex(answer));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6 || argc > 7) {
    fmt::print(stderr, "usage: osler-bench-components MASK SIZE_X SIZE_Y SIZE_Z 6|18|26 [OUT]\n");
    return osler::kExitUsage;
  }
  try {
    const std::vector<std::byte> mask = osler::read_file(argv[1], std::size_t{1} << 32);
    const osler::Size3 size{std::stol(argv[2]), std::stol(argv[3]), std::stol(argv[4])};
    if (osler::voxel_count(size) != static_cast<std::int64_t>(mask.size())) {
      throw Error(ErrorCode::bad_input, "a mask of another length than its size");
    }
    const osler::kernels::ComponentTask task{
        osler::kernels::Joins::foreground,
        static_cast<osler::kernels::Connectivity>(std::stoi(argv[5]))};
    std::string out = argc == 7 ? argv[6] : "";
    for (std::string line; std::getline(std::cin, line); out.clear()) {
      run_once({mask.data(), osler::ScalarType::u8, size}, task, out);
    }
  } catch (const Error& error) {
    fmt::print(stderr, "osler-bench-components: {}\n", error.what());
    return osler::exit_code(error.code());
  }
  return osler::kExitOk;
}
