#include "objects/encapsulated_pdf.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <limits>

#include "core/error.hpp"
#include "findings/report_codes.hpp"
#include "objects/elements.hpp"

namespace osler::objects {
namespace {

/// The document, padded to an even length; its own length stands beside it.
void put_document(DcmItem& item, std::string_view pdf) {
  if (!pdf.starts_with("%PDF-") || pdf.size() >= std::numeric_limits<Uint32>::max() - 1) {
    throw Error(ErrorCode::bad_argument, "an encapsulated document that is no PDF");
  }
  std::string bytes(pdf);
  if (bytes.size() % 2 != 0) bytes += '\0';
  const bool put_all =
      item.putAndInsertUint8Array(DCM_EncapsulatedDocument,
                                  reinterpret_cast<const Uint8*>(bytes.data()), bytes.size())
          .good() &&
      item.putAndInsertUint32(DCM_EncapsulatedDocumentLength, static_cast<Uint32>(pdf.size()))
          .good();
  if (!put_all) throw Error(ErrorCode::internal, "an encapsulated document cannot be set");
}

}  // namespace

ObjectIds write_encapsulated_pdf(const Findings& findings, std::string_view pdf,
                                 const std::vector<ObjectIds>& shown,
                                 const std::filesystem::path& file) {
  const auto header = read_source_header(findings);
  DcmItem& source = *header->getDataset();
  DcmFileFormat object;
  DcmItem& item = *object.getDataset();
  const ObjectKind kind{.sop_class_uid = kEncapsulatedPdfStorage,
                        .modality = "DOC",
                        .role = role_naming("pdf", shown),
                        .series_role = "pdf",
                        .series_description = "AI, unverified: report",
                        .series_offset = 4};
  ObjectIds ids = put_common_modules(item, source, findings, kind);
  put_content_time(item);
  put(item, DCM_ConversionType, "WSD");
  put_empty(item, DCM_AcquisitionDateTime);
  put(item, DCM_BurnedInAnnotation, "YES");
  put(item, DCM_RecognizableVisualFeatures, "NO");
  put_text(item, DCM_DocumentTitle, "AI, unverified: " + findings.model.title, 1024);
  add_code(item, DCM_ConceptNameCodeSequence, codes::kImagingMeasurementReport);
  put(item, DCM_VerificationFlag, "UNVERIFIED");
  put(item, DCM_MIMETypeOfEncapsulatedDocument, "application/pdf");
  for (const SliceSource& slice : distinct_instances(findings)) {
    add_reference(item, DCM_SourceInstanceSequence, slice.sop_class_uid, slice.sop_instance_uid);
  }
  for (const ObjectIds& other : shown) {
    add_reference(item, DCM_SourceInstanceSequence, other.sop_class_uid, other.sop_instance_uid);
  }
  put_document(item, pdf);
  save(object, file);
  return ids;
}

}  // namespace osler::objects
