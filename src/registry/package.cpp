#include "registry/package.hpp"

#include <algorithm>
#include <set>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "core/sha256.hpp"
#include "registry/bundle.hpp"
#include "registry/member_reader.hpp"
#include "registry/trusted.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

ModelPackage read_package(const fs::path& folder, int depth);

constexpr std::size_t kMaxDescriptionBytes = 4 << 20;
constexpr int kMaxDescriptionDepth = 32;
constexpr std::size_t kMaxWeightsBytes = std::size_t{8} << 30;
constexpr char kFormat[] = "osler-model/1";

std::optional<double> optional_number(const MemberReader& r, const char* key) {
  if (!r.has(key)) return std::nullopt;
  return r.get<double>(key);
}

/// @param pictures  which may not say how large they are
InputRules read_wants(const MemberReader& r, bool pictures) {
  InputRules rules;
  rules.modalities = r.get<std::vector<std::string>>("modalities");
  rules.body_parts = r.get<std::vector<std::string>>("body_parts");
  if (pictures) return rules;
  rules.min_extent_mm = r.get<Vec3>("min_extent_mm");
  rules.max_spacing_mm = r.get<double>("max_spacing_mm");
  return rules;
}

SegmentRule read_segment(const MemberReader& r) {
  SegmentRule s;
  s.label = r.get<std::string>("label");
  if (r.has("side")) s.side = r.get<std::string>("side");
  if (r.has("laterality")) s.laterality = read_code(r.at("laterality"));
  s.output = r.get<int>("output");
  s.value = r.get_or("value", 0);
  s.category = read_code(r.at("category"));
  s.type = read_code(r.at("type"));
  if (r.has("part")) s.part = read_code(r.at("part"));
  s.rgb = r.get<std::array<std::uint8_t, 3>>("rgb");
  return s;
}

GateRule read_gate(const MemberReader& r) {
  return {r.get<std::string>("name"),    r.get<std::string>("signal"),
          r.get<std::string>("meaning"), optional_number(r, "at_least"),
          optional_number(r, "at_most"), r.has("warn_only") && r.get<bool>("warn_only")};
}

/// Each segment is given by a step, and labels are one byte.
void check_segments(ModelPackage& p, const MemberReader& root) {
  constexpr std::size_t kMostSegments = 255;
  if (p.segments.empty() || p.segments.size() > kMostSegments) {
    root.fail("segments", "are none, or more than 255");
  }
  const LocalisedTwoPass* localised = p.localised();
  const int first_output = p.labels() != nullptr && p.labels()->regions ? 0 : 1;
  std::set<int> values;
  for (std::size_t i = 0; i < p.segments.size(); ++i) {
    SegmentRule& s = p.segments[i];
    if (s.output < first_output || s.output >= p.classes) {
      root.fail("segments", "name an output out of range");
    }
    // Where sides share an output, numbers of segments tell them apart.
    if (s.value == 0) s.value = localised != nullptr ? static_cast<int>(i) + 1 : s.output;
    if (s.value < 1 || s.value > 255 || !values.insert(s.value).second) {
      root.fail("segments", "have a value that is not of one segment alone, or not 1 to 255");
    }
    if (localised == nullptr) continue;
    const auto& sides = localised->localise.sides;
    const auto side = std::find_if(sides.begin(), sides.end(),
                                   [&](const Side& each) { return each.name == s.side; });
    if (side == sides.end()) {
      root.fail("segments", "name a side '" + s.side + "' that no step gives");
    }
    s.laterality = side->laterality;
  }
}

/// Packages inside the package. One that held another of its kind would be a chain without end.
std::vector<Stage> read_stages(const MemberReader& root, const fs::path& folder, int depth) {
  constexpr int kDeepest = 4;
  if (!root.has("stages")) return {};
  if (depth >= kDeepest) root.fail("stages", "are nested too deep (at most 4)");
  return root.list("stages", [&](const MemberReader& r) {
    r.only({"name", "package"});
    const fs::path name = r.get<std::string>("package");
    if (name.empty() || name == "." || name == ".." || name.filename() != name) {
      r.fail("package", "is not the plain name of a folder in the package");
    }
    return Stage{r.get<std::string>("name"),
                 std::make_shared<const ModelPackage>(read_package(folder / name, depth + 1))};
  });
}

/// Steps name stages, labels and channels that there are.
void check_image_steps(const ModelPackage& p, const MemberReader& root) {
  const WindowedSegmentation* windowed = p.windowed();
  if (windowed == nullptr) return;
  const auto find = [&](const std::string& name) -> const ModelPackage& {
    for (const Stage& stage : p.stages) {
      if (stage.name == name && stage.package->labels() != nullptr) return *stage.package;
    }
    root.fail("steps", "name a stage '" + name + "' that there is not, or that gives no labels");
  };
  const auto check_channel = [&](int channel) {
    if (channel >= static_cast<int>(p.channels.size())) {
      root.fail("steps", "name a channel out of range");
    }
  };
  for (const ImageStep& step : windowed->image.steps) {
    if (const auto* crop = std::get_if<CropStep>(&step)) {
      if (crop->to != CropStep::To::labels) continue;
      const ModelPackage& stage = find(crop->stage);
      for (const std::string& label : crop->labels) {
        const auto same = [&](const SegmentRule& s) { return s.label == label; };
        if (std::none_of(stage.segments.begin(), stage.segments.end(), same)) {
          root.fail("steps", "name a label '" + label + "' that stage " + crop->stage + " has not");
        }
      }
    } else if (const auto* labels = std::get_if<AddLabelsStep>(&step)) {
      find(labels->stage);
    } else if (const auto* normalise = std::get_if<NormaliseStep>(&step)) {
      check_channel(normalise->channel);
    } else if (const auto* rescale = std::get_if<RescaleStep>(&step)) {
      check_channel(rescale->channel);
    }
  }
}

