#include "cli/convert_inputs.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "core/error.hpp"
#include "core/uid.hpp"
#include "volume/exchange.hpp"

namespace osler::cli {
namespace fs = std::filesystem;
namespace {

/// Names that were given out; a further one of the same word gets a number.
class Names {
 public:
  std::string take(const std::string& word, std::size_t number) {
    std::string name = number == 0 ? word : fmt::format("{}-{}", word, number);
    while (!taken_.insert(name).second) name = fmt::format("{}-{}", word, ++number);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

void add_series(const dicom::Study& study, const dicom::Series& series,
                const ConvertOptions& options, Names& names, ConvertInputs& inputs) {
  const ConvertSource source{{}, study.uid, series.uid, series.modality, series.instances.size()};
  const SeriesPlan plan = plan_series(series, options.limits, options.policy);
  if (plan.verdict() == Verdict::refused || plan.volumes.empty()) {
    inputs.refused.push_back({source, plan.reasons});
    return;
  }
  const std::string uid = is_valid_uid(series.uid) ? series.uid : "series";
  for (std::size_t i = 0; i < plan.volumes.size(); ++i) {
    const VolumePlan& volume = plan.volumes[i];
    inputs.volumes.push_back(
        {source, volume.grid, volume.told_apart,
         names.take(uid, plan.volumes.size() > 1 ? i + 1 : 0), plan.reasons,
         [volume, limits = options.limits] { return load_volume(volume, limits); }});
  }
}

void add_file(const fs::path& file, const ConvertOptions& options, Names& names,
              ConvertInputs& inputs) {
  const ConvertSource source{file, {}, {}, options.modality, 1};
  try {
    ExchangeHeader header = read_exchange_header(file, options.limits);
    const auto load = [file, modality = options.modality, limits = options.limits] {
      Volume volume = read_exchange(file, limits);
      if (!modality.empty()) volume.modality = modality;
      return volume;
    };
    inputs.volumes.push_back({source,
                              header.grid,
                              {},
                              names.take(exchange_stem(file), 0),
                              std::move(header.warnings),
                              load});
  } catch (const Error& error) {
    inputs.refused.push_back({source, {{"not_a_volume", error.what(), true}}});
  }
}

}  // namespace

ConvertInputs find_convert_inputs(const ConvertOptions& options, dicom::ScanResult scanned) {
  ConvertInputs inputs;
  inputs.scanned = std::move(scanned);
  const std::vector<fs::path> files = take_exchange_files(inputs.scanned);
  Names names;
  for (const dicom::Study& study : inputs.scanned.studies) {
    for (const dicom::Series& series : study.series) {
      if (!options.series_uid.empty() && series.uid != options.series_uid) continue;
      add_series(study, series, options, names, inputs);
    }
  }
  if (options.series_uid.empty()) {
    for (const fs::path& file : files) add_file(file, options, names, inputs);
  } else if (inputs.volumes.empty() && inputs.refused.empty()) {
    throw Error(ErrorCode::bad_input, "the input holds no series " + options.series_uid, {},
                "'osler inspect' lists the series");
  }
  return inputs;
}

}  // namespace osler::cli
