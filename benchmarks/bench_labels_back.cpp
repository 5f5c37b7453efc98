// Scores of a file -> labels on another grid, as benchmarks/stage_labels_back.py runs it beside
// what people use today.
//
// usage: bench-labels-back SCORES OFFSET CLASSES NZ NY NX OUT_Z OUT_Y OUT_X LABELS [RUNS]
//   SCORES: float16, class after class, x fastest; the data begin at byte OFFSET (of a .npy 128).
//   Edges of the two grids are aligned. Writes LABELS (u8) and one JSON line.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "kernels/labels_back.hpp"

namespace {

using namespace osler;

/// Kilobytes of a line of /proc/self/status.
long status_kb(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::strtol(line.c_str() + key.size() + 1, nullptr, 10);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 11) return 2;
  const std::size_t offset = std::strtoul(argv[2], nullptr, 10);
  const auto number = [&](int i) { return std::strtol(argv[i], nullptr, 10); };
  kernels::ScoresView scores;
  scores.type = kernels::FloatType::f16;
  scores.classes = static_cast<int>(number(3));
  scores.size = {number(6), number(5), number(4)};
  scores.planes = scores.size[2];
  kernels::LabelsBackTask task;
  task.out_size = {number(9), number(8), number(7)};
  Vec3 scale{}, shift{};
  for (std::size_t i = 0; i < 3; ++i) {
    scale[i] = static_cast<double>(scores.size[i]) / static_cast<double>(task.out_size[i]);
    shift[i] = .5 * scale[i] - .5;
  }
  task.out_to_in =
      Affine::from_columns({scale[0], 0, 0}, {0, scale[1], 0}, {0, 0, scale[2]}, shift);
  for (int c = 0; c < scores.classes; ++c) task.label_of.push_back(static_cast<std::uint8_t>(c));
  const int runs = argc > 11 ? std::atoi(argv[11]) : 5;

  const std::size_t bytes =
      offset + 2 * static_cast<std::size_t>(scores.classes * voxel_count(scores.size));
  // Read into memory, as a network leaves its scores there.
  std::vector<char> held(bytes);
  std::ifstream file(argv[1], std::ios::binary);
  if (!file.read(held.data(), static_cast<std::streamsize>(bytes))) return 3;
  scores.scores = held.data() + offset;

  const long before_kb = status_kb("VmRSS");
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(voxel_count(task.out_size)));
  std::string seconds;
  for (int i = 0; i <= runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    kernels::labels_back_cpu(scores, task, labels);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (i > 0) seconds += fmt::format("{}{:.5f}", seconds.empty() ? "" : ", ", took.count());
  }
  std::ofstream(argv[10], std::ios::binary)
      .write(reinterpret_cast<const char*>(labels.data()),
             static_cast<std::streamsize>(labels.size()));
  fmt::print("{{\"seconds\": [{}], \"mb_beyond_scores\": {:.1f}, \"peak_mb\": {:.1f}}}\n", seconds,
             static_cast<double>(status_kb("VmHWM") - before_kb) / 1024,
             static_cast<double>(status_kb("VmHWM")) / 1024);
  return 0;
}
