#pragma once
// Components of a bundle ("_target_") and their arguments. Each argument is looked at by its name;
// what nobody has looked at is refused, so that none is skipped that could change the answer.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/affine.hpp"
#include "registry/bundle_config.hpp"

namespace osler::bundle {

class Component {
 public:
  /// @param node  a dict with "_target_"
  /// @throws Error model if it is none, or if `_mode_` asks for other than an object
  Component(const Config& config, const NodePtr& node);

  /// As written, e.g. "monai.transforms.Spacingd".
  const std::string& target() const { return target_; }
  /// Without module and, of a dictionary's transform, without its ending: "Spacing".
  const std::string& name() const { return name_; }
  bool of_dictionary() const { return of_dictionary_; }
  const Node& node() const { return *node_; }

  /// Keys that a dictionary's transform works on; of others none.
  std::vector<std::string> keys();
  /// From now on lists that hold one value per key mean this key's. False: it is not among them.
  bool choose_key(const std::string& key);

  /// Given, and not None.
  bool has(std::string_view argument);
  /// The value; null if it is not given or None. Lists per key give the chosen key's.
  NodePtr value(std::string_view argument);
  bool flag(std::string_view argument, bool otherwise);
  std::optional<double> number(std::string_view argument);
  std::optional<std::int64_t> integer(std::string_view argument);
  std::optional<std::string> word(std::string_view argument);
  /// A number, or a list of numbers. None in the list is -1.
  std::vector<double> numbers(std::string_view argument);
  std::vector<std::int64_t> integers(std::string_view argument);
  /// One number per axis: MONAI's (x, y, z) as ours {x, y, z} = (z, y, x). Fewer are filled with
  /// the last one where `repeats_last`, a single one is every axis's, and axes that there are not
  /// get `absent`.
  std::optional<Vec3> triple(std::string_view argument, int dimensions, double absent,
                             bool repeats_last = false);
  std::optional<Size3> whole_triple(std::string_view argument, int dimensions, std::int64_t absent);

  /// Arguments that make no difference to the answer.
  void ignore(std::initializer_list<std::string_view> arguments);
  /// Arguments that are refused unless they are absent, None, False or "".
  void refuse(std::initializer_list<std::string_view> arguments);
  /// A type of numbers: float32 and float64 pass, others would change the answer.
  void keep_real(std::string_view argument);
  /// Refuses what was not looked at. To be called last.
  void finish();

  /// "... line 63: Spacingd: argument 'diagonal' ..."
  [[noreturn]] void fail(std::string_view argument, const std::string& what) const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  NodePtr raw(std::string_view argument);
  double as_number(std::string_view argument, const Node& node) const;

  const Config* config_;
  NodePtr node_;
  std::string target_;
  std::string name_;
  bool of_dictionary_ = false;
  std::set<std::string, std::less<>> seen_;
  std::size_t key_ = 0;
  std::size_t key_count_ = 1;
};

/// Components of a list, those that are disabled left out and lists in lists (Compose) in their
/// place. @throws Error model: something else than components, or too deep
std::vector<Component> components(const Config& config, const NodePtr& list_or_compose);

}  // namespace osler::bundle
