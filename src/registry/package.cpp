#include "registry/package.hpp"

#include <algorithm>
#include <type_traits>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "core/sha256.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxDescriptionBytes = 4 << 20;
constexpr int kMaxDescriptionDepth = 32;
constexpr std::size_t kMaxWeightsBytes = std::size_t{8} << 30;
constexpr char kFormat[] = "osler-model/1";

/// Reads members of model.json; what is missing or wrong is named with its path.
class Reader {
 public:
  Reader(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  Reader at(const char* key) const {
    if (!json_.is_object() || !json_.contains(key)) fail(key, "is missing");
    return {json_.at(key), path_ + "/" + key};
  }
  bool has(const char* key) const { return json_.is_object() && json_.contains(key); }

  template <typename T>
  T get() const {
    // The JSON library would cut 3.5 down to 3 and take true for 1.
    if (std::is_integral_v<T> && !std::is_same_v<T, bool> && !json_.is_number_integer()) {
      fail("", "has the wrong type");
    }
    try {
      return json_.get<T>();
    } catch (const Json::exception&) {
      fail("", "has the wrong type");
    }
  }
  template <typename T>
  T get(const char* key) const {
    return at(key).get<T>();
  }

  template <typename F>
  auto list(const char* key, F&& read) const {
    const Reader member = at(key);
    if (!member.json_.is_array()) fail(key, "is not a list");
    std::vector<decltype(read(member))> out;
    std::size_t i = 0;
    for (const Json& item : member.json_) {
      out.push_back(read(Reader(item, member.path_ + "/" + std::to_string(i++))));
    }
    return out;
  }

  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    throw Error(ErrorCode::model,
                "model.json: " + path_ + (key.empty() ? "" : "/" + key) + " " + what,
                "the members that docs/schema/model.schema.json names", "repair the package");
  }

 private:
  const Json& json_;
  std::string path_;
};

Code read_code(const Reader& r) {
  return {r.get<std::string>("value"), r.get<std::string>("scheme"), r.get<std::string>("meaning")};
}

/// A name that stays in its folder.
std::string read_file_name(const Reader& r) {
  const auto name = r.get<std::string>("file");
  if (name.empty() || name == "." || name == ".." || fs::path(name).filename() != name) {
    r.fail("file", "is not a plain file name");
  }
  return name;
}

std::optional<double> optional_number(const Reader& r, const char* key) {
  if (!r.has(key)) return std::nullopt;
  return r.get<double>(key);
}

InputRules read_wants(const Reader& r) {
  InputRules rules;
  rules.modalities = r.get<std::vector<std::string>>("modalities");
  rules.body_parts = r.get<std::vector<std::string>>("body_parts");
  rules.min_extent_mm = r.get<Vec3>("min_extent_mm");
  rules.max_spacing_mm = r.get<double>("max_spacing_mm");
  return rules;
}

Side read_side(const Reader& r) {
  return {r.get<std::string>("name"), read_code(r.at("laterality")), r.get<Vec3>("centre_mm"),
          r.get<bool>("mirrored")};
}

LocalisedTwoPass read_steps(const Reader& root) {
  LocalisedTwoPass steps;
  std::vector<std::string> order;
  root.list("steps", [&](const Reader& r) {
    const auto step = r.get<std::string>("step");
    order.push_back(step);
    if (step == "localise-in-template") {
      const Reader t = r.at("template");
      steps.localise.template_use = {read_file_name(t), t.get<std::string>("sha256"),
                                     t.get<std::string>("package")};
      steps.localise.sides = r.list("sides", read_side);
    } else if (step == "find") {
      steps.find = {r.get<Size3>("frame"), r.get<Size3>("statistics"), r.get<double>("threshold")};
    } else if (step == "measure") {
      steps.measure = {r.get<Size3>("frame"), r.get<std::int64_t>("margin"),
                       r.get<Size3>("min_box"), r.get<Size3>("max_box"),
                       r.get<double>("threshold")};
    } else {
      r.fail("step", "'" + step + "' is not a step that this program knows");
    }
    return 0;
  });
  if (order != std::vector<std::string>{"localise-in-template", "find", "measure"}) {
    root.fail("steps", "are not localise-in-template, find, measure in this order");
  }
  const Reader shape = root.at("shape");
  steps.shape = {shape.get<int>("from"), shape.get<int>("to"), shape.get<Vec3>("mean_mm"),
                 shape.get<Vec3>("sd_mm")};
  steps.clip_percentiles = root.get<std::array<double, 2>>("clip_percentiles");
  return steps;
}

SegmentRule read_segment(const Reader& r) {
  SegmentRule s;
  s.label = r.get<std::string>("label");
  s.side = r.get<std::string>("side");
  s.output = r.get<int>("output");
  s.category = read_code(r.at("category"));
  s.type = read_code(r.at("type"));
  if (r.has("part")) s.part = read_code(r.at("part"));
  s.rgb = r.get<std::array<std::uint8_t, 3>>("rgb");
  return s;
}

