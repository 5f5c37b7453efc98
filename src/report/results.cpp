#include "report/results.hpp"

#include "core/error.hpp"
#include "report/findings_json.hpp"
#include "report/html.hpp"
#include "report/identity.hpp"
#include "report/pictures.hpp"
#include "report/secondary_capture.hpp"
#include "report/segmentation.hpp"
#include "report/segmentation_reader.hpp"
#include "report/structured_report.hpp"

namespace osler::report {

std::vector<std::string> write_results(const Findings& findings, const LabelMap* labels,
                                       const Volume& volume, StagedFolder& folder) {
  const bool complete = findings.status == Status::complete;
  if (complete && labels == nullptr) {
    throw Error(ErrorCode::bad_argument, "complete findings without a label map");
  }
  std::vector<std::string> files;
  std::vector<Picture> pictures;
  SegReference segmentation;
  if (complete) {
    segmentation = write_segmentation(findings, *labels, volume, folder.path() / "seg.dcm");
    verify_against_segmentation(findings, folder.path() / "seg.dcm");
    files.push_back("seg.dcm");
    pictures = draw_pictures(findings, *labels, volume);
  }
  if (findings.status != Status::refused) {
    write_structured_report(findings, volume, segmentation, folder.path() / "sr.dcm");
    files.push_back("sr.dcm");
  }
  for (const Picture& picture : pictures) {
    const std::string name = "sc-" + picture.name + ".dcm";
    write_secondary_capture(findings, picture, {*segmentation}, folder.path() / name);
    files.push_back(name);
  }
  folder.write("report.html", to_html(findings, read_identity(findings), pictures));
  files.push_back("report.html");
  files.push_back("findings.json");
  // Text out of a package or a path may not be UTF-8: such bytes are replaced, never thrown at.
  folder.write("findings.json",
               to_json(findings, files).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return files;
}

}  // namespace osler::report
