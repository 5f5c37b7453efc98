#include "infer/network_output.hpp"

#include <torch/script.h>

#include <string>

#include "core/error.hpp"

namespace osler {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::model, "the network gives " + what,
              "a tensor, a list or tuple whose first is one, or a dictionary with 'logits', 'out' "
              "or 'pred'",
              "export the network so that it gives the scores alone");
}

at::Tensor from_dictionary(const c10::Dict<c10::IValue, c10::IValue>& given) {
  for (const char* name : {"logits", "out", "pred"}) {
    const auto found = given.find(c10::IValue(name));
    if (found != given.end()) return network_output(found->value());
  }
  if (given.size() == 1) return network_output(given.begin()->value());
  std::string names;
  for (const auto& entry : given) {
    if (entry.key().isString()) names += (names.empty() ? "" : ", ") + entry.key().toStringRef();
  }
  refuse("a dictionary of " + (names.empty() ? "nothing that has a name" : names));
}

}  // namespace

at::Tensor network_output(const c10::IValue& given) {
  if (given.isTensor()) return given.toTensor();
  if (given.isTuple()) {
    const auto& elements = given.toTupleRef().elements();
    if (elements.empty()) refuse("an empty tuple");
    return network_output(elements[0]);
  }
  if (given.isList()) {
    const auto elements = given.toListRef();
    if (elements.empty()) refuse("an empty list");
    return network_output(elements[0]);
  }
  if (given.isGenericDict()) {
    const auto dictionary = given.toGenericDict();
    if (dictionary.keyType()->kind() == c10::TypeKind::StringType) {
      return from_dictionary(dictionary);
    }
  }
  refuse("a " + given.type()->str());
}

}  // namespace osler
