#pragma once
// The folders of one result: its own, and one for each destination. Inside the room only.

#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/files.hpp"
#include "pipeline/run.hpp"
#include "report/results.hpp"

namespace osler {

/// Names that files of results can have.
const std::vector<std::string>& result_files();

class DeliveryFolders {
 public:
  /// @throws Error output
  DeliveryFolders(const std::filesystem::path& folder, const RunOptions& options);
  DeliveryFolders(const DeliveryFolders&) = delete;
  DeliveryFolders& operator=(const DeliveryFolders&) = delete;

  StagedFolder& results() { return folders_.front(); }
  std::span<report::Delivery> deliveries() { return deliveries_; }

  /// The same text into every folder.
  void write(const std::string& name, const std::string& content);

  /// Destinations first: when the results are there everything is. Results of an earlier run that
  /// have no successor are removed.
  /// @return names of files, those of destinations behind their folder's
  std::vector<std::string> commit();

 private:
  std::deque<StagedFolder> folders_;  ///< the results' own, then as `deliveries_`
  std::vector<report::Delivery> deliveries_;
  std::vector<std::string> names_;  ///< of the destinations' folders
};

}  // namespace osler
