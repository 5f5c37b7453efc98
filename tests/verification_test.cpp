#include <gtest/gtest.h>

#include <set>

#include "reading/result.hpp"
#include "reading_objects.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"
#include "verification/verification.hpp"

namespace osler::verification {
namespace {

using namespace osler::testing;  // NOLINT
using reading::Result;

constexpr char kOsler[] = "Osler^William";

/// Three nodules of 10, 20 and 30 mm and a ratio that quotes the second.
class Verification : public ::testing::Test {
 protected:
  Verification() {
    DcmItem& object = *format_.getDataset();
    make_report(object);
    code(object, "HAS CONCEPT MOD", {"121049", "DCM", "Language of Content Item and Descendants"},
         {"en", "RFC5646", "English"});
    code(object, "HAS OBS CONTEXT", {"121005", "DCM", "Observer Type"},
         {"121007", "DCM", "Device"});
    DcmItem& uid =
        content(object, "HAS OBS CONTEXT", "UIDREF", {"121012", "DCM", "Device Observer UID"});
    set(uid, DCM_UID, "1.5.5");
    code(object, "HAS CONCEPT MOD", {"121058", "DCM", "Procedure reported"},
         {"25045-6", "LN", "CT"});
    DcmItem& measurements = add_measurements(object);
    add_group(measurements, "first", "1.9.1", "10");
    add_group(measurements, "second", "1.9.2", "20");
    DcmItem& third = add_group(measurements, "third", "1.9.3", "30");
    DcmItem& ratio =
        number(third, "CONTAINS", {"RATIO", "99X", "Ratio"}, "1.5", {"1", "UCUM", "no units"});
    number(ratio, "INFERRED FROM", {"81827009", "SCT", "Diameter"}, "20", kMm);
    by_reference(ratio, "INFERRED FROM", {1, 5, 3, 5});  // the diameter of the third
    by_reference(third, "INFERRED FROM", {1, 5, 1});     // the first group
    DcmItem& signature = added(object, DCM_DigitalSignaturesSequence);
    set(signature, DCM_DigitalSignatureUID, "1.6");
  }

  std::filesystem::path written(E_TransferSyntax syntax = EXS_LittleEndianExplicit) {
    write_object(format_, in_, syntax);
    return in_;
  }
  VerificationOutcome verified(const VerificationRequest& request) {
    return verify_report(written(), request, out_);
  }
  void refused(ErrorCode code, const std::string& word, const VerificationRequest& request) {
    expect_error(code, word, [&] { verified(request); });
    EXPECT_FALSE(std::filesystem::exists(out_));
  }

  /// Where a group stands may change; what it says may not.
  static Json group(const Result& result, const std::string& label) {
    const Json json = reading::to_json(result, true);
    for (Json g : json["report"]["groups"]) {
      if (g["label"] == label) return without_places(g);
    }
    return nullptr;
  }
  static Json without_places(Json json) {
    if (json.is_object()) {
      json.erase("path");
      json.erase("number");
    }
    for (Json& child : json) {
      if (child.is_structured()) child = without_places(child);
    }
    return json;
  }

