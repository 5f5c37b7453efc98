#pragma once
// The ways in which a package's network can run on this processor, timed and compared.

#include <cstdint>
#include <string>
#include <vector>

#include "infer/variant.hpp"
#include "registry/package.hpp"

namespace osler {

/// Scores that are no further apart than this share of the largest are a tie, whose label may go
/// either way: single precision, added up in another order. With bf16, 8 bits of it are left.
inline constexpr double kTie = 1e-4;
inline constexpr double kTieOfBf16 = 2e-2;
/// A way is taken in place of the fused graph only if it takes less than this share of its time.
inline constexpr double kWorthIt = 0.97;

/// One way, what it took, and how far it is from the graph as it is in the file.
struct MeasuredWay {
  std::string name;   ///< as to_string(Way), or "compiled"
  std::string graph;  ///< as Session::graph, at the end
  Way way = Way::fused;
  std::vector<WeightsFile> compiled;
  std::vector<double> median_ms;  ///< per input
  double difference = 0;          ///< largest, as a share of the largest score
  std::int64_t other_labels = 0;  ///< positions whose highest class is another one, ties apart
  std::int64_t ties = 0;          ///< and those where it is a tie
  std::string refused;            ///< why it cannot be taken; empty: it can

  double total_ms() const;
};

/// Ways that there are for the package here: the graph as it is (first: what others are held
/// against), fused, channels last, bf16 where the processor computes in it (amx_bf16), and what
/// tools/export/aot has compiled (`compiled.json` in the folder). One that cannot be loaded or
/// run is refused, with the reason.
/// @param inputs shapes as network_inputs gives them; values are normal noise
/// @throws Error model: the graph as it is cannot run
std::vector<MeasuredWay> measure_ways(const ModelPackage& package,
                                      const std::vector<TensorShape>& inputs);

/// The fastest that is not refused, by kWorthIt; never the first. Null if all are refused.
const MeasuredWay* fastest(const std::vector<MeasuredWay>& ways);

}  // namespace osler
