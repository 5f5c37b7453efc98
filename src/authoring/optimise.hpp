#pragma once
// The fastest way to run a package on this processor, proven and written down beside it.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "authoring/ways.hpp"

namespace osler {

/// Of labels on a sample: those that may differ, per labelled voxel. Scores that are tied there
/// cannot be told from others.
inline constexpr double kMostOtherLabels = 1e-4;

struct OptimiseOptions {
  std::filesystem::path folder;                ///< of the package
  std::filesystem::path out;                   ///< empty: the package's own folder
  std::vector<std::filesystem::path> samples;  ///< images that the package is run on
  std::string modality;                        ///< of samples that cannot say it
  std::filesystem::path templates;
};

/// What a way's labels on the samples are beside those of the graph as it is in the file.
struct SampleFigures {
  std::string way;
  std::int64_t labelled = 0;
  std::int64_t different = 0;
  double seconds = 0;  ///< of the whole run
  double plain_seconds = 0;
};

struct Optimised {
  std::string processor;
  std::string device;  ///< "cpu (4 threads)"
  std::vector<TensorShape> inputs;
  std::vector<MeasuredWay> ways;
  std::string chosen;
  std::vector<SampleFigures> samples;  ///< of each way that was tried on them, the chosen one last
  std::filesystem::path file;          ///< variant.json
};

/// Times and compares the ways, proves the fastest on the samples (the next fastest if it fails)
/// and writes `variant.json`, which `osler run` follows on this processor with these weights.
/// @throws Error model: a package that cannot be read or run, or whose weights are compiled
///   already; Error bad_input: a sample that gives no labels; Error output
Optimised optimise(const OptimiseOptions& options);

}  // namespace osler
