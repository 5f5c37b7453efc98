// Statistics of a volume, to be timed beside others.
//
//   osler-bench-statistics VOLUME.raw i16|f32 SLOPE INTERCEPT MASK.raw|-
//
// One run, and one line of JSON, for each line read: count, mean, SD, min, max, and the percentiles
// .5, 50 and 99.5 of the real values, where the mask (one byte per voxel) is not 0.

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmarks/measured.hpp"
#include "core/error.hpp"
#include "kernels/statistics.hpp"

namespace {

using osler::benchmarks::cpu_s;
using osler::benchmarks::now_s;
using osler::benchmarks::peak_mb;

std::vector<char> read_all(const std::string& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  std::vector<char> bytes(in ? static_cast<std::size_t>(in.tellg()) : 0);
  in.seekg(0);
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!in) throw osler::Error(osler::ErrorCode::bad_input, "a file that cannot be read");
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 5 || (words[1] != "i16" && words[1] != "f32")) {
    fmt::print(stderr, "usage: osler-bench-statistics VOLUME.raw i16|f32 SLOPE INTERCEPT MASK|-\n");
    return osler::kExitUsage;
  }
  try {
    const std::vector<char> voxels = read_all(words[0]);
    const std::vector<char> mask = words[4] == "-" ? std::vector<char>{} : read_all(words[4]);
    const float slope = std::stof(words[2]), intercept = std::stof(words[3]);
    osler::kernels::SourceView source;
    source.voxels = voxels.data();
    source.type = words[1] == "i16" ? osler::ScalarType::i16 : osler::ScalarType::f32;
    source.size = {static_cast<std::int64_t>(voxels.size() / bytes_of(source.type)), 1, 1};
    source.slope = &slope;
    source.intercept = &intercept;
    osler::kernels::StatisticsTask task;
    task.percentiles = {.5, 50, 99.5};
    if (!mask.empty()) {
      if (mask.size() != static_cast<std::size_t>(source.size[0])) {
        throw osler::Error(osler::ErrorCode::bad_input, "a mask of another size than the volume");
      }
      task.mask = reinterpret_cast<const std::uint8_t*>(mask.data());
    }
    for (std::string line; std::getline(std::cin, line);) {
      const double start = now_s(), cpu_start = cpu_s();
      const osler::kernels::Statistics s = statistics_cpu(source, task);
      const double seconds = now_s() - start, cpu = cpu_s() - cpu_start;
      const std::vector<double> answer{static_cast<double>(s.count),
                                       s.mean,
                                       s.sd,
                                       s.min,
                                       s.max,
                                       s.percentiles[0],
                                       s.percentiles[1],
                                       s.percentiles[2]};
      const nlohmann::json row{
          {"seconds", seconds}, {"cpu_s", cpu}, {"peak_mb", peak_mb()}, {"answer", answer}};
      fmt::print("{}\n", row.dump());
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "osler-bench-statistics: {}\n", error.what());
    return osler::kExitBadInput;
  }
  return osler::kExitOk;
}
