// DICOM results of a label map, to be timed beside others.
//
// usage: osler-bench-results binary|labelmap|sr SERIES LABELS.raw SEGMENTS OUT.dcm, then one line
// per run
//   LABELS: bytes, x fastest, slices as the series' geometry orders them; larger numbers are
//   background. What is timed: headers of the series read, object made and written. Not timed:
//   pixels of the series.

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "benchmarks/measured.hpp"
#include "core/files.hpp"
#include "core/sha256.hpp"
#include "dicom/scan.hpp"
#include "kernels/label_statistics.hpp"
#include "objects/segmentation.hpp"
#include "objects/structured_report.hpp"
#include "volume/plan.hpp"

namespace {

using namespace osler;

struct Task {
  Volume volume;
  LabelMap labels;
  Findings findings;
};

Volume load(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> inputs{folder};
  const dicom::ScanResult found = dicom::scan(inputs);
  const SeriesPlan plan = plan_series(found.studies.at(0).series.at(0));
  return load_volume(plan.volumes.at(0));
}

Segment segment_of(int number) {
  Segment segment;
  segment.number = segment.value = number;
  segment.label = fmt::format("organ {}", number);
  segment.category = {"123037004", "SCT", "Body structure"};
  segment.type = {"64033007", "SCT", "Kidney"};
  for (std::size_t i = 0; i < 3; ++i) {
    segment.rgb[i] = static_cast<std::uint8_t>(static_cast<unsigned>(number) * (53 + 47 * i));
  }
  return segment;
}

Task read_task(const std::filesystem::path& series, const std::filesystem::path& file, int count) {
  Task task{load(series), {}, {}};
  task.volume.voxels.reset();  // objects are made of labels and headers
  task.labels.grid = task.volume.grid;
  task.labels.labels.reserve(static_cast<std::size_t>(voxel_count(task.volume.grid.size)));
  for (const std::byte b : read_file(file, std::size_t{1} << 32)) {
    const auto label = std::to_integer<std::uint8_t>(b);
    task.labels.labels.push_back(label <= count ? label : std::uint8_t{0});
  }
  Findings& f = task.findings;
  f.status = Status::complete;
  f.model.name = f.model.title = "benchmark";
  f.model.version = "1";
  f.model.digest = std::string(64, '0');
  f.source.study_uid = task.volume.study_uid;
  f.source.series_uid = task.volume.series_uid;
  f.source.frame_of_reference_uid = task.volume.frame_of_reference_uid;
  f.source.modality = task.volume.modality;
  f.source.instances = task.volume.slices;
  f.source.pixel_digest = sha256_hex(std::as_bytes(std::span(task.labels.labels)));
  kernels::LabelStatisticsTask statistics;
  statistics.size = task.labels.grid.size;
  statistics.max_label = 255;
  const auto found =
      kernels::label_statistics(choose_device("cpu"), task.labels.labels, statistics);
  for (int number = 1; number <= count; ++number) {
    f.segments.push_back(segment_of(number));
    Finding finding;
    finding.label = f.segments.back().label;
    finding.code = f.segments.back().type;
    finding.segments = {number};
    finding.voxels = found.at(static_cast<std::size_t>(number)).voxels;
    finding.volume_mm3 = static_cast<double>(finding.voxels) * task.labels.grid.voxel_mm3(0);
    f.findings.push_back(finding);
  }
  return task;
}

void write(std::string_view kind, const Task& task, const std::filesystem::path& out) {
  using objects::SegmentationForm;
  static const std::map<std::string_view, SegmentationForm> forms{
      {"binary", {}},
      {"labelmap", {SegmentationForm::Type::labelmap}},
      {"labelmap-rle", {SegmentationForm::Type::labelmap, SegmentationForm::Encoding::rle}}};
  if (kind == "sr") {
    const ObjectIds segmentation{objects::kSegmentationStorage, "2.25.1", "2.25.2"};
    objects::write_structured_report(task.findings, task.volume, segmentation, out);
    return;
  }
  objects::write_segmentation(task.findings, task.labels, task.volume, out, forms.at(kind));
}

/// From here on memory is that of the runs.
void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(
        stderr,
        "usage: osler-bench-results binary|labelmap|sr SERIES LABELS.raw SEGMENTS OUT.dcm\n");
    return osler::kExitUsage;
  }
  try {
    const Task task = read_task(argv[2], argv[3], std::stoi(argv[4]));
    forget_peak();
    const double base = benchmarks::peak_mb();
    for (std::string line; std::getline(std::cin, line);) {
      const double start = benchmarks::now_s(), cpu = benchmarks::cpu_s();
      write(argv[1], task, argv[5]);
      const nlohmann::json row{{"seconds", benchmarks::now_s() - start},
                               {"cpu_s", benchmarks::cpu_s() - cpu},
                               {"base_mb", base},
                               {"peak_mb", benchmarks::peak_mb()},
                               {"bytes", std::filesystem::file_size(argv[5])}};
      fmt::print("{}\n", row.dump());
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "osler-bench-results: {}\n", error.what());
    return osler::kExitBadInput;
  }
  return osler::kExitOk;
}
