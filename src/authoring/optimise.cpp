#include "authoring/optimise.hpp"

#include <algorithm>
#include <chrono>

#include "authoring/description_check.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "device/device.hpp"
#include "infer/private_folder.hpp"
#include "infer/processor.hpp"
#include "pipeline/run.hpp"
#include "volume/exchange.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxDescriptionBytes = 4 << 20;

Json read_description(const fs::path& folder) {
  const std::vector<std::byte> bytes = read_file(folder / "model.json", kMaxDescriptionBytes);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  return Json::parse(text, text + bytes.size());  // read_package has parsed it before
}

Json to_json(const WeightsFile& weights) {
  return {{"file", weights.file},
          {"format", weights.format.name},
          {"sha256", weights.sha256},
          {"input", weights.format.input},
          {"processor", weights.format.processor}};
}

/// What read_variant reads.
Json variant_json(const ModelPackage& package, const MeasuredWay& way) {
  Json of = Json::array(), compiled = Json::array();
  for (const WeightsFile& weights : package.weights) of.push_back(weights.sha256);
  for (const WeightsFile& weights : way.compiled) compiled.push_back(to_json(weights));
  return {{"format", kVariantFormat},           {"processor", processor_name()},
          {"instructions", instruction_sets()}, {"of", of},
          {"way", to_string(way.way)},          {"compiled", compiled}};
}

Json figures_json(const Optimised& found) {
  Json ways = Json::array(), samples = Json::array();
  for (const MeasuredWay& way : found.ways) {
    ways.push_back({{"name", way.name},
                    {"graph", way.graph},
                    {"median_ms", way.median_ms},
                    {"difference", way.difference},
                    {"other_labels", way.other_labels},
                    {"ties", way.ties},
                    {"refused", way.refused}});
  }
  for (const SampleFigures& sample : found.samples) {
    samples.push_back({{"way", sample.way},
                       {"labelled", sample.labelled},
                       {"different", sample.different},
                       {"seconds", sample.seconds},
                       {"plain_seconds", sample.plain_seconds}});
  }
  return {{"device", found.device},
          {"inputs", found.inputs},
          {"chosen", found.chosen},
          {"ways", ways},
          {"samples", samples}};
}

void write_text(const fs::path& folder, const char* name, const std::string& text) {
  StagedFolder staged(folder);
  staged.write(name, text);
  staged.commit();
}

/// Labels of all samples, one after another.
struct Labels {
  std::vector<std::uint8_t> values;
  double seconds = 0;
};

/// The package on the samples, as `osler run` would run it.
class Prover {
 public:
  Prover(const OptimiseOptions& options, const ModelPackage& package)
      : options_(options), package_(package) {}

  SampleFigures prove(const MeasuredWay& plain, const MeasuredWay& way) {
    if (expected_.values.empty()) expected_ = labels_by(plain);
    const Labels found = labels_by(way);
    SampleFigures figures{way.name, 0, 0, found.seconds, expected_.seconds};
    if (found.values.size() != expected_.values.size()) {
      throw Error(ErrorCode::model, "labels of another size on a sample by way " + way.name);
    }
    for (std::size_t i = 0; i < found.values.size(); ++i) {
      figures.labelled += expected_.values[i] != 0 ? 1 : 0;
      figures.different += expected_.values[i] != found.values[i] ? 1 : 0;
    }
    return figures;
  }

 private:
  /// A folder that is the package, with a variant of its own.
  void link_package(const fs::path& folder, const MeasuredWay& way) const {
    fs::create_directories(folder);
    for (const auto& entry : fs::directory_iterator(package_.folder)) {
      if (entry.path().filename() == kVariantFile) continue;
      fs::create_symlink(fs::absolute(entry.path()), folder / entry.path().filename());
    }
    write_text(folder, kVariantFile, variant_json(package_, way).dump());
  }

  Labels labels_by(const MeasuredWay& way) const {
    const PrivateFolder place;
    const fs::path folder = place.path() / fs::absolute(package_.folder).filename();
    link_package(folder, way);
    RunOptions run_options;
    run_options.inputs = options_.samples;
    run_options.modality = options_.modality;
    run_options.templates = options_.templates;
    run_options.models = {folder.string()};
    run_options.out = place.path() / "out";
    run_options.device = "cpu";
    run_options.nifti = true;
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const RunReport report = run(run_options);
    Labels labels;
    labels.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    for (const StudyOutcome& outcome : report.outcomes) append(outcome, labels);
    if (labels.values.empty()) {
      throw Error(ErrorCode::bad_input, "the package gives no labels on the samples",
                  "images that 'osler run' accepts with this package", "give others");
    }
    return labels;
  }

  static void append(const StudyOutcome& outcome, Labels& labels) {
    if (!outcome.failure.empty()) throw Error(ErrorCode::bad_input, outcome.failure);
    const fs::path file = outcome.folder / "labels.nii.gz";
    std::error_code error;
    if (!fs::exists(file, error)) return;
    const Volume volume = read_exchange(file);
    const auto* begin = reinterpret_cast<const std::uint8_t*>(volume.voxels.get());
    labels.values.insert(labels.values.end(), begin, begin + volume.bytes());
  }

  const OptimiseOptions& options_;
  const ModelPackage& package_;
  Labels expected_;
};

/// The fastest way, unless the samples say otherwise.
const MeasuredWay& choose(const OptimiseOptions& options, const ModelPackage& package,
                          Optimised& found) {
  Prover prover(options, package);
  while (const MeasuredWay* best = fastest(found.ways)) {
    auto& way = found.ways.at(static_cast<std::size_t>(best - found.ways.data()));
    if (options.samples.empty() || way.name == found.ways.front().name) return way;
    const SampleFigures figures = prover.prove(found.ways.front(), way);
    found.samples.push_back(figures);
    if (static_cast<double>(figures.different) <=
        kMostOtherLabels * static_cast<double>(figures.labelled)) {
      return way;
    }
    way.refused = "its labels differ on a sample";
  }
  throw Error(ErrorCode::internal, "no way to run the network is left");
}

}  // namespace

Optimised optimise(const OptimiseOptions& options) {
  ModelPackage package = read_package(options.folder);
  if (package.weights.empty()) {
    throw Error(ErrorCode::model, package.name + " is an ensemble, which has no network of its own",
                "a package with weights", "optimise the packages of its members");
  }
  for (const WeightsFile& weights : package.weights) {
    if (weights.format.name == "torchscript") continue;
    throw Error(ErrorCode::model,
                "weights of format " + weights.format.name + " are compiled already",
                "TorchScript");
  }
  Optimised found;
  found.processor = processor_name();
  found.device = choose_device("cpu").name;
  found.inputs = network_inputs(read_description(options.folder));
  found.ways = measure_ways(package, found.inputs);
  if (!options.out.empty()) {
    std::error_code error;
    fs::copy(options.folder, options.out,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
    if (error) {
      throw Error(ErrorCode::output,
                  "cannot write " + options.out.string() + ": " + error.message());
    }
  }
  const MeasuredWay& way = choose(options, package, found);
  found.chosen = way.name;
  const fs::path folder = options.out.empty() ? options.folder : options.out;
  Json json = variant_json(package, way);
  json["figures"] = figures_json(found);
  write_text(folder, kVariantFile, json.dump(1) + "\n");
  found.file = folder / kVariantFile;
  return found;
}

}  // namespace osler
