#pragma once
// Networks that are made where they are tested.

#include <torch/script.h>

#include <cstddef>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace osler::testing {

/// Parameters by the names that a body gives them: self.name.
using Weights = std::vector<std::pair<std::string, at::Tensor>>;

/// Bytes of a TorchScript file whose forward(self, x) has this body, four blanks before each line.
inline std::vector<std::byte> torchscript(const std::string& body, const Weights& weights = {},
                                          bool training = false) {
  torch::jit::Module module("phantom");
  module.register_attribute("training", c10::BoolType::get(), training);
  for (const auto& [name, tensor] : weights) module.register_parameter(name, tensor, false);
  module.define("def forward(self, x):\n" + body);
  std::ostringstream out;
  module.save(out);
  const std::string text = out.str();
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace osler::testing
