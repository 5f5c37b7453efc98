// Labels from scores of a network, as benchmarks/stage_labels_back.py times them beside what people
// use today.
//
// usage: osler-bench-labels-back TASK.json, then one line per run
//   TASK: scores (float16, class after class, x fastest; from byte `offset` of the file on),
//   classes, size, out_size, out_to_in (row by row), nearest_z, out (labels, u8, written by the
//   first run).

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/measured.hpp"
#include "core/error.hpp"
#include "core/large_pages.hpp"
#include "core/sha256.hpp"
#include "kernels/labels_back.hpp"

namespace {

using osler::benchmarks::cpu_s;
using osler::benchmarks::now_s;
using osler::benchmarks::peak_mb;

using namespace osler::kernels;

struct Work {
  std::vector<char> held;
  ScoresView scores;
  LabelsBackTask task;
  std::string out;
};

Work read_work(const char* file) {
  Work work;
  const nlohmann::json json = nlohmann::json::parse(std::ifstream(file));
  std::ifstream scores(json.at("scores").get<std::string>(), std::ios::binary);
  scores.seekg(json.at("offset").get<std::streamoff>());
  ScoresView& s = work.scores;
  s.type = FloatType::f16;
  s.classes = json.at("classes");
  s.size = json.at("size").get<osler::Size3>();
  s.planes = s.size[2];
  // Large pages, as NumPy asks for its arrays, which hold the peers' scores.
  work.held.reserve(2 * static_cast<std::size_t>(s.classes * osler::voxel_count(s.size)));
  osler::prefer_large_pages(
      std::as_writable_bytes(std::span(work.held.data(), work.held.capacity())));
  work.held.resize(2 * static_cast<std::size_t>(s.classes * osler::voxel_count(s.size)));
  if (!scores.read(work.held.data(), static_cast<std::streamsize>(work.held.size()))) {
    throw osler::Error(osler::ErrorCode::bad_input, "scores of fewer bytes than `size` says");
  }
  LabelsBackTask& t = work.task;
  t.out_size = json.at("out_size").get<osler::Size3>();
  t.out_to_in.m = json.at("out_to_in").get<std::array<double, 12>>();
  if (json.value("nearest_z", false)) t.interpolation[2] = Interpolation::nearest;
  for (int c = 0; c < s.classes; ++c) t.label_of.push_back(static_cast<std::uint8_t>(c));
  work.out = json.at("out");
  return work;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: osler-bench-labels-back TASK.json, then one line per run\n");
    return osler::kExitUsage;
  }
  try {
    Work work = read_work(argv[1]);
    work.scores.scores = work.held.data();
    const auto voxels = static_cast<std::size_t>(osler::voxel_count(work.task.out_size));
    const double before_mb = peak_mb();
    bool first = true;
    for (std::string line; std::getline(std::cin, line); first = false) {
      const double start = now_s(), cpu_start = cpu_s();
      // As the peers' arrays: not written before, and in large pages.
      const auto memory = std::make_unique_for_overwrite<std::uint8_t[]>(voxels);
      const std::span labels(memory.get(), voxels);
      osler::prefer_large_pages(std::as_writable_bytes(labels));
      labels_back_cpu(work.scores, work.task, labels);
      const double seconds = now_s() - start, cpu = cpu_s() - cpu_start;
      if (first) {
        std::ofstream(work.out, std::ios::binary)
            .write(reinterpret_cast<const char*>(labels.data()),
                   static_cast<std::streamsize>(labels.size()));
      }
      const nlohmann::json row{{"seconds", seconds},
                               {"cpu_s", cpu},
                               {"peak_mb", peak_mb()},
                               {"beyond_scores_mb", peak_mb() - before_mb},
                               {"digest", osler::sha256_hex(std::as_bytes(labels))}};
      fmt::print("{}\n", row.dump());
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "osler-bench-labels-back: {}\n", error.what());
    return osler::kExitBadInput;
  }
  return osler::kExitOk;
}
