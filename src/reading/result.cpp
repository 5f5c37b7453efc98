#include "reading/result.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <iterator>
#include <utility>

#include "reading/attributes.hpp"

namespace osler::reading {
namespace {

/// As the meta header names it: DCMTK takes one that it does not know for another.
std::string transfer_syntax_of(DcmFileFormat& format) {
  const std::string named = bytes_of(*format.getMetaInfo(), DCM_TransferSyntaxUID);
  return named.empty() ? DcmXfer(format.getDataset()->getOriginalXfer()).getXferID() : named;
}

}  // namespace

Result read_result(const std::filesystem::path& file, const dicom::Limits& limits) {
  const auto format = load_object(file, limits);
  DcmDataset& object = *format->getDataset();
  Result result;
  result.object = summarise_object(object, result.problems);
  switch (result.object.kind) {
    case ObjectKind::structured_report:
    case ObjectKind::key_objects:
      result.document = read_document_state(object, result.problems);
      result.content = read_content(object);
      std::move(result.content->problems.begin(), result.content->problems.end(),
                std::back_inserter(result.problems));
      result.content->problems.clear();
      if (result.object.kind == ObjectKind::key_objects) {
        result.key_objects = read_key_objects(*result.content);
      } else {
        result.report = read_measurement_report(*result.content);
        if (result.report->is_cut_off) {
          result.problems.push_back(
              {"report",
               "refers to more than is repeated in its findings: the content has it all"});
        }
      }
      break;
    case ObjectKind::segmentation:
      result.segmentation =
          summarise_segmentation(object, transfer_syntax_of(*format), limits, result.problems);
      break;
    case ObjectKind::other:
      result.details = details_of(object, result.problems);
      break;
  }
  return result;
}

}  // namespace osler::reading
