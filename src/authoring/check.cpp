#include "authoring/check.hpp"

#include <algorithm>
#include <optional>

#include "authoring/description_check.hpp"
#include "authoring/network_check.hpp"
#include "authoring/schema.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "registry/bundle.hpp"
#include "registry/package.hpp"
#include "registry/trusted.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

using Level = Problem::Level;

constexpr std::size_t kMaxDescriptionBytes = 4 << 20;
constexpr std::size_t kMaxWeightsBytes = std::size_t{8} << 30;
constexpr int kMostNestedStages = 4;

/// Nothing, and a problem, if it is no JSON.
std::optional<Json> parse(const std::string& text, Problems& problems) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: what"
    const std::string what = error.what();
    const std::size_t at = what.find("at line");
    problems.push_back({Level::error, "model.json",
                        "is no JSON " + what.substr(at == std::string::npos ? 0 : at)});
    return std::nullopt;
  }
}

class PackageCheck {
 public:
  PackageCheck(const fs::path& folder, int depth) : folder_(folder), depth_(depth) {}

  PackageReport run() {
    const fs::path file = folder_ / "model.json";
    std::error_code error;
    if (!fs::is_regular_file(file, error)) {
      if (is_bundle(folder_)) return check_bundle();
      throw Error(ErrorCode::model, "no model.json in " + folder_.string(), "a model package",
                  "give the folder of a package");
    }
    const std::vector<std::byte> bytes = read_file(file, kMaxDescriptionBytes);
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::optional<Json> json = parse(text, report_.problems);
    if (!json) return std::move(report_);
    if (json->is_object() && json->contains("name") && json->at("name").is_string()) {
      report_.name = json->at("name");
    }
    add(schema_problems(*json, model_schema()));
    add(description_problems(*json));
    check_weights(*json);
    check_stages(*json);
    check_reading();
    return std::move(report_);
  }

 private:
  void add(Problems problems) {
    for (Problem& problem : problems) {
      auto& all = report_.problems;
      if (std::find(all.begin(), all.end(), problem) == all.end())
        all.push_back(std::move(problem));
    }
  }

  /// A MONAI bundle is read whole or refused at its first fault; then its network is tried.
  PackageReport check_bundle() {
    try {
      const ModelPackage p = read_bundle(folder_);
      report_.name = p.name;
      report_.digest = p.digest;
      NetworkCheck check;
      check.where = p.weights.front().file;
      check.format = p.weights.front().format;
      check.classes = p.classes;
      const WindowedSegmentation* windowed = p.windowed();
      if (windowed == nullptr) return std::move(report_);
      const Size3& patch = windowed->window.patch;
      if (std::find(patch.begin(), patch.end(), 0) != patch.end()) return std::move(report_);
      check.inputs = {
          {1, static_cast<std::int64_t>(p.channels.size()), patch[2], patch[1], patch[0]}};
      add(network_problems(read_weights(p, p.weights.front()), check));
    } catch (const Error& e) {
      add({{Level::error, "configs", e.found()}});
    }
    return std::move(report_);
  }

  void check_weights(const Json& json) {
    const std::vector<WeightsEntry> entries = weights_entries(json);
    std::vector<bool> intact;
    add(file_problems(folder_, entries, intact));
    const auto trusted = TrustedDigests::from_environment();
    NetworkCheck check;
    check.inputs = network_inputs(json);
    check.one_score_per_class = json.is_object() && json.contains("gives") &&
                                json["gives"].is_object() && json["gives"].contains("evaluations");
    if (json.is_object() && json.contains("gives") && json["gives"].is_object() &&
        json["gives"].contains("classes") && json["gives"]["classes"].is_number_integer()) {
      check.classes = json["gives"]["classes"];
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!intact[i] || entries[i].file.format.name.empty()) continue;
      if (trusted && !trusted->contains(entries[i].file.sha256) &&
          !trusted->contains(digest_of_package())) {
        add({{Level::warning, entries[i].where, "are not loaded: they are not trusted"}});
        continue;
      }
      check.where = entries[i].where;
      check.format = entries[i].file.format;
      add(network_problems(read_file(folder_ / entries[i].file.file, kMaxWeightsBytes), check));
    }
  }

  void check_stages(const Json& json) {
    if (!json.is_object() || !json.contains("stages") || !json["stages"].is_array()) return;
    for (std::size_t i = 0; i < json["stages"].size(); ++i) {
      const Json& stage = json["stages"][i];
      const std::string where = "/stages/" + std::to_string(i) + "/package";
      if (!stage.is_object() || !stage.contains("package") || !stage["package"].is_string())
        continue;
      const fs::path name = stage["package"].get<std::string>();
      if (name.empty() || name == "." || name == ".." || name.filename() != name) continue;
      if (depth_ >= kMostNestedStages) {
        add({{Level::error, where, "is nested too deep (at most 4)"}});
        continue;
      }
      try {
        for (Problem& problem : PackageCheck(folder_ / name, depth_ + 1).run().problems) {
          problem.where = name.string() + ": " + problem.where;
          add({std::move(problem)});
        }
      } catch (const Error& error) {
        add({{Level::error, where, "is '" + name.string() + "': " + error.found()}});
      }
    }
  }

  /// Empty if it cannot be read.
  std::string digest_of_package() const {
    try {
      return read_package(folder_).digest;
    } catch (const Error&) {
      return {};
    }
  }

  /// What the program itself says, where nothing else was found.
  void check_reading() {
    try {
      report_.digest = read_package(folder_).digest;
    } catch (const Error& error) {
      if (report_.ok()) add({{Level::error, "model.json", error.found()}});
    }
  }

  fs::path folder_;
  int depth_;
  PackageReport report_;
};

}  // namespace

bool PackageReport::ok() const {
  return std::none_of(problems.begin(), problems.end(),
                      [](const Problem& p) { return p.level == Level::error; });
}

PackageReport check_package(const fs::path& folder) {
  return PackageCheck(folder, 0).run();
}

}  // namespace osler
