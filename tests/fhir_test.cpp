#include "fhir/fhir.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "core/uid.hpp"
#include "findings_phantom.hpp"
#include "objects/identity.hpp"

namespace osler::fhir {
namespace {

using phantom::Phantom;

FhirReferences references() {
  FhirReferences r;
  r.segmentation = ObjectIds{"1.2.840.10008.5.1.4.1.1.66.4", "2.25.11", "2.25.12"};
  r.structured_report = ObjectIds{"1.2.840.10008.5.1.4.1.1.88.34", "2.25.21", "2.25.22"};
  r.issued = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));  // 2023-11-14T22:13:20Z
  return r;
}

std::vector<Json> resources(const Json& bundle, const std::string& type) {
  std::vector<Json> found;
  for (const Json& entry : bundle["entry"]) {
    if (entry["resource"]["resourceType"] == type) found.push_back(entry["resource"]);
  }
  return found;
}

/// All references below a value.
void collect(const Json& json, std::set<std::string>& out) {
  if (json.is_object() && json.contains("reference")) out.insert(json["reference"]);
  for (const Json& child : json) {
    if (child.is_structured()) collect(child, out);
  }
}

TEST(Fhir, EveryReferenceResolvesInTheBundle) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  const Json bundle = to_fhir(p.findings, objects::read_identity(p.findings), references());
  std::set<std::string> urls, referenced;
  for (const Json& entry : bundle["entry"]) {
    EXPECT_TRUE(urls.insert(entry["fullUrl"]).second) << entry["fullUrl"];
    EXPECT_EQ(entry["fullUrl"], "urn:uuid:" + entry["resource"]["id"].get<std::string>());
    collect(entry["resource"], referenced);
  }
  for (const std::string& url : referenced) EXPECT_TRUE(urls.count(url)) << url;
  EXPECT_GE(referenced.size(), 10U);
}

TEST(Fhir, ReportSaysThatNobodyHasVerifiedIt) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  const Json bundle = to_fhir(p.findings, objects::read_identity(p.findings), references());
  const Json report = bundle["entry"][0]["resource"];
  EXPECT_EQ(report["resourceType"], "DiagnosticReport");
  EXPECT_EQ(report["status"], "preliminary");
  EXPECT_NE(report["conclusion"].get<std::string>().find("AI, unverified"), std::string::npos);
  EXPECT_EQ(report["issued"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(report["effectiveDateTime"], "2020-01-02");  // the header names no time zone
  EXPECT_EQ(report["identifier"][0]["value"], "urn:oid:2.25.21");
  EXPECT_FALSE(report.contains("presentedForm"));
  for (const Json& observation : resources(bundle, "Observation")) {
    EXPECT_EQ(observation["status"], "preliminary");
    EXPECT_EQ(observation["meta"]["security"][0]["code"], "AIAST");
  }
}

TEST(Fhir, VolumeHasUnitSiteSideAndMethod) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  const Json bundle = to_fhir(p.findings, objects::read_identity(p.findings), references());
  const Json left = resources(bundle, "Observation")[0];
  // 4 columns of the left box x 6 rows x 4 slices, voxels of 1 x 1.25 x 2.5 mm
  EXPECT_EQ(left["valueQuantity"]["value"], 4 * 6 * 4 * 3.125);
  EXPECT_EQ(left["valueQuantity"]["code"], "mm3");
  EXPECT_EQ(left["valueQuantity"]["system"], "http://unitsofmeasure.org");
  EXPECT_EQ(left["code"]["coding"][0]["code"], "118565006");
  EXPECT_EQ(left["bodySite"]["coding"][0]["code"], "5366008");
  EXPECT_EQ(left["bodySite"]["coding"][1]["code"], "5366008:272741003=7771000");
  EXPECT_EQ(left["method"]["coding"][0]["code"], "126030");
  EXPECT_FALSE(left.contains("referenceRange"));
  // The gate that warns goes with every number.
  EXPECT_NE(left["note"].dump().find("volume_left"), std::string::npos);
  const Json structure = resources(bundle, "BodyStructure")[2];
  EXPECT_EQ(structure["locationQualifier"][0]["coding"][0]["code"], "7771000");
  EXPECT_EQ(structure["locationQualifier"][1]["coding"][0]["code"], "255549009");
}

