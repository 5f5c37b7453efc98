#pragma once
// What several commands say in the same words: reasons, and files that were not read.

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "dicom/study.hpp"
#include "volume/verdict.hpp"

namespace osler::cli {

/// [{"code", "detail"}]
Json reasons_json(const std::vector<Reason>& reasons);
/// Prints an object of arrays, item by item: of 100,000 series the JSON is never held as a whole.
/// The same text as Json::dump(2) of all.
class JsonArrays {
 public:
  void begin(std::string_view name);
  void add(const Json& item);
  void end();
  /// Ends the object.
  ~JsonArrays();

 private:
  std::size_t arrays_ = 0;
  std::size_t items_ = 0;  ///< of the array that was begun last
};

/// [{"path", "reason"}]
Json unreadable_json(const std::vector<dicom::Unreadable>& unreadable);
Json unreadable_json(const dicom::Unreadable& unreadable);

/// On stdout: a line each for the first few files of each reason, and how many more there are.
void print_unreadable(const std::vector<dicom::Unreadable>& unreadable);

}  // namespace osler::cli
