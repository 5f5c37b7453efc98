#pragma once
// Files of weights that a package names.

#include <cstdint>
#include <string>
#include <vector>

namespace osler {

/// How a file of weights is to be read, and where it can run. What a name means is `infer`'s.
struct WeightsFormat {
  std::string name = "torchscript";  ///< or "aotinductor"
  /// Of a compiled network: the one shape that it takes, N C D H W or N C H W.
  std::vector<std::int64_t> input;
  /// Of a compiled network: instructions that it needs, by the kernel's names ("avx512f").
  std::vector<std::string> processor;
};

/// A network's file, plainly named.
struct WeightsFile {
  std::string file;
  std::string sha256;
  WeightsFormat format;
};

class MemberReader;

/// @throws Error model
WeightsFile read_weights_file(const MemberReader& r);

}  // namespace osler