void check_order(const ModelPackage& p, const MemberReader& root) {
  if (p.labels() == nullptr) return;
  for (const int channel : p.labels()->order) {
    if (channel < 0 || channel >= p.classes) root.fail("steps", "order outputs out of range");
  }
}

/// Members give probabilities of the same classes, and each stage is a member.
void check_members(const ModelPackage& p, const MemberReader& root) {
  const Ensemble* ensemble = p.ensemble();
  if (ensemble == nullptr) return;
  const auto fail = [&](const std::string& what) { root.fail("steps/0/of", what); };
  const std::set<std::string> names(ensemble->of.begin(), ensemble->of.end());
  if (names.size() < 2 || names.size() != ensemble->of.size()) {
    fail("does not name at least two stages, each once");
  }
  for (const std::string& name : names) {
    const auto has_name = [&](const Stage& stage) { return stage.name == name; };
    if (std::count_if(p.stages.begin(), p.stages.end(), has_name) != 1) {
      fail("names '" + name + "', which is not one stage");
    }
  }
  for (const Stage& stage : p.stages) {
    const ModelPackage& member = *stage.package;
    if (!names.contains(stage.name)) fail("does not name stage '" + stage.name + "'");
    const std::string which = "names '" + stage.name + "', which ";
    if (member.windowed() == nullptr) fail(which + "is no segmentation of the whole image");
    if (member.classes != p.classes) {
      fail(which + "gives " + std::to_string(member.classes) + " classes, not " +
           std::to_string(p.classes));
    }
    if (member.windowed()->labels.regions != ensemble->labels.regions) {
      fail(which + (ensemble->labels.regions ? "gives no regions" : "gives regions"));
    }
    if (member.channels.size() != p.channels.size()) {
      fail(which + "takes " + std::to_string(member.channels.size()) + " channels, not " +
           std::to_string(p.channels.size()));
    }
  }
}

/// One file, or several; an ensemble's are those of its members.
std::vector<WeightsFile> read_weights_files(const MemberReader& root, bool ensemble) {
  if (ensemble) {
    if (root.has("weights")) root.fail("weights", "are of a network; an ensemble has none");
    return {};
  }
  if (!root.is_list("weights")) return {read_weights_file(root.at("weights"))};
  std::vector<WeightsFile> weights = root.list("weights", read_weights_file);
  if (weights.empty()) root.fail("weights", "are none");
  return weights;
}

std::vector<fs::path> package_folders(const fs::path& place) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator it(place, error), end; !error && it != end; it.increment(error)) {
    if (fs::exists(it->path() / "model.json") || is_bundle(it->path()))
      folders.push_back(it->path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

ModelPackage read_package(const fs::path& folder, int depth) {
  const fs::path file = folder / "model.json";
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    if (is_bundle(folder)) return read_bundle(folder);
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
  const MemberReader root(json, "");
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
  p.channels = {"image"};
  if (root.has("channels")) {
    p.channels = root.list("channels", [](const MemberReader& r) {
      r.only({"name"});
      return r.get<std::string>("name");
    });
    if (p.channels.empty()) root.fail("channels", "are none");
  }
  p.stages = read_stages(root, folder, depth);
  p.steps = read_steps(root);
  p.weights = read_weights_files(root, p.ensemble() != nullptr);
  const Classification* classification = p.classification();
  p.wants = read_wants(root.at("wants"), classification != nullptr && classification->planar);
  const MemberReader gives = root.at("gives");
  p.classes = gives.get<int>("classes");
  if (p.localised() != nullptr) {
    p.structure = gives.get<std::string>("structure");
    p.structure_code = read_code(gives.at("structure_code"));
  }
  p.gates = root.list("gates", read_gate);
  if (classification == nullptr) {
    p.segments = gives.list("segments", read_segment);
    check_segments(p, gives);
    check_image_steps(p, root);
    check_order(p, root);
    check_members(p, root);
  } else if (!p.stages.empty()) {
    root.fail("stages", "give labels; a classifier takes none");
  }
  p.description_sha256 = sha256_hex(bytes);
  Sha256 digest;
  digest.update(p.description_sha256);
  for (const WeightsFile& weights : p.weights) digest.update(weights.sha256);
  for (const Stage& stage : p.stages) digest.update(stage.package->digest);
  p.digest = hex(digest.finish());
  return p;
}

}  // namespace

ModelPackage read_package(const fs::path& folder) {
  return read_package(folder, 0);
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

std::vector<std::byte> read_weights(const ModelPackage& package, const WeightsFile& weights) {
  require_trusted(package, weights);
  const fs::path file = package.folder / weights.file;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    throw Error(ErrorCode::model, "weights " + file.string() + " are missing",
                "the file that model.json names", "install the package again");
  }
  std::vector<std::byte> bytes = read_file(file, kMaxWeightsBytes);
  const std::string found = sha256_hex(bytes);
  if (found != weights.sha256) {
    throw Error(ErrorCode::model, "weights of " + package.name + " have SHA-256 " + found,
                weights.sha256, "install the package again; do not run other people's weights");
  }
  return bytes;
}

}  // namespace osler
