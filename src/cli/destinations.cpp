#include "cli/destinations.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "registry/config_file.hpp"
#include "registry/member_reader.hpp"

namespace osler::cli {
namespace {

using objects::SegmentationForm;
using objects::SrForm;
using report::Destination;
using report::ObjectSet;

constexpr MemberDocument kDocument{"destinations",
                                   "the members that docs/schema/destinations.schema.json names",
                                   "repair the file of --destinations"};

SegmentationForm read_form(const MemberReader& r, std::initializer_list<std::string_view> names) {
  using Type = SegmentationForm::Type;
  using Encoding = SegmentationForm::Encoding;
  r.only(names);
  SegmentationForm form;
  form.type = r.word<Type>("type", {{"binary", Type::binary}, {"labelmap", Type::labelmap}});
  if (r.has("encoding")) {
    form.encoding =
        r.word<Encoding>("encoding", {{"explicit-little-endian", Encoding::explicit_little_endian},
                                      {"rle", Encoding::rle},
                                      {"deflated", Encoding::deflated}});
  }
  if (form.type == Type::binary && form.encoding == Encoding::rle) {
    r.fail("encoding", "is rle, which bits have not; deflated compresses them");
  }
  form.bits = r.get_or("bits", 8);
  if (form.bits != 8 && form.bits != 16) r.fail("bits", "is not 8 or 16");
  if (form.type == Type::binary && r.has("bits")) r.fail("bits", "is of label maps");
  return form;
}

void read_segmentation(const MemberReader& r, ObjectSet& objects) {
  objects.segmentation = read_form(r, {"type", "encoding", "bits", "most_frames", "beyond"});
  objects.most_frames = r.get_or<std::int64_t>("most_frames", 0);
  if (objects.most_frames < 0) r.fail("most_frames", "is less than 0");
  if (!r.has("beyond")) return;
  if (objects.most_frames == 0) r.fail("beyond", "takes the place of more than 'most_frames'");
  if (r.is_text("beyond")) {
    r.word<bool>("beyond", {{"none", true}});
  } else {
    objects.beyond = read_form(r.at("beyond"), {"type", "encoding", "bits"});
  }
}

void read_objects(const MemberReader& r, ObjectSet& objects) {
  const std::map<std::string, bool*> known{{"captures", &objects.captures},
                                           {"page", &objects.page},
                                           {"labels", &objects.labels},
                                           {"key-objects", &objects.key_objects},
                                           {"presentation-state", &objects.presentation_state},
                                           {"structure-set", &objects.structure_set},
                                           {"pdf", &objects.pdf},
                                           {"fhir", &objects.fhir},
                                           {"uncertainty", &objects.uncertainty},
                                           {"fractional", &objects.fractional}};
  for (const auto& [name, wanted] : known) *wanted = false;
  for (const auto& word : r.get<std::vector<std::string>>("objects")) {
    const auto found = known.find(word);
    if (found == known.end()) {
      std::string names;
      for (const auto& [name, wanted] : known) names += (names.empty() ? "" : ", ") + name;
      r.fail("objects", "names '" + word + "', none of: " + names);
    }
    *found->second = true;
  }
}

/// A folder of this name lies beside results, some of whose folders are numbers.
void check_name(const MemberReader& r, const std::string& name) {
  constexpr std::size_t kLongest = 64;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (name.empty() || name.size() > kLongest || name[0] < 'a' || name[0] > 'z' ||
      !std::ranges::all_of(name, allowed)) {
    r.fail("name", "is not of a to z, 0 to 9 and -, a letter first, at most 64");
  }
}

Destination read_destination(const MemberReader& r) {
  r.only({"name", "segmentation", "report", "objects"});
  Destination destination;
  destination.name = r.get<std::string>("name");
  check_name(r, destination.name);
  ObjectSet& objects = destination.objects;
  if (r.is_text("segmentation")) {
    r.word<bool>("segmentation", {{"none", true}});
    objects.segmentation.reset();
  } else if (r.has("segmentation")) {
    read_segmentation(r.at("segmentation"), objects);
  }
  if (r.has("report")) {
    objects.report =
        r.word<std::optional<SrForm>>("report", {{"comprehensive-3d", SrForm::comprehensive_3d},
                                                 {"enhanced", SrForm::enhanced},
                                                 {"none", std::nullopt}});
  }
  if (r.has("objects")) read_objects(r, objects);
  return destination;
}

}  // namespace

std::vector<Destination> read_destinations(const std::filesystem::path& file) {
  const Json json = read_config_file(file);
  const MemberReader root(json, "", kDocument);
  root.only({"destinations"});
  std::set<std::string> names;
  return root.list("destinations", [&](const MemberReader& r) {
    Destination destination = read_destination(r);
    if (!names.insert(destination.name).second) r.fail("name", "is there twice");
    return destination;
  });
}

}  // namespace osler::cli
