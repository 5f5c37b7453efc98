// Resamples a volume as a task file says, to be timed beside others and judged by others.
//
//   osler-bench-resample TASK.json      one run, and one line of JSON, for each line read
//
// TASK.json: voxels (file of raw scalars, x fastest), type (i16, ...), size, slope and intercept
// (one per slice), optionally padding [low, high], out_size, out_to_in (12 numbers, row by row),
// interpolation (nearest, linear, cubic), optionally out_type (f32, f16, bf16), samples,
// normalisation (low, high, shift, scale), outside; out (file to which the first answer goes).

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmarks/measured.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "kernels/resample.hpp"

namespace {

using osler::benchmarks::cpu_s;
using osler::benchmarks::now_s;
using osler::benchmarks::peak_mb;

using namespace osler::kernels;
using osler::Error;
using osler::ErrorCode;
using osler::ScalarType;

struct Work {
  std::vector<char> voxels;
  std::vector<float> slope, intercept;
  SourceView source;
  ResampleTask task;
  std::string out;
};

template <typename Value>
Value named(const std::string& name, const std::map<std::string, Value>& values) {
  const auto found = values.find(name);
  if (found == values.end()) throw Error(ErrorCode::bad_input, "unknown word in the task file");
  return found->second;
}

Work read_work(const char* file) {
  Work work;
  const nlohmann::json json = nlohmann::json::parse(std::ifstream(file));
  std::ifstream voxels(json.at("voxels").get<std::string>(), std::ios::binary);
  work.voxels.assign(std::istreambuf_iterator<char>(voxels), {});
  work.slope = json.at("slope").get<std::vector<float>>();
  work.intercept = json.at("intercept").get<std::vector<float>>();
  SourceView& s = work.source;
  s.type = named<ScalarType>(json.at("type"), {{"u8", ScalarType::u8},
                                               {"i8", ScalarType::i8},
                                               {"u16", ScalarType::u16},
                                               {"i16", ScalarType::i16},
                                               {"u32", ScalarType::u32},
                                               {"i32", ScalarType::i32},
                                               {"f32", ScalarType::f32}});
  s.size = json.at("size").get<osler::Size3>();
  const auto slices = static_cast<std::size_t>(s.size[2]);
  const auto bytes = static_cast<std::size_t>(osler::voxel_count(s.size)) * bytes_of(s.type);
  if (work.voxels.size() != bytes || work.slope.size() != slices ||
      work.intercept.size() != slices) {
    throw Error(ErrorCode::bad_input, "voxels, slopes or intercepts of another number than `size`");
  }
  if (json.contains("padding")) {
    s.has_padding = true;
    s.padding_low = json["padding"].at(0);
    s.padding_high = json["padding"].at(1);
  }
  ResampleTask& t = work.task;
  t.out_size = json.at("out_size").get<osler::Size3>();
  t.out_to_in.m = json.at("out_to_in").get<std::array<double, 12>>();
  t.interpolation =
      named<Interpolation>(json.at("interpolation"), {{"nearest", Interpolation::nearest},
                                                      {"linear", Interpolation::linear},
                                                      {"cubic", Interpolation::cubic}});
  t.out_type = named<OutputType>(
      json.value("out_type", "f32"),
      {{"f32", OutputType::f32}, {"f16", OutputType::f16}, {"bf16", OutputType::bf16}});
  t.samples = json.value("samples", t.samples);
  if (json.contains("normalisation")) {
    const auto& n = json["normalisation"];
    t.normalisation = {n.at(0), n.at(1), n.at(2), n.at(3)};
  }
  t.outside = json.value("outside", 0.0F);
  work.out = json.at("out");
  return work;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: osler-bench-resample TASK.json, then one line per run\n");
    return osler::kExitUsage;
  }
  try {
    Work work = read_work(argv[1]);
    work.source.voxels = work.voxels.data();
    work.source.slope = work.slope.data();
    work.source.intercept = work.intercept.data();
    const auto bytes = static_cast<std::size_t>(osler::voxel_count(work.task.out_size)) *
                       bytes_of(work.task.out_type);
    bool first = true;
    for (std::string line; std::getline(std::cin, line); first = false) {
      const double start = now_s(), cpu_start = cpu_s();
      const auto out = std::make_unique_for_overwrite<std::byte[]>(bytes);
      resample_cpu(work.source, work.task, std::span(out.get(), bytes));
      const double seconds = now_s() - start, cpu = cpu_s() - cpu_start, peak = peak_mb();
      if (first) {
        std::ofstream(work.out, std::ios::binary)
            .write(reinterpret_cast<const char*>(out.get()), static_cast<std::streamsize>(bytes));
      }
      const nlohmann::json row{{"seconds", seconds},
                               {"cpu_s", cpu},
                               {"peak_mb", peak},
                               {"digest", osler::sha256_hex(std::span(out.get(), bytes))}};
      fmt::print("{}\n", row.dump());
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "osler-bench-resample: {}\n", error.what());
    return osler::kExitBadInput;
  }
  return osler::kExitOk;
}