GateRule read_gate(const Reader& r) {
  return {r.get<std::string>("name"),    r.get<std::string>("signal"),
          r.get<std::string>("meaning"), optional_number(r, "at_least"),
          optional_number(r, "at_most"), r.has("warn_only") && r.get<bool>("warn_only")};
}

void check_segments(const ModelPackage& p, const Reader& root) {
  for (const SegmentRule& s : p.segments) {
    const auto& sides = p.steps.localise.sides;
    const bool side_known = std::any_of(sides.begin(), sides.end(),
                                        [&](const Side& side) { return side.name == s.side; });
    if (!side_known) root.fail("segments", "name a side '" + s.side + "' that no step gives");
    if (s.output < 1 || s.output >= p.classes) root.fail("segments", "name an output out of range");
  }
}

std::vector<fs::path> package_folders(const fs::path& place) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator it(place, error), end; !error && it != end; it.increment(error)) {
    if (fs::exists(it->path() / "model.json")) folders.push_back(it->path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

}  // namespace

ModelPackage read_package(const fs::path& folder) {
  const fs::path file = folder / "model.json";
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    throw Error(ErrorCode::model, "no model.json in " + folder.string(), "a model package",
                "give --model the name or the folder of a package (see 'osler models')");
  }
  const std::vector<std::byte> bytes = read_file(file, kMaxDescriptionBytes);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const auto check_depth = [&](int depth, Json::parse_event_t, const Json&) {
    if (depth <= kMaxDescriptionDepth) return true;
    throw Error(ErrorCode::model, "model.json in " + folder.string() + " is nested too deep",
                "at most " + std::to_string(kMaxDescriptionDepth) + " levels");
  };
  const Json json = Json::parse(text, text + bytes.size(), check_depth, false);
  if (json.is_discarded()) {
    throw Error(ErrorCode::model, "model.json in " + folder.string() + " is not valid JSON");
  }
  const Reader root(json, "");
  if (root.get<std::string>("format") != kFormat)
    root.fail("format", "is not " + std::string(kFormat));

  ModelPackage p;
  p.folder = folder;
  p.name = root.get<std::string>("name");
  p.title = root.get<std::string>("title");
  p.version = root.get<std::string>("version");
  p.manufacturer = root.get<std::string>("manufacturer");
  p.intended_use = root.get<std::string>("intended_use");
  p.protocol = root.get<std::string>("protocol");
  p.limits = root.get<std::vector<std::string>>("limits");
  p.licence = root.get<std::string>("licence");
  const Reader weights = root.at("weights");
  if (weights.get<std::string>("format") != "torchscript") {
    weights.fail("format", "is not one that this program loads (torchscript)");
  }
  p.weights_file = read_file_name(weights);
  p.weights_sha256 = weights.get<std::string>("sha256");
  p.wants = read_wants(root.at("wants"));
  p.steps = read_steps(root);
  const Reader gives = root.at("gives");
  p.classes = gives.get<int>("classes");
  p.structure = gives.get<std::string>("structure");
  p.structure_code = read_code(gives.at("structure_code"));
  p.segments = gives.list("segments", read_segment);
  p.gates = root.list("gates", read_gate);
  check_segments(p, gives);
  p.description_sha256 = sha256_hex(bytes);
  p.digest = hex(Sha256().update(p.description_sha256).update(p.weights_sha256).finish());
  return p;
}

ModelPackage find_package(const std::string& name_or_folder, const std::vector<fs::path>& places) {
  std::error_code error;
  if (fs::is_directory(name_or_folder, error)) return read_package(name_or_folder);
  std::string known;
  for (const fs::path& place : places) {
    for (const fs::path& folder : package_folders(place)) {
      if (folder.filename() == name_or_folder) return read_package(folder);
      known += (known.empty() ? "" : ", ") + folder.filename().string();
    }
  }
  throw Error(ErrorCode::model, "no model '" + name_or_folder + "'",
              known.empty() ? "a package folder" : "one of: " + known,
              "see 'osler models', or give the folder of a package");
}

std::vector<std::variant<ModelPackage, std::string>> list_packages(
    const std::vector<fs::path>& places) {
  std::vector<std::variant<ModelPackage, std::string>> out;
  for (const fs::path& place : places) {
    for (const fs::path& folder : package_folders(place)) {
      try {
        out.emplace_back(read_package(folder));
      } catch (const Error& e) {
        out.emplace_back(folder.filename().string() + ": " + e.what());
      }
    }
  }
  return out;
}

std::vector<std::byte> read_weights(const ModelPackage& package) {
  const fs::path file = package.folder / package.weights_file;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    throw Error(ErrorCode::model, "weights " + file.string() + " are missing",
                "the file that model.json names", "install the package again");
  }
  std::vector<std::byte> bytes = read_file(file, kMaxWeightsBytes);
  const std::string found = sha256_hex(bytes);
  if (found != package.weights_sha256) {
    throw Error(ErrorCode::model, "weights of " + package.name + " have SHA-256 " + found,
                package.weights_sha256,
                "install the package again; do not run other people's weights");
  }
  return bytes;
}

}  // namespace osler
