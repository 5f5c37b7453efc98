#pragma once
// Coded concepts of the structured report (PS3.16), named as the standard names them.

#include "core/code.hpp"
#include "findings/identifiers.hpp"

namespace osler::codes {

inline const Code kImagingMeasurementReport{"126000", "DCM", "Imaging Measurement Report"};
inline const Code kLanguage{"121049", "DCM", "Language of Content Item and Descendants"};
inline const Code kEnglish{"en", "RFC5646", "English"};
inline const Code kCountry{"121046", "DCM", "Country of Language"};
inline const Code kUnitedStates{"US", "ISO3166_1", "United States"};
inline const Code kObserverType{"121005", "DCM", "Observer Type"};
inline const Code kDevice{"121007", "DCM", "Device"};
inline const Code kPerson{"121006", "DCM", "Person"};
inline const Code kPersonName{"121008", "DCM", "Person Observer Name"};
inline const Code kPersonOrganisation{"121009", "DCM", "Person Observer's Organization Name"};
inline const Code kDeviceUid{"121012", "DCM", "Device Observer UID"};
inline const Code kDeviceName{"121013", "DCM", "Device Observer Name"};
inline const Code kDeviceManufacturer{"121014", "DCM", "Device Observer Manufacturer"};
inline const Code kDeviceModel{"121015", "DCM", "Device Observer Model Name"};
inline const Code kDeviceSerial{"121016", "DCM", "Device Observer Serial Number"};
inline const Code kProcedureReported{"121058", "DCM", "Procedure reported"};

inline const Code kImageLibrary{"111028", "DCM", "Image Library"};
inline const Code kImageLibraryGroup{"126200", "DCM", "Image Library Group"};
inline const Code kModality{"121139", "DCM", "Modality"};
inline const Code kStudyDate{"111060", "DCM", "Study Date"};
inline const Code kFrameOfReference{"112227", "DCM", "Frame of Reference UID"};
inline const Code kRows{"110910", "DCM", "Pixel Data Rows"};
inline const Code kColumns{"110911", "DCM", "Pixel Data Columns"};
inline const Code kHorizontalSpacing{"111026", "DCM", "Horizontal Pixel Spacing"};
inline const Code kVerticalSpacing{"111066", "DCM", "Vertical Pixel Spacing"};
inline const Code kSliceSpacing{"112226", "DCM", "Spacing between slices"};
inline const Code kSliceThickness{"112225", "DCM", "Slice Thickness"};
inline const Code kTargetRegion{"123014", "DCM", "Target Region"};
inline const Code kOrientation[] = {{"110904", "DCM", "Image Orientation (Patient) Row X"},
                                    {"110905", "DCM", "Image Orientation (Patient) Row Y"},
                                    {"110906", "DCM", "Image Orientation (Patient) Row Z"},
                                    {"110907", "DCM", "Image Orientation (Patient) Column X"},
                                    {"110908", "DCM", "Image Orientation (Patient) Column Y"},
                                    {"110909", "DCM", "Image Orientation (Patient) Column Z"}};
inline const Code kNoRange{"{-1:1}", "UCUM", "{-1:1}"};
inline const Code kCtAcquisitionType{"113820", "DCM", "CT Acquisition Type"};
inline const Code kReconstructionAlgorithm{"113961", "DCM", "Reconstruction Algorithm"};
inline const Code kPulseSequence{"128230", "DCM", "Pulse Sequence Name"};
inline const Code kRadionuclide{"89457008", "SCT", "Radionuclide"};

inline const Code kImagingMeasurements{"126010", "DCM", "Imaging Measurements"};
inline const Code kMeasurementGroup{"125007", "DCM", "Measurement Group"};
inline const Code kTrackingIdentifier{"112039", "DCM", "Tracking Identifier"};
inline const Code kTrackingUid{"112040", "DCM", "Tracking Unique Identifier"};
inline const Code kFindingCategory{"276214006", "SCT", "Finding category"};
inline const Code kFinding{"121071", "DCM", "Finding"};
inline const Code kFindingSite{"363698007", "SCT", "Finding Site"};
inline const Code kLaterality{"272741003", "SCT", "Laterality"};
inline const Code kTopographicalModifier{"106233006", "SCT", "Topographical modifier"};
inline const Code kReferencedSegment{"121191", "DCM", "Referenced Segment"};
inline const Code kSourceSeries{"121232", "DCM", "Source series for segmentation"};
inline const Code kReferencedSegmentationFrame{"121214", "DCM", "Referenced Segmentation Frame"};
inline const Code kSourceImageForSegmentation{"121233", "DCM", "Source image for segmentation"};
inline const Code kVolume{"118565006", "SCT", "Volume"};
inline const Code kArea{"42798000", "SCT", "Area"};
inline const Code kAttenuation{"112031", "DCM", "Attenuation Coefficient"};
inline const Code kDerivation{"121401", "DCM", "Derivation"};  // CID 7464
inline const Code kMean{"373098007", "SCT", "Mean"};
inline const Code kSd{"386136009", "SCT", "Standard Deviation"};
inline const Code kMinimum{"255605001", "SCT", "Minimum"};
inline const Code kMaximum{"56851009", "SCT", "Maximum"};

// TID 310 to 312
inline const Code kNormality{"121402", "DCM", "Normality"};  // CID 222
inline const Code kNormal{"17621005", "SCT", "Normal"};
inline const Code kAbnormallyHigh{"371879000", "SCT", "Abnormally High"};
inline const Code kAbnormallyLow{"371880002", "SCT", "Abnormally Low"};
inline const Code kPopulationMean{"373098007", "SCT", "Mean Value of population"};
inline const Code kPopulationSd{"121414", "DCM", "Standard deviation of population"};
inline const Code kPercentile{"121415", "DCM", "Percentile Ranking of measurement"};
inline const Code kZScore{"121416", "DCM", "Z-Score of measurement"};
inline const Code kPopulation{"121405", "DCM", "Population description"};
inline const Code kReferenceAuthority{"121406", "DCM", "Reference Authority"};
inline const Code kNormalLow{"385524004", "SCT", "Normal Range Lower Limit"};
inline const Code kNormalHigh{"371933006", "SCT", "Normal Range Upper Limit"};
inline const Code kNormalRange{"121407", "DCM", "Normal Range description"};
inline const Code kNormalRangeAuthority{"121408", "DCM", "Normal Range Authority"};
inline const Code kCenterOfMass{"128138", "DCM", "Center of Mass"};  // CID 219
inline const Code kMethod{"370129005", "SCT", "Measurement Method"};
inline const Code kSumOfVoxels{"126030", "DCM", "Sum of segmented voxel volumes"};
inline const Code kAlgorithmName{"111001", "DCM", "Algorithm Name"};
inline const Code kAlgorithmVersion{"111003", "DCM", "Algorithm Version"};
inline const Code kAlgorithmManufacturer{"122405", "DCM", "Algorithm Manufacturer"};
inline const Code kAlgorithmParameters{"111002", "DCM", "Algorithm Parameters"};
inline const Code kAlgorithmFamily{"111000", "DCM", "Algorithm Family"};
inline const Code kArtificialIntelligence{"123110", "DCM", "Artificial Intelligence"};
inline const Code kQualitativeEvaluations{"C0034375", "UMLS", "Qualitative Evaluations"};

inline const Code kSourceOfMeasurement{"121112", "DCM", "Source of Measurement"};
inline const Code kIllustration{"121200", "DCM", "Illustration of ROI"};
inline const Code kVisualExplanation{"130401", "DCM", "Visual explanation"};
inline const Code kProbability{"122157", "DCM", "Probability"};
inline const Code kPresence{"121052", "DCM", "Presence of property"};
inline const Code kPresent{"52101004", "SCT", "Present"};  // CID 241
inline const Code kAbsent{"2667000", "SCT", "Absent"};
inline const Code kSelectionStatus{"121404", "DCM", "Selection Status"};
inline const Code kUserChosen{"121410", "DCM", "User chosen value"};  // CID 224
inline const Code kBoth{"51440002", "SCT", "Bilateral"};
inline const Code kAnatomicalStructure{"91723000", "SCT", "Anatomical structure"};

inline const Code kCubicMillimetre{"mm3", "UCUM", "cubic millimeter"};
inline const Code kMillimetre{"mm", "UCUM", "millimeter"};
inline const Code kSquareMillimetre{"mm2", "UCUM", "square millimeter"};
inline const Code kHounsfield{"[hnsf'U]", "UCUM", "Hounsfield unit"};
inline const Code kPercent{"%", "UCUM", "percent"};
inline const Code kNoUnits{"1", "UCUM", "no units"};
inline const Code kPixels{"{pixels}", "UCUM", "pixels"};

inline const Code kAsymmetryIndex{"ASYMMETRY", kOslerScheme,
                                  "Asymmetry index: (left - right) / mean of both"};
inline const Code kResult{"RESULT", kOslerScheme, "Other result of the same analysis"};
inline const Code kNoMeasurements{"NO_MEASUREMENTS", kOslerScheme,
                                  "Reason why there are no measurements"};
inline const Code kGateFailed{"GATE_FAILED", kOslerScheme, "Quality check that failed"};
inline const Code kGateWarned{"GATE_WARNED", kOslerScheme, "Quality check that warns"};
inline const Code kSourceWarning{"SOURCE_WARNING", kOslerScheme, "Warning on the source images"};
inline const Code kNotUsed{"NOT_USED", kOslerScheme, "Information that was not used"};
inline const Code kLimitation{"LIMITATION", kOslerScheme, "Limitation"};
inline const Code kRejectedFinding{"REJECTED_FINDING", kOslerScheme,
                                   "Finding rejected by the verifying observer"};
inline const Code kPreviousValue{"PREVIOUS_VALUE", kOslerScheme, "Value before correction"};
inline const Code kNotRecomputed{"NOT_RECOMPUTED", kOslerScheme,
                                 "Not recomputed after a rejection or correction"};
inline const Code kIntendedUse{"INTENDED_USE", kOslerScheme, "Intended use"};

}  // namespace osler::codes
