#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <map>

#include "reading/attributes.hpp"
#include "reading/object.hpp"

namespace osler::reading {
namespace {

struct Attribute {
  const char* name;
  DcmTagKey tag;
};
const Attribute kAttributes[] = {{"structure_set_label", DCM_StructureSetLabel},
                                 {"structure_set_name", DCM_StructureSetName},
                                 {"structure_set_date", DCM_StructureSetDate},
                                 {"approval_status", DCM_ApprovalStatus},
                                 {"document_title", DCM_DocumentTitle},
                                 {"document_type", DCM_MIMETypeOfEncapsulatedDocument},
                                 {"verification", DCM_VerificationFlag},
                                 {"image_type", DCM_ImageType},
                                 {"conversion_type", DCM_ConversionType},
                                 {"burned_in_annotation", DCM_BurnedInAnnotation},
                                 {"photometric_interpretation", DCM_PhotometricInterpretation},
                                 {"derivation", DCM_DerivationDescription},
                                 {"presentation_creation_date", DCM_PresentationCreationDate},
                                 {"frame_of_reference_uid", DCM_FrameOfReferenceUID}};

struct Number {
  const char* name;
  DcmTagKey tag;
};
const Number kNumbers[] = {{"rows", DCM_Rows},
                           {"columns", DCM_Columns},
                           {"frames", DCM_NumberOfFrames},
                           {"bits_stored", DCM_BitsStored}};

void add(std::vector<Detail>& details, const char* name, std::vector<std::string> values) {
  if (!values.empty()) details.push_back({name, std::move(values)});
}

/// "1 GTV (GTV)" of every region of interest.
std::vector<std::string> regions_of(DcmItem& object, Texts& texts) {
  std::map<std::string, std::string> kinds;
  for (DcmItem* observed : items_of(object, DCM_RTROIObservationsSequence)) {
    kinds[bytes_of(*observed, DCM_ReferencedROINumber)] =
        text_of(*observed, DCM_RTROIInterpretedType, texts);
  }
  std::vector<std::string> regions;
  for (DcmItem* region : items_of(object, DCM_StructureSetROISequence)) {
    const std::string number = bytes_of(*region, DCM_ROINumber);
    const std::string& kind = kinds[number];
    regions.push_back(fmt::format("{} {}{}", number, text_of(*region, DCM_ROIName, texts),
                                  kind.empty() ? "" : " (" + kind + ")"));
  }
  return regions;
}

/// What the values of a Parametric Map are, and in which unit.
std::vector<std::string> quantities_of(DcmItem& object, Texts& texts) {
  std::vector<std::string> quantities;
  for (DcmItem* groups : items_of(object, DCM_SharedFunctionalGroupsSequence)) {
    for (DcmItem* map : items_of(*groups, DCM_RealWorldValueMappingSequence)) {
      std::string text = text_of(*map, DCM_LUTExplanation, texts);
      for (DcmItem* defined : items_of(*map, DCM_QuantityDefinitionSequence)) {
        const auto code = code_of(*defined, DCM_ConceptCodeSequence, texts);
        if (code) text = code->meaning;
      }
      const auto unit = code_of(*map, DCM_MeasurementUnitsCodeSequence, texts);
      quantities.push_back(text + (unit ? " (" + unit->value + ")" : ""));
    }
  }
  return quantities;
}

std::vector<std::string> graphics_of(DcmItem& object, Texts& texts) {
  std::vector<std::string> annotations;
  for (DcmItem* annotation : items_of(object, DCM_GraphicAnnotationSequence)) {
    for (DcmItem* text : items_of(*annotation, DCM_TextObjectSequence)) {
      annotations.push_back(text_of(*text, DCM_UnformattedTextValue, texts));
    }
  }
  return annotations;
}

std::vector<std::string> referenced_series_of(DcmItem& object) {
  std::vector<std::string> series;
  for (DcmItem* item : items_of(object, DCM_ReferencedSeriesSequence)) {
    series.push_back(bytes_of(*item, DCM_SeriesInstanceUID));
  }
  return series;
}

}  // namespace

std::vector<Detail> details_of(DcmItem& object, std::vector<Problem>& problems) {
  const dicom::CharacterSet set(bytes_of(object, DCM_SpecificCharacterSet));
  Texts texts{set, {}};
  std::vector<Detail> details;
  for (const Attribute& attribute : kAttributes) {
    add(details, attribute.name, values_of(text_of(object, attribute.tag, texts)));
  }
  for (const Number& number : kNumbers) {
    const auto value = integer_of(object, number.tag);
    if (value) add(details, number.name, {std::to_string(*value)});
  }
  add(details, "quantities", quantities_of(object, texts));
  add(details, "regions", regions_of(object, texts));
  add(details, "annotations", graphics_of(object, texts));
  add(details, "referenced_series", referenced_series_of(object));
  if (texts.notes.any()) problems.push_back({"details", words_of(texts.notes)});
  return details;
}

}  // namespace osler::reading
