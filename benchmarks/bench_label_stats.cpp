// Voxels and boxes of every label, to be timed beside others.
//
// usage: osler-bench-label-stats LABELS.raw X Y Z, then one line per run
//   LABELS: bytes, x fastest. The answer is [label, voxels, first x, y, z, last x, y, z] of each.

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "benchmarks/measured.hpp"
#include "core/files.hpp"
#include "kernels/label_statistics.hpp"

namespace {

using namespace osler::kernels;
using osler::benchmarks::cpu_s;
using osler::benchmarks::now_s;
using osler::benchmarks::peak_mb;

nlohmann::json table_of(const std::vector<LabelStatistics>& all) {
  nlohmann::json table = nlohmann::json::array();
  for (std::size_t label = 1; label < all.size(); ++label) {
    const LabelStatistics& s = all[label];
    if (s.voxels == 0) continue;
    table.push_back({label, s.voxels, s.box_begin[0], s.box_begin[1], s.box_begin[2],
                     s.box_end[0] - 1, s.box_end[1] - 1, s.box_end[2] - 1});
  }
  return table;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: osler-bench-label-stats LABELS.raw X Y Z, then one line per run\n");
    return osler::kExitUsage;
  }
  try {
    const std::vector<std::byte> bytes = osler::read_file(argv[1], std::size_t{1} << 32);
    const std::span labels(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    LabelStatisticsTask task;
    task.size = {std::stol(argv[2]), std::stol(argv[3]), std::stol(argv[4])};
    task.max_label = 255;
    const osler::Device device = osler::choose_device("cpu");
    for (std::string line; std::getline(std::cin, line);) {
      const double start = now_s(), cpu_start = cpu_s();
      const auto found = label_statistics(device, labels, task);
      const double seconds = now_s() - start, cpu = cpu_s() - cpu_start;
      const nlohmann::json row{
          {"seconds", seconds}, {"cpu_s", cpu}, {"peak_mb", peak_mb()}, {"table", table_of(found)}};
      fmt::print("{}\n", row.dump());
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "osler-bench-label-stats: {}\n", error.what());
    return osler::kExitBadInput;
  }
  return osler::kExitOk;
}
