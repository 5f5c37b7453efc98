#include "pipeline/delivery_folders.hpp"

namespace osler {

const std::vector<std::string>& result_files() {
  static const std::vector<std::string> names{"seg.dcm",
                                              "sr.dcm",
                                              "sc-axial.dcm",
                                              "sc-coronal.dcm",
                                              "sc-sagittal.dcm",
                                              "ko.dcm",
                                              "pr.dcm",
                                              "pm-uncertainty.dcm",
                                              "rtstruct.dcm",
                                              "seg-fractional.dcm",
                                              "report.pdf.dcm",
                                              "labels.nii.gz",
                                              "probabilities.nii.gz",
                                              "fhir.json",
                                              "report.html",
                                              "findings.json"};
  return names;
}

DeliveryFolders::DeliveryFolders(const std::filesystem::path& folder, const RunOptions& options) {
  report::ObjectSet usual;
  usual.labels = options.nifti;
  deliveries_.push_back({folders_.emplace_back(folder), usual});
  for (const report::Destination& destination : options.destinations) {
    names_.push_back(destination.name);
    deliveries_.push_back(
        {folders_.emplace_back(results().target() / destination.name), destination.objects});
  }
  for (StagedFolder& each : folders_) each.supersede(result_files());
}

void DeliveryFolders::write(const std::string& name, const std::string& content) {
  for (report::Delivery& delivery : deliveries_) {
    delivery.folder.write(name, content);
    delivery.files.push_back(name);
  }
}

std::vector<std::string> DeliveryFolders::commit() {
  std::vector<std::string> files = deliveries_.front().files;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    folders_[i + 1].commit();
    for (const std::string& file : deliveries_[i + 1].files) {
      files.push_back(names_[i] + "/" + file);
    }
  }
  folders_.front().commit();
  return files;
}

}  // namespace osler
