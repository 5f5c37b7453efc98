#include "cli/listing.hpp"

#include <fmt/format.h>

namespace osler::cli {

Json reasons_json(const std::vector<Reason>& reasons) {
  Json all = Json::array();
  for (const Reason& r : reasons) all.push_back({{"code", r.code}, {"detail", r.detail}});
  return all;
}

Json unreadable_json(const std::vector<dicom::Unreadable>& unreadable) {
  Json all = Json::array();
  for (const dicom::Unreadable& u : unreadable) {
    all.push_back({{"path", u.file.string()}, {"reason", u.reason}});
  }
  return all;
}

void print_unreadable(const std::vector<dicom::Unreadable>& unreadable) {
  for (const dicom::Unreadable& u : unreadable) {
    fmt::print("not read: {}: {}\n", u.file.string(), u.reason);
  }
}

}  // namespace osler::cli