  TemporaryFolder folder_;
  std::filesystem::path in_ = folder_.path() / "in.dcm";
  std::filesystem::path out_ = folder_.path() / "out.dcm";
  DcmFileFormat format_;
};

TEST_F(Verification, TheSuccessorIsVerifiedAndNamesItsPredecessor) {
  VerificationRequest request;
  request.observer = kOsler;
  request.organisation = "Hospital";
  const VerificationOutcome outcome = verified(request);
  EXPECT_EQ(outcome.accepted, 3U);
  const Result before = reading::read_result(in_), after = reading::read_result(out_);
  EXPECT_EQ(after.object.study_uid, "1.2.3");
  EXPECT_EQ(after.object.sop_instance_uid, outcome.sop_instance_uid);
  EXPECT_NE(after.object.series_uid, before.object.series_uid);
  EXPECT_EQ(after.object.series_description, "Other maker, verified");
  EXPECT_EQ(after.object.manufacturer, "Osler project");
  const reading::DocumentState& d = *after.document;
  EXPECT_EQ(d.verification, "VERIFIED");
  EXPECT_EQ(d.completion, "COMPLETE");
  EXPECT_EQ(d.completion_description, "");
  EXPECT_EQ(d.preliminary, "FINAL");
  ASSERT_EQ(d.verifying_observers.size(), 1U);
  EXPECT_EQ(d.verifying_observers[0].name, kOsler);
  EXPECT_EQ(d.verifying_observers[0].organisation, "Hospital");
  // YYYYMMDDHHMMSS and the offset from UTC.
  EXPECT_EQ(d.verifying_observers[0].date_time.size(), 19U);
  ASSERT_EQ(d.predecessors.size(), 1U);
  EXPECT_EQ(d.predecessors[0].object.sop_instance_uid, "1.2.3.4.5");
  EXPECT_EQ(d.predecessors[0].series_uid, "1.2.3.4");
  for (const char* label : {"first", "second", "third"}) {
    EXPECT_EQ(group(after, label), group(before, label));
  }
  // Device, then person, before the procedure: rows of TID 1500 in their order.
  const auto& rows = after.content->root.children;
  EXPECT_EQ(rows[3].code->value, "121006");
  EXPECT_EQ(rows[4].text, kOsler);
  EXPECT_EQ(rows[5].text, "Hospital");
  EXPECT_EQ(rows[6].name->value, "121058");
  DcmFileFormat read;
  ASSERT_TRUE(read.loadFile(out_.c_str()).good());
  EXPECT_FALSE(read.getDataset()->tagExists(DCM_DigitalSignaturesSequence));
  OFString meta;
  read.getMetaInfo()->findAndGetOFString(DCM_MediaStorageSOPInstanceUID, meta);
  EXPECT_EQ(meta, outcome.sop_instance_uid.c_str());
}

TEST_F(Verification, ReferencesFollowWhatTheyReferTo) {
  VerificationRequest request;
  request.observer = kOsler;
  request.rejected = {{"second", ""}};
  verified(request);
  const Result after = reading::read_result(out_);
  EXPECT_TRUE(after.problems.empty());
  // Two rows of the person come before the measurements (now 1.7), the third group is the second.
  const auto* ratio = reading::content_at(after.content->root, "1.7.2.6");
  ASSERT_NE(ratio, nullptr);
  EXPECT_EQ(ratio->name->value, "RATIO");
  EXPECT_EQ(ratio->children.at(1).refers_to, "1.7.2.5");
  EXPECT_EQ(reading::content_at(after.content->root, "1.7.2.7")->refers_to, "1.7.1");
}

TEST_F(Verification, WhatRefersToARejectedFindingGoesWithIt) {
  VerificationRequest request;
  request.observer = kOsler;
  request.rejected = {{"first", ""}};
  verified(request);
  const Result after = reading::read_result(out_);
  EXPECT_TRUE(after.problems.empty());
  EXPECT_EQ(reading::content_at(after.content->root, "1.7.2")->children.size(), 6U);
}

TEST_F(Verification, RejectedFindingsAreTakenOutAndListed) {
  VerificationRequest request;
  request.observer = kOsler;
  request.rejected = {{"1.9.2", "a vessel"}, {"#1", ""}};
  const VerificationOutcome outcome = verified(request);
  EXPECT_EQ(outcome.rejected, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(outcome.accepted, 1U);
  EXPECT_EQ(outcome.not_recomputed, (std::vector<std::string>{"third"}));
  const Result after = reading::read_result(out_);
  ASSERT_EQ(after.report->groups.size(), 1U);
  const auto& listed = after.report->evaluations;
  ASSERT_EQ(listed.size(), 3U);
  EXPECT_EQ(listed[0].name->value, "REJECTED_FINDING");
  EXPECT_EQ(listed[0].text, "first");
  EXPECT_EQ(listed[1].text, "second: a vessel");
  EXPECT_EQ(listed[2].text, "third");
  EXPECT_EQ(listed[2].name->value, "NOT_RECOMPUTED");
}

TEST_F(Verification, AllRejectedLeavesNoEmptyContainer) {
  VerificationRequest request;
  request.observer = kOsler;
  request.rejected = {{"first", ""}, {"second", ""}, {"third", ""}};
  verified(request);
  const Result after = reading::read_result(out_);
  EXPECT_TRUE(after.report->groups.empty());
  for (const auto& row : after.content->root.children) {
    EXPECT_FALSE(row.name->value == "126010");
  }
}

TEST_F(Verification, CorrectedValuesKeepWhatTheyWere) {
  const Result before = reading::read_result(written());
  VerificationRequest request;
  request.observer = kOsler;
  request.corrected = {parse_correction("second=21.5 mm")};
  const VerificationOutcome outcome = verified(request);
  EXPECT_EQ(outcome.corrected, (std::vector<std::string>{"second, Diameter: 20 -> 21.5 mm"}));
  EXPECT_EQ(outcome.not_recomputed, (std::vector<std::string>{"third"}));
  const Result after = reading::read_result(out_);
  const auto& m = after.report->groups.at(1).measurements.at(0);
  EXPECT_EQ(m.value, 21.5);
  ASSERT_EQ(m.properties.size(), 2U);
  EXPECT_EQ(m.properties[0].name->value, "PREVIOUS_VALUE");
  EXPECT_EQ(m.properties[0].text, "20 mm");
  EXPECT_EQ(m.properties[1].code->value, "121410");
  EXPECT_EQ(group(after, "first"), group(before, "first"));
  EXPECT_EQ(group(after, "third"), group(before, "third"));
}

TEST_F(Verification, TheUidFollowsFromPredecessorObserverAndDecisions) {
  VerificationRequest request;
  request.observer = kOsler;
  std::set<std::string> uids;
  const auto uid_of = [&](const VerificationRequest& r) {
    const std::string uid = verified(r).sop_instance_uid;
    std::filesystem::remove(out_);
    return uid;
  };
  const std::string uid = uid_of(request);
  EXPECT_EQ(uid_of(request), uid);
  uids.insert(uid);
  VerificationRequest other = request;
  other.observer = "Doe^Jane";
  uids.insert(uid_of(other));
  other = request;
  other.rejected = {{"first", ""}};
  uids.insert(uid_of(other));
  other.rejected = {{"first", "why"}};
  uids.insert(uid_of(other));
  EXPECT_EQ(uids.size(), 4U);
}

TEST_F(Verification, RefusesWhatNoPersonDecided) {
  VerificationRequest request;
  for (const char* name : {"", "   ", "^Jane", "Jane Doe", "Doe, Jane", "Doe\\Jane", "Doe^\nJane",
                           "a^b^c^d^e^f", "a=b=c=d", "123"}) {
    request.observer = name;
    refused(ErrorCode::usage, "--as", request);
  }
  request.observer = std::string(65, 'a');
  refused(ErrorCode::usage, "64", request);
}

TEST_F(Verification, RefusesDecisionsThatFitNothing) {
  const auto with = [](auto change) {
    VerificationRequest request;
    request.observer = kOsler;
    change(request);
    return request;
  };
  refused(ErrorCode::usage, "#1 first, #2 second, #3 third", with([](auto& r) {
            r.rejected = {{"fourth", ""}};
          }));
  refused(ErrorCode::usage, "Diameter, mm", with([](auto& r) {
            r.corrected = {{"first", "1", "cm"}};
          }));
  refused(ErrorCode::usage, "no number", with([](auto& r) {
            r.corrected = {{"first", "big", "mm"}};
          }));
  refused(ErrorCode::usage, "twice", with([](auto& r) {
            r.rejected = {{"first", ""}};
            r.corrected = {{"first", "1", "mm"}};
          }));
  refused(ErrorCode::usage, "nothing is said of 'second'", with([](auto& r) {
            r.accepted = {"first", "third"};
            r.every_finding_decided = true;
          }));
  EXPECT_EQ(error_of([] { parse_correction("first 12"); })->code(), ErrorCode::usage);
  EXPECT_EQ(error_of([] { parse_correction("first=12"); })->code(), ErrorCode::usage);
}

TEST_F(Verification, TwoFindingsOfOneNameMustBeToldApart) {
  DcmItem* measurements = nullptr;
  format_.getDataset()->findAndGetSequenceItem(DCM_ContentSequence, measurements, 4);
  add_group(*measurements, "first", "1.9.4", "40");
  VerificationRequest request;
  request.observer = kOsler;
  request.rejected = {{"first", ""}};
  refused(ErrorCode::usage, "#1, #4", request);
  request.rejected = {{"1.9.4", ""}};
  EXPECT_EQ(verified(request).rejected.size(), 1U);
}

TEST_F(Verification, RefusesWhatIsNotAnUnverifiedReport) {
  VerificationRequest request;
  request.observer = kOsler;
  DcmItem& object = *format_.getDataset();
  set(object, DCM_VerificationFlag, "VERIFIED");
  refused(ErrorCode::bad_input, "verified already", request);
  request.again = true;
  EXPECT_NO_THROW(verified(request));
  std::filesystem::remove(out_);
  request.again = false;
  set(object, DCM_VerificationFlag, "UNVERIFIED");
  set(object, DCM_SOPClassUID, UID_KeyObjectSelectionDocumentStorage);
  set(object, DCM_Modality, "KO");
  refused(ErrorCode::bad_input, "Key Object Selection", request);
  set(object, DCM_SOPClassUID, UID_SegmentationStorage);
  set(object, DCM_Modality, "SEG");
  refused(ErrorCode::bad_input, "no structured report", request);
}

TEST_F(Verification, NeverWritesOverAFile) {
  VerificationRequest request;
  request.observer = kOsler;
  write_text(out_, "mine");
  expect_error(ErrorCode::output, "exists", [&] { verified(request); });
  EXPECT_EQ(read_text(out_), "mine");
}

TEST_F(Verification, AgainAddsAnObserver) {
  VerificationRequest request;
  request.observer = kOsler;
  verified(request);
  request.observer = "Doe^Jane";
  request.again = true;
  const auto second = folder_.path() / "second.dcm";
  verify_report(out_, request, second);
  const Result after = reading::read_result(second);
  ASSERT_EQ(after.document->verifying_observers.size(), 2U);
  EXPECT_EQ(after.document->verifying_observers[1].name, "Doe^Jane");
}

TEST_F(Verification, NamesAreWrittenInTheReportsCharacterSet) {
  VerificationRequest request;
  request.observer = "Müller^Jörg";
  verified(request);  // all ASCII, nothing declared: becomes UTF-8
  EXPECT_EQ(reading::read_result(out_).object.character_set, "ISO_IR 192");
  EXPECT_EQ(reading::read_result(out_).document->verifying_observers.at(0).name, "Müller^Jörg");
  std::filesystem::remove(out_);
  DcmItem& object = *format_.getDataset();
  set(object, DCM_SpecificCharacterSet, "ISO_IR 100");
  set(object, DCM_StudyDescription,
      "Sch\xE4"
      "del");
  verified(request);
  EXPECT_EQ(reading::read_result(out_).object.character_set, "ISO_IR 100");
  EXPECT_EQ(reading::read_result(out_).document->verifying_observers.at(0).name, "Müller^Jörg");
  std::filesystem::remove(out_);
  request.observer = "山田^太郎";
  refused(ErrorCode::usage, "character set", request);
}

TEST_F(Verification, StatesOfAFileAreRead) {
  const auto file = folder_.path() / "states.json";
  write_text(file, R"({"findings": [
    {"finding": "first", "state": "accepted"},
    {"finding": "1.9.2", "state": "rejected", "reason": "a vessel"},
    {"finding": "third", "state": "corrected", "measurement": "Diameter", "value": 31.5,
     "unit": "mm"}]})");
  VerificationRequest request;
  request.observer = kOsler;
  read_finding_states(file, request);
  const VerificationOutcome outcome = verified(request);
  EXPECT_EQ(outcome.accepted, 1U);
  EXPECT_EQ(outcome.corrected, (std::vector<std::string>{"third, Diameter: 30 -> 31.5 mm"}));
  for (const char* bad : {"", "[]", "{\"findings\": [3]}", "{\"findings\": [{\"state\": \"x\"}]}",
                          "{\"findings\": [{\"finding\": \"a\", \"state\": \"maybe\"}]}"}) {
    write_text(file, bad);
    expect_error(ErrorCode::bad_input, "finding states", [&] {
      VerificationRequest r;
      read_finding_states(file, r);
    });
  }
}

TEST_F(Verification, WorksInEveryTransferSyntax) {
  VerificationRequest request;
  request.observer = kOsler;
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianImplicit, EXS_BigEndianExplicit, EXS_DeflatedLittleEndianExplicit}) {
    verify_report(written(syntax), request, out_);
    EXPECT_EQ(reading::read_result(out_).report->groups.at(1).measurements.at(0).value, 20);
    std::filesystem::remove(out_);
  }
}

}  // namespace
}  // namespace osler::verification
