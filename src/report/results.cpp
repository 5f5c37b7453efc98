#include "report/results.hpp"

#include "core/error.hpp"
#include "report/findings_json.hpp"
#include "report/html.hpp"
#include "report/identity.hpp"
#include "report/label_file.hpp"
#include "report/pictures.hpp"
#include "report/secondary_capture.hpp"
#include "report/segmentation.hpp"
#include "report/segmentation_reader.hpp"
#include "report/structured_report.hpp"

namespace osler::report {
namespace {

constexpr char kLabelsFile[] = "labels.nii.gz";

/// The DICOM objects of a result. @return their names
std::vector<std::string> write_objects(const Findings& findings, const LabelMap* labels,
                                       const Volume& volume, const std::filesystem::path& folder,
                                       const std::vector<Picture>& pictures) {
  std::vector<std::string> files;
  SegReference segmentation;
  if (findings.status == Status::complete) {
    segmentation = write_segmentation(findings, *labels, volume, folder / "seg.dcm");
    verify_against_segmentation(findings, folder / "seg.dcm");
    files.push_back("seg.dcm");
  }
  if (findings.status != Status::refused) {
    write_structured_report(findings, volume, segmentation, folder / "sr.dcm");
    files.push_back("sr.dcm");
  }
  for (const Picture& picture : pictures) {
    const std::string name = "sc-" + picture.name + ".dcm";
    write_secondary_capture(findings, picture, {*segmentation}, folder / name);
    files.push_back(name);
  }
  return files;
}

/// What every result has, and the last of it: report.html and findings.json.
void write_pages(const Findings& findings, const std::vector<Picture>& pictures,
                 std::vector<std::string>& files, StagedFolder& folder) {
  folder.write("report.html", to_html(findings, read_identity(findings), pictures));
  files.insert(files.end(), {"report.html", "findings.json"});
  // Text out of a package or a path may not be UTF-8: such bytes are replaced, never thrown at.
  folder.write("findings.json",
               to_json(findings, files).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

std::vector<std::string> write_results(Findings& findings, const LabelMap* labels,
                                       const Volume& volume, StagedFolder& folder, bool nifti) {
  if (findings.status == Status::complete && labels == nullptr) {
    throw Error(ErrorCode::bad_argument, "complete findings without a label map");
  }
  std::vector<Picture> pictures;
  std::vector<std::string> files;
  {
    const StageTimer timer(findings.timings, "write");
    const bool complete = findings.status == Status::complete;
    const bool is_file = !findings.source.file.empty();
    if (complete) pictures = draw_pictures(findings, *labels, volume);
    if (!is_file) files = write_objects(findings, labels, volume, folder.path(), pictures);
    const bool wanted = complete && (nifti || is_file);
    if (wanted && !labels->grid.is_regular()) {
      findings.source.warnings.push_back(
          {"no_label_file",
           "labels.nii.gz was not written: NIfTI cannot say that slices are unevenly spaced",
           false});
    } else if (wanted) {
      write_label_file(findings, *labels, volume, folder.path() / kLabelsFile);
      files.emplace_back(kLabelsFile);
    }
  }
  write_pages(findings, pictures, files, folder);
  return files;
}

std::vector<std::string> write_evaluations(Findings& findings, const Volume& volume,
                                           const std::vector<Picture>& pictures,
                                           StagedFolder& folder) {
  std::vector<std::string> files;
  if (findings.source.file.empty() && findings.status != Status::refused) {
    const StageTimer timer(findings.timings, "write");
    write_structured_report(findings, volume, std::nullopt, folder.path() / "sr.dcm");
    files.emplace_back("sr.dcm");
  }
  write_pages(findings, pictures, files, folder);
  return files;
}

}  // namespace osler::report
