// A sliding window over an image, as benchmarks/stage_windows.py times it beside what people use
// today.
//
// usage: osler-bench-windows TASK.json, then one line per run
//   TASK: network (TorchScript), image (float32, x fastest), size, classes, patch, step, rule,
//   scores (float32, class after class: written by the first run, which is not timed with it).

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmarks/measured.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/sha256.hpp"
#include "infer/sliding_window.hpp"

namespace {

using osler::benchmarks::cpu_s;
using osler::benchmarks::now_s;
using osler::benchmarks::peak_mb;

constexpr std::size_t kMostBytes = std::size_t{4} << 30;

/// Final planes of a slab, into their place of the file.
void write_planes(std::fstream& file, const osler::ScoreSlab& slab) {
  const osler::kernels::ScoresView& s = slab.scores;
  const std::int64_t plane = s.size[0] * s.size[1];
  const std::int64_t end = std::min(slab.cell_end, s.size[2] - 1) + 1;
  for (int c = 0; c < s.classes; ++c) {
    const auto* from = static_cast<const float*>(s.scores) +
                       (c * s.planes + slab.cell_begin - s.first_plane) * plane;
    file.seekp((c * s.size[2] + slab.cell_begin) * plane * 4);
    file.write(reinterpret_cast<const char*>(from), (end - slab.cell_begin) * plane * 4);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: osler-bench-windows TASK.json, then one line per run\n");
    return osler::kExitUsage;
  }
  try {
    const nlohmann::json json = nlohmann::json::parse(std::ifstream(argv[1]));
    osler::Session session(osler::read_file(json.at("network").get<std::string>(), kMostBytes), {});
    const auto image = osler::read_file(json.at("image").get<std::string>(), kMostBytes);
    const auto size = json.at("size").get<osler::Size3>();
    osler::SlidingWindowOptions options;
    options.windows.rule =
        json.at("rule") == "monai" ? osler::WindowRule::monai : osler::WindowRule::nnunet;
    options.windows.patch = json.at("patch").get<osler::Size3>();
    options.windows.step.fill(json.at("step").get<double>());
    osler::kernels::LabelsBackTask back;
    back.out_size = size;
    for (int c = 0; c < json.at("classes"); ++c) {
      back.label_of.push_back(static_cast<std::uint8_t>(c));
    }
    bool first = true;
    for (std::string line; std::getline(std::cin, line); first = false) {
      std::fstream scores;
      if (first) {
        scores.open(json.at("scores").get<std::string>(),
                    std::ios::binary | std::ios::out | std::ios::trunc);
      }
      const double start = now_s(), cpu_start = cpu_s();
      std::vector<std::uint8_t> labels(static_cast<std::size_t>(osler::voxel_count(size)));
      osler::run_sliding_window({&session, 1}, {reinterpret_cast<const float*>(image.data()), 1, size},
                                options, nullptr, {}, [&](const osler::ScoreSlab& slab) {
                                  if (scores.is_open()) write_planes(scores, slab);
                                  back.cell_begin = slab.cell_begin;
                                  back.cell_end = slab.cell_end;
                                  osler::kernels::labels_back_cpu(slab.scores, back, labels);
                                });
      const nlohmann::json row{{"seconds", now_s() - start},
                               {"cpu_s", cpu_s() - cpu_start},
                               {"peak_mb", peak_mb()},
                               {"digest", osler::sha256_hex(std::as_bytes(std::span(labels)))}};
      scores.close();
      fmt::print("{}\n", row.dump());
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "osler-bench-windows: {}\n", error.what());
    return osler::kExitBadInput;
  }
  return osler::kExitOk;
}
