// Runs what benchmarks/compare times, once per line that arrives on standard input, and answers
// each with one line of JSON. So the caller can let two programs take turns in the same minutes.
//
//   osler-bench-load load FOLDER   folder of one series -> volume of CT numbers, int16
//   osler-bench-load scan FOLDER   folder -> headers, grouped by study and series

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/measured.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "dicom/scan.hpp"
#include "volume/plan.hpp"

namespace {

using osler::benchmarks::cpu_s;
using osler::benchmarks::now_s;
using osler::benchmarks::peak_mb;

using osler::Error;
using osler::ErrorCode;

/// Stored 16-bit values -> CT numbers in place: the readers beside which this is timed do it too.
void to_ct_numbers(osler::Volume& volume) {
  const auto in_slice = static_cast<std::size_t>(volume.grid.size[0] * volume.grid.size[1]);
  const bool whole = std::all_of(volume.slices.begin(), volume.slices.end(), [](const auto& s) {
    return s.slope == 1 && s.intercept == std::round(s.intercept);
  });
  if (osler::bytes_of(volume.type) != 2 || !whole) {
    throw Error(ErrorCode::bad_input, "a series of other than 16 bits or with a slope",
                "CT of slope 1");
  }
  auto* voxels = reinterpret_cast<std::uint16_t*>(volume.voxels.get());
#pragma omp parallel for
  for (std::size_t k = 0; k < volume.slices.size(); ++k) {
    // Modulo 2^16, so that it does not matter whether the stored values have a sign.
    const auto add = static_cast<std::uint16_t>(std::lround(volume.slices[k].intercept));
    std::uint16_t* slice = voxels + k * in_slice;
#pragma omp simd
    for (std::size_t i = 0; i < in_slice; ++i) {
      slice[i] = static_cast<std::uint16_t>(slice[i] + add);
    }
  }
  volume.type = osler::ScalarType::i16;
}

nlohmann::json load(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> inputs{folder};
  const double start = now_s(), start_cpu = cpu_s();
  const osler::dicom::ScanResult found = osler::dicom::scan(inputs);
  const double scanned = now_s();
  if (found.studies.size() != 1 || found.studies.front().series.size() != 1) {
    throw Error(ErrorCode::bad_input, "more or less than one series in the folder", "one series");
  }
  const osler::SeriesPlan plan = osler::plan_series(found.studies.front().series.front());
  if (plan.verdict() == osler::Verdict::refused || plan.volumes.empty()) {
    throw Error(ErrorCode::bad_input, "the series is refused", "a series that is one volume");
  }
  const double planned = now_s();
  osler::Volume volume = osler::load_volume(plan.volumes.front());
  const double loaded = now_s();
  to_ct_numbers(volume);
  const double end = now_s(), cpu = cpu_s() - start_cpu;
  const double peak = peak_mb();

  const osler::Vec3 spacing = volume.grid.spacing_mm();
  return {{"seconds", end - start},
          {"cpu_s", cpu},
          {"scan_s", scanned - start},
          {"plan_s", planned - scanned},
          {"load_s", loaded - planned},
          {"peak_mb", peak},
          {"volume_mb", static_cast<double>(volume.bytes()) / 1e6},
          {"digest", osler::sha256_hex(std::span(volume.voxels.get(), volume.bytes()))},
          {"size", volume.grid.size},
          {"spacing_mm", spacing},
          {"index_to_lps", volume.grid.index_to_lps.m}};
}

nlohmann::json scan(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> inputs{folder};
  const double start = now_s(), start_cpu = cpu_s();
  const osler::dicom::ScanResult found = osler::dicom::scan(inputs);
  const double end = now_s(), cpu = cpu_s() - start_cpu;
  const double peak = peak_mb();

  std::vector<std::string> lines;
  for (const auto& study : found.studies) {
    for (const auto& series : study.series) {
      for (const auto& i : series.instances) {
        const auto position = i.frames.front().position_mm.value_or(osler::Vec3{});
        lines.push_back(fmt::format("{} {} {} {} {} {:.6f} {:.6f} {:.6f}\n", i.sop_instance_uid,
                                    i.series_uid, study.uid, i.pixels.rows, i.pixels.columns,
                                    position[0], position[1], position[2]));
      }
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return {{"seconds", end - start},
          {"cpu_s", cpu},
          {"peak_mb", peak},
          {"instances", lines.size()},
          {"digest", osler::sha256_hex(std::as_bytes(std::span(text)))}};
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view stage = argc == 3 ? argv[1] : "";
  if (stage != "load" && stage != "scan") {
    fmt::print(stderr, "usage: osler-bench-load load|scan FOLDER, then one line per run\n");
    return osler::kExitUsage;
  }
  try {
    for (std::string line; std::getline(std::cin, line);) {
      fmt::print("{}\n", (stage == "load" ? load(argv[2]) : scan(argv[2])).dump());
      std::fflush(stdout);
    }
  } catch (const Error& error) {
    fmt::print(stderr, "osler-bench-load: {}\n", error.what());
    return osler::exit_code(error.code());
  }
  return osler::kExitOk;
}
