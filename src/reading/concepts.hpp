#pragma once
// Concepts of PS3.16 that reports are read by, with the codes that older files use for them.

#include <array>
#include <string_view>

#include "core/code.hpp"

namespace osler::reading::concepts {

struct Spelling {
  std::string_view value;
  std::string_view scheme;
};

/// One concept in its codes, the present one first. The three older designators of SNOMED are one:
/// SRT.
struct Concept {
  std::array<Spelling, 2> spellings;

  bool is(const Code& code) const {
    const bool is_old_snomed = code.scheme == "SNM3" || code.scheme == "99SDM";
    const std::string_view scheme = is_old_snomed ? std::string_view("SRT") : code.scheme;
    for (const Spelling& s : spellings) {
      if (!s.value.empty() && s.value == code.value && s.scheme == scheme) return true;
    }
    return false;
  }
};

inline constexpr Concept kLanguage{{{{"121049", "DCM"}}}};
inline constexpr Concept kObserverType{{{{"121005", "DCM"}}}};
inline constexpr Concept kPerson{{{{"121006", "DCM"}}}};
inline constexpr Concept kPersonName{{{{"121008", "DCM"}}}};
inline constexpr Concept kPersonOrganisation{{{{"121009", "DCM"}}}};
inline constexpr Concept kPersonRole{{{{"121010", "DCM"}}}};
inline constexpr Concept kPersonRoleInProcedure{{{{"121011", "DCM"}}}};
inline constexpr Concept kDeviceUid{{{{"121012", "DCM"}}}};
inline constexpr Concept kDeviceName{{{{"121013", "DCM"}}}};
inline constexpr Concept kDeviceManufacturer{{{{"121014", "DCM"}}}};
inline constexpr Concept kDeviceModel{{{{"121015", "DCM"}}}};
inline constexpr Concept kDeviceSerial{{{{"121016", "DCM"}}}};
inline constexpr Concept kDeviceLocation{{{{"121017", "DCM"}}}};
inline constexpr Concept kSubjectName{{{{"121029", "DCM"}}}};
inline constexpr Concept kSubjectId{{{{"121030", "DCM"}}}};
inline constexpr Concept kSubjectBirthDate{{{{"121031", "DCM"}}}};
inline constexpr Concept kMotherOfFetus{{{{"121036", "DCM"}}}};
inline constexpr Concept kProcedure{{{{"121058", "DCM"}}}};
inline constexpr Concept kImageLibrary{{{{"111028", "DCM"}}}};
inline constexpr Concept kImagingMeasurements{{{{"126010", "DCM"}}}};
inline constexpr Concept kMeasurementGroup{{{{"125007", "DCM"}}}};
inline constexpr Concept kTrackingIdentifier{{{{"112039", "DCM"}}}};
inline constexpr Concept kTrackingUid{{{{"112040", "DCM"}}}};
inline constexpr Concept kSession{{{{"C67447", "NCIt"}}}};
inline constexpr Concept kTimePoint{{{{"C2348792", "UMLS"}}}};
inline constexpr Concept kFindingCategory{{{{"276214006", "SCT"}, {"R-427CE", "SRT"}}}};
inline constexpr Concept kFinding{{{{"121071", "DCM"}}}};
inline constexpr Concept kFindingSite{{{{"363698007", "SCT"}, {"G-C0E3", "SRT"}}}};
inline constexpr Concept kLaterality{{{{"272741003", "SCT"}, {"G-C171", "SRT"}}}};
inline constexpr Concept kTopographicalModifier{{{{"106233006", "SCT"}, {"G-A1F8", "SRT"}}}};
inline constexpr Concept kMethod{{{{"370129005", "SCT"}, {"G-C036", "SRT"}}}};
inline constexpr Concept kDerivation{{{{"121401", "DCM"}}}};
inline constexpr Concept kAlgorithmName{{{{"111001", "DCM"}}}};
inline constexpr Concept kAlgorithmVersion{{{{"111003", "DCM"}}}};
inline constexpr Concept kAlgorithmManufacturer{{{{"122405", "DCM"}}}};
inline constexpr Concept kAlgorithmParameters{{{{"111002", "DCM"}}}};
inline constexpr Concept kAlgorithmFamily{{{{"111000", "DCM"}}}};
inline constexpr Concept kQualitativeEvaluations{{{{"C0034375", "UMLS"}}}};
inline constexpr Concept kImageRegion{{{{"111030", "DCM"}}}};
inline constexpr Concept kSourceOfMeasurement{{{{"121112", "DCM"}}}};
inline constexpr Concept kReferencedSegment{{{{"121191", "DCM"}}}};
inline constexpr Concept kReferencedFrame{{{{"121214", "DCM"}}}};
inline constexpr Concept kVolumeSurface{{{{"121231", "DCM"}}}};
inline constexpr Concept kSourceSeries{{{{"121232", "DCM"}}}};
inline constexpr Concept kSourceImage{{{{"121233", "DCM"}}}};
inline constexpr Concept kRegionInSpace{{{{"130488", "DCM"}}}};
inline constexpr Concept kValueMap{{{{"126100", "DCM"}}}};
inline constexpr Concept kTitleModifier{{{{"113011", "DCM"}}}};
inline constexpr Concept kKeyObjectDescription{{{{"113012", "DCM"}}}};

}  // namespace osler::reading::concepts
