// A network on the processor, as benchmarks/stage_network.py times it beside plain TorchScript.
//
// usage: osler-bench-network TASK.json, then one line per run
//   TASK: network (TorchScript), shape (NCDHW), input and out (float32; out is written by the first
//   run), fused (false: the graph as it is in the file, frozen).

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmarks/measured.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "infer/session.hpp"

namespace {

using osler::benchmarks::cpu_s;
using osler::benchmarks::now_s;
using osler::benchmarks::peak_mb;

using namespace osler;

std::vector<float> read_floats(const std::string& path, std::size_t count) {
  std::vector<float> values(count);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(values.data()),
                 static_cast<std::streamsize>(count * sizeof(float)))) {
    throw Error(ErrorCode::bad_input, "input of fewer values than `shape` says");
  }
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: osler-bench-network TASK.json, then one line per run\n");
    return kExitUsage;
  }
  try {
    const nlohmann::json task = nlohmann::json::parse(std::ifstream(argv[1]));
    const auto shape = task.at("shape").get<TensorShape>();
    std::size_t count = 1;
    for (const std::int64_t n : shape) count *= static_cast<std::size_t>(n);
    const std::vector<float> input = read_floats(task.at("input"), count);
    std::ifstream file(task.at("network").get<std::string>(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const double load_start = now_s();
    SessionOptions options;
    options.way = task.at("fused").get<bool>() ? Way::fused : Way::frozen;
    options.check_shape = shape;
    Session session(std::as_bytes(std::span(text)), Device{Backend::cpu, 0, "cpu"}, options);
    const double load_s = now_s() - load_start;
    bool first = true;
    for (std::string line; std::getline(std::cin, line); first = false) {
      const double start = now_s(), cpu_start = cpu_s();
      const Tensor out = session.forward(input, shape);
      const double seconds = now_s() - start, cpu = cpu_s() - cpu_start;
      const auto bytes = std::as_bytes(std::span(out.values));
      if (first) {
        std::ofstream(task.at("out").get<std::string>(), std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
      }
      const nlohmann::json row{{"seconds", seconds},         {"cpu_s", cpu},
                               {"peak_mb", peak_mb()},       {"load_s", load_s},
                               {"graph", session.graph()},   {"classes", out.shape[1]},
                               {"digest", sha256_hex(bytes)}};
      fmt::print("{}\n", row.dump());
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "osler-bench-network: {}\n", error.what());
    return kExitBadInput;
  }
  return kExitOk;
}