TEST(Fhir, SegmentsAreNamedByNumber) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  const Json bundle = to_fhir(p.findings, objects::read_identity(p.findings), references());
  const Json instance = resources(bundle, "Basic")[0]["extension"].back();
  EXPECT_EQ(instance["url"],
            "http://hl7.org/fhir/5.0/StructureDefinition/extension-ImagingSelection.instance");
  EXPECT_EQ(instance["extension"][0]["valueId"], "2.25.11");
  EXPECT_EQ(instance["extension"][2]["valueString"], "1");
  EXPECT_EQ(instance["extension"][3]["valueString"], "2");
}

TEST(Fhir, SameRunGivesTheSameBundleButForItsDate) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  const Identity identity = objects::read_identity(p.findings);
  FhirReferences later = references();
  const std::string first = to_fhir(p.findings, identity, references()).dump();
  EXPECT_EQ(first, to_fhir(p.findings, identity, later).dump());
  later.issued += std::chrono::seconds(1);
  const std::string second = to_fhir(p.findings, identity, later).dump();
  EXPECT_NE(first, second);
  EXPECT_EQ(std::count(first.begin(), first.end(), '{'),
            std::count(second.begin(), second.end(), '{'));
  Findings other = p.findings;
  other.model.digest = std::string(64, 'd');
  EXPECT_NE(to_fhir(other, identity, references())["id"], Json::parse(first)["id"]);
}

TEST(Fhir, NamesOfThreeGroupsOfAnEscapedCharacterSet) {
  phantom::TemporaryFolder folder;
  phantom::Header header;
  header.character_set = "\\ISO 2022 IR 87";
  // PS3.5 H.3.1, example 1.
  header.patient_name =
      "Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B";
  const Phantom p = phantom::small_boxes(folder.path / "source", header);
  const Json bundle = to_fhir(p.findings, objects::read_identity(p.findings), references());
  const Json names = resources(bundle, "Patient")[0]["name"];
  ASSERT_EQ(names.size(), 3U);
  EXPECT_EQ(names[0]["family"], "Yamada");
  EXPECT_EQ(names[0]["given"], Json({"Tarou"}));
  EXPECT_EQ(names[0]["extension"][0]["valueCode"], "ABC");
  EXPECT_EQ(names[1]["family"], "\u5C71\u7530");
  EXPECT_EQ(names[1]["given"], Json({"\u592A\u90CE"}));
  EXPECT_EQ(names[2]["family"], "\u3084\u307E\u3060");
  EXPECT_EQ(names[2]["extension"][0]["valueCode"], "SYL");
}

TEST(Fhir, PatientIsAsTheHeaderHasIt) {
  phantom::TemporaryFolder folder;
  phantom::Header header;
  header.patient_name = "Adams^John Robert^Quincy^Rev.^B.A. M.Div.";  // PS3.5 6.2.1.1
  header.timezone = "+0130";
  const Phantom p = phantom::small_boxes(folder.path / "source", header);
  const Json bundle = to_fhir(p.findings, objects::read_identity(p.findings), references());
  const Json patient = resources(bundle, "Patient")[0];
  EXPECT_EQ(patient["name"][0]["given"], Json({"John Robert", "Quincy"}));
  EXPECT_EQ(patient["name"][0]["prefix"], Json({"Rev."}));
  EXPECT_EQ(patient["name"][0]["suffix"], Json({"B.A. M.Div."}));
  EXPECT_EQ(patient["identifier"][0]["value"], "P-0042");
  EXPECT_EQ(patient["gender"], "female");
  EXPECT_EQ(patient["birthDate"], "1966-01-01");
  EXPECT_EQ(resources(bundle, "ImagingStudy")[0]["started"], "2020-01-02T03:04:05+01:30");
}

TEST(Fhir, HostileTextIsData) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  Findings findings = p.findings;
  findings.model.title = "A\x01 \"quoted\"\n<script>alert(1)</script>\xFF";
  Identity identity;
  identity.patient_name = "<script>\x1B[2J^\xC3\x28\x00x";
  identity.patient_id = std::string(200, 'x') + "\x02";
  identity.birth_date = "2020-02-30";
  identity.sex = "M\\F";
  identity.study_date = "not a date";
  identity.study_time = "99";
  identity.timezone = "+9999";
  const std::string text = to_fhir(findings, identity, references()).dump();  // throws if not UTF-8
  const Json bundle = Json::parse(text);
  const Json patient = resources(bundle, "Patient")[0];
  EXPECT_EQ(patient["name"][0]["family"], "<script>[2J");
  EXPECT_EQ(patient["identifier"][0]["value"], std::string(200, 'x'));
  EXPECT_EQ(patient["gender"], "unknown");
  EXPECT_FALSE(patient.contains("birthDate"));
  EXPECT_FALSE(bundle["entry"][0]["resource"].contains("effectiveDateTime"));
  for (const char* control : {"\\u00", "\\n", "\\t"}) {
    EXPECT_EQ(text.find(control), std::string::npos) << control;
  }
  EXPECT_NE(text.find("\\\"quoted\\\" <script>alert(1)</script>\uFFFD"), std::string::npos);
  EXPECT_EQ(text.find("\"div\""), std::string::npos);
}

