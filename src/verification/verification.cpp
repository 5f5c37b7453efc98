#include "verification/verification.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "core/error.hpp"
#include "findings/report_codes.hpp"
#include "objects/content_items.hpp"
#include "objects/elements.hpp"
#include "objects/modules.hpp"
#include "reading/content_tree.hpp"
#include "reading/measurement_report.hpp"
#include "verification/content.hpp"
#include "verification/decisions.hpp"
#include "verification/header.hpp"

namespace osler::verification {
namespace fs = std::filesystem;
namespace {

using objects::add_uid_item;
using objects::put;
using objects::Relationship;
using objects::save;
using objects::string_of;
using reading::Measurement;
using reading::MeasurementGroup;

/// A report that may be verified. @throws Error bad_input
void check_report(DcmItem& object, const reading::ObjectSummary& summary, bool again) {
  if (summary.kind == reading::ObjectKind::key_objects) {
    throw Error(ErrorCode::bad_input, "this is a Key Object Selection, which is not verified",
                "a structured report");
  }
  if (summary.kind != reading::ObjectKind::structured_report || summary.modality != "SR") {
    throw Error(ErrorCode::bad_input,
                fmt::format("this is no structured report but {}",
                            summary.sop_class.empty() ? "another object" : summary.sop_class),
                "a structured report");
  }
  const std::string flag = string_of(object, DCM_VerificationFlag);
  if (flag == "VERIFIED" && !again) {
    throw Error(ErrorCode::bad_input, "the report is verified already", "an unverified report",
                "--again adds another verification");
  }
  if (summary.sop_instance_uid.empty() || summary.study_uid.empty()) {
    throw Error(ErrorCode::bad_input, "the report lacks its own identifiers");
  }
}

/// In the report's character set; a report that is all ASCII may take any.
std::string encoded(DcmItem& object, dicom::CharacterSet& set, const std::string& utf8,
                    const char* what) {
  if (auto text = set.from_utf8(utf8)) return *text;
  if (object.containsExtendedCharacters(OFTrue) == OFFalse) {
    put(object, DCM_SpecificCharacterSet, "ISO_IR 192");
    set = dicom::CharacterSet("ISO_IR 192");
    if (auto text = set.from_utf8(utf8)) return *text;
  }
  throw Error(
      ErrorCode::usage,
      fmt::format("{} cannot be written in the report's character set '{}'", what, set.declared()),
      {}, "write it in Latin letters");
}

DcmItem& parent_of(DcmItem& object, const std::string& path) {
  DcmItem* parent = reading::item_at(object, path.substr(0, path.rfind('.')));
  if (parent == nullptr) throw Error(ErrorCode::internal, "content is not where it was read");
  return *parent;
}

/// Takes rejected findings out; what held nothing else goes as well.
void remove_rejected(DcmItem& object, const Decisions& decisions,
                     std::vector<std::unique_ptr<DcmItem>>& removed) {
  struct Removal {
    DcmItem* parent;
    DcmItem* item;
    DcmItem* grandparent;
  };
  std::vector<Removal> removals;  // all found before the first one shifts the others
  for (const auto& [group, reason] : decisions.rejected) {
    if (group->path == "1") {
      throw Error(ErrorCode::usage, "this finding is the whole report and cannot be rejected");
    }
    DcmItem& parent = parent_of(object, group->path);
    const std::string above = group->path.substr(0, group->path.rfind('.'));
    removals.push_back({&parent, reading::item_at(object, group->path),
                        above == "1" ? nullptr : &parent_of(object, above)});
  }
  for (const Removal& r : removals) {
    const bool is_inside = std::any_of(removals.begin(), removals.end(), [&](const Removal& x) {
      return x.item == r.parent || x.item == r.grandparent;
    });
    if (is_inside) continue;  // went with what it was in
    removed.push_back(take_out(*r.parent, *r.item));
    if (r.grandparent != nullptr && !r.parent->tagExists(DCM_ContentSequence)) {
      removed.push_back(take_out(*r.grandparent, *r.parent));
    }
  }
}

void add_remarks(DcmItem& object, dicom::CharacterSet& set, const Groups& groups,
                 const Decisions& decisions, VerificationOutcome& outcome) {
  outcome.not_recomputed = not_recomputed(groups, decisions);
  if (decisions.rejected.empty() && decisions.corrected.empty()) return;
  put_osler_scheme(object);
  if (decisions.rejected.empty() && outcome.not_recomputed.empty()) return;
  DcmItem& container = evaluations_container(object);
  for (const MeasurementGroup& g : groups) {
    const auto rejected = decisions.rejected.find(&g);
    if (rejected == decisions.rejected.end()) continue;
    outcome.rejected.push_back(g.label);
    const std::string& reason = rejected->second;
    const std::string text = g.label + (reason.empty() ? "" : ": " + reason);
    DcmItem& item = add_remark(container, codes::kRejectedFinding, stored_text(set, text));
    if (!g.tracking_uid.empty()) {
      add_uid_item(item, Relationship::has_properties, codes::kTrackingUid, g.tracking_uid);
    }
  }
  for (const std::string& label : outcome.not_recomputed) {
    add_remark(container, codes::kNotRecomputed, stored_text(set, label));
  }
}

/// Whole or not at all, and never over a file that is there.
void save_new(DcmFileFormat& object, const fs::path& out) {
  const fs::path folder = out.parent_path().empty() ? fs::path(".") : out.parent_path();
  std::string pattern = (folder / (".osler-" + out.filename().string() + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw Error(ErrorCode::output,
                fmt::format("cannot write into {}: {}", folder.string(), std::strerror(errno)), {},
                "give an --out file in a folder that can be written");
  }
  const fs::path staging = pattern;
  std::error_code error;
  try {
    save(object, staging / out.filename());
    fs::create_hard_link(staging / out.filename(), out, error);
    // Not every file system has links.
    if (error && !fs::exists(out)) fs::rename(staging / out.filename(), out, error);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(staging, ignored);
    throw;
  }
  std::error_code ignored;
  fs::remove_all(staging, ignored);
  if (error) {
    throw Error(ErrorCode::output, "cannot write " + out.string() + ": " + error.message());
  }
}

}  // namespace

VerificationOutcome verify_report(const fs::path& report, const VerificationRequest& request,
                                  const fs::path& out, const dicom::Limits& limits) {
  check_person_name(request.observer);
  if (fs::exists(out)) {
    throw Error(ErrorCode::output, out.string() + " exists", "a new file",
                "give another --out, or move the file away");
  }
  const auto source = reading::load_object(report, limits);
  // Without the meta header, which is of the predecessor.
  DcmFileFormat successor(source->getDataset());
  DcmItem& object = *successor.getDataset();
  std::vector<reading::Problem> problems;
  const reading::ObjectSummary predecessor = reading::summarise_object(object, problems);
  check_report(object, predecessor, request.again);
  const reading::ContentTree tree = reading::read_content(object);
  if (tree.is_cut_off) {
    throw Error(ErrorCode::bad_input, "the report holds more content than is read");
  }
  const reading::MeasurementReport measured = reading::read_measurement_report(tree);
  const Decisions decisions = decide(measured.groups, request);

  VerificationOutcome outcome;
  outcome.predecessor_uid = predecessor.sop_instance_uid;
  dicom::CharacterSet set(string_of(object, DCM_SpecificCharacterSet));
  const std::string name = encoded(object, set, request.observer, "the name");
  const std::string organisation = encoded(object, set, request.organisation, "the organisation");
  for (const auto& [group, reason] : decisions.rejected) encoded(object, set, reason, "a reason");

  ContentLinks links(object);
  for (const Correction& c : decisions.corrected) {
    const Measurement& m = *c.measurement;
    DcmItem* item = reading::item_at(object, m.path);
    const std::string old_text = fmt::format("{} {}", m.text, m.unit->value);
    correct_value(*item, c.value, old_text);
    outcome.corrected.push_back(fmt::format("{}, {}: {} -> {} {}", c.group->label, name_of(m),
                                            m.text, c.value, m.unit->value));
  }
  std::vector<std::unique_ptr<DcmItem>> removed;
  remove_rejected(object, decisions, removed);
  put_verified_use(object);
  add_remarks(object, set, measured.groups, decisions, outcome);
  // A person who is there stays the only one: the findings are this one's observation, and who
  // verified them is told outside of the content.
  const bool has_person = std::any_of(measured.observers.begin(), measured.observers.end(),
                                      [](const reading::Observer& o) { return o.is_person; });
  if (!has_person) add_person_observer(object, name, organisation);
  links.restore();
  const ObjectIds ids = put_successor_header(
      object, predecessor, identity_of(predecessor.sop_instance_uid, request, decisions));
  put_verifying_observer(object, name, organisation);
  std::set<const MeasurementGroup*> touched;
  for (const auto& [group, reason] : decisions.rejected) touched.insert(group);
  for (const Correction& c : decisions.corrected) touched.insert(c.group);
  outcome.sop_instance_uid = ids.sop_instance_uid;
  outcome.series_uid = ids.series_uid;
  outcome.accepted = measured.groups.size() - touched.size();
  save_new(successor, out);
  return outcome;
}

}  // namespace osler::verification