TEST(Fhir, PartialReportSaysWhyThereIsNoValue) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  Findings findings = p.findings;
  findings.status = Status::partial;
  findings.findings.clear();
  findings.asymmetries.clear();
  findings.refusals = {"The head is cut."};
  FhirReferences none = references();
  none.segmentation.reset();
  const Json bundle = to_fhir(findings, objects::read_identity(findings), none);
  const Json observation = resources(bundle, "Observation")[0];
  EXPECT_EQ(observation["dataAbsentReason"]["coding"][0]["code"], "not-performed");
  EXPECT_FALSE(observation.contains("valueQuantity"));
  EXPECT_NE(observation["note"].dump().find("The head is cut."), std::string::npos);
  EXPECT_NE(
      bundle["entry"][0]["resource"]["conclusion"].get<std::string>().find("The head is cut."),
      std::string::npos);
}

TEST(Fhir, ClassThatIsAbsentIsNotItsOwnAnswer) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  Findings findings = p.findings;
  findings.findings.clear();
  findings.asymmetries.clear();
  findings.segments.clear();
  Evaluation pneumonia;
  pneumonia.label = "Pneumonia";
  pneumonia.question = {"121071", "DCM", "Finding"};
  pneumonia.value = {"233604007", "SCT", "Pneumonia"};
  pneumonia.probability = 0.25;
  pneumonia.threshold = 0.5;
  pneumonia.image = 3;
  findings.evaluations = {pneumonia};
  findings.evaluations.push_back(pneumonia);
  findings.evaluations[1].image.reset();
  findings.evaluations[1].probability = std::nan("");
  const Json bundle = to_fhir(findings, objects::read_identity(findings), references());
  const Json observation = resources(bundle, "Observation")[0];
  EXPECT_EQ(observation["code"]["coding"][0]["code"], "233604007");
  EXPECT_EQ(observation["valueCodeableConcept"]["coding"][0]["code"], "2667000");  // absent
  EXPECT_EQ(observation["component"][0]["valueQuantity"]["value"], 0.25);
  const Json instance = resources(bundle, "Basic")[0]["extension"].back();
  EXPECT_EQ(instance["extension"][0]["valueId"], phantom::uid_of(1003));
  const Json second = resources(bundle, "Observation")[1];
  EXPECT_EQ(second["component"][0]["dataAbsentReason"]["coding"][0]["code"], "not-a-number");
}

TEST(Fhir, FileThatIsNotDicomHasNoStudy) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  Findings findings = p.findings;
  findings.source.study_uid.clear();
  findings.source.series_uid.clear();
  findings.source.instances.clear();
  findings.source.file = "brain.nii.gz";
  FhirReferences none;
  const Json bundle = to_fhir(findings, objects::read_identity(findings), none);
  EXPECT_TRUE(resources(bundle, "ImagingStudy").empty());
  EXPECT_EQ(resources(bundle, "Patient").size(), 1U);
  EXPECT_FALSE(resources(bundle, "Observation")[0].contains("derivedFrom"));
}

TEST(Fhir, DocumentIsWithinTheReport) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  FhirReferences with = references();
  with.presented_form = PresentedForm{"application/pdf", "Report", "%PDF"};
  const Json form = to_fhir(p.findings, {}, with)["entry"][0]["resource"]["presentedForm"][0];
  EXPECT_EQ(form["data"], "JVBERg==");  // RFC 4648
  EXPECT_EQ(form["size"], 4);
}

// RFC 9562: the UUID of a UID under 2.25 is its number in hexadecimal (PS3.5 B.2).
TEST(Fhir, UuidIsTheUidsNumber) {
  EXPECT_EQ(uuid_of("2.25.329800735698586629295641978511506172918"),
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
}

}  // namespace
}  // namespace osler::fhir
