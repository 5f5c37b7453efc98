#include "cli/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "core/printable.hpp"

namespace osler::cli {
namespace {

// Of one reason, as many files are named on the terminal; --json names all.
constexpr std::size_t kNamed = 5;

}  // namespace

Json reasons_json(const std::vector<Reason>& reasons) {
  Json all = Json::array();
  for (const Reason& r : reasons) all.push_back({{"code", r.code}, {"detail", r.detail}});
  return all;
}

Json unreadable_json(const std::vector<dicom::Unreadable>& unreadable) {
  Json all = Json::array();
  for (const dicom::Unreadable& u : unreadable) all.push_back(unreadable_json(u));
  return all;
}

Json unreadable_json(const dicom::Unreadable& u) {
  return {{"path", u.file.string()}, {"reason", u.reason}};
}

void JsonArrays::begin(std::string_view name) {
  fmt::print("{}\n  \"{}\": [", arrays_++ == 0 ? "{" : ",", name);
  items_ = 0;
}

void JsonArrays::add(const Json& item) {
  fmt::print("{}\n    ", items_++ == 0 ? "" : ",");
  for (const char c : item.dump(2, ' ', false, Json::error_handler_t::replace)) {
    std::putchar(c);
    if (c == '\n') fmt::print("    ");  // within a string a line break is an escape
  }
}

void JsonArrays::end() {
  fmt::print("{}]", items_ == 0 ? "" : "\n  ");
}

JsonArrays::~JsonArrays() {
  fmt::print("\n}}\n");
}

void print_unreadable(const std::vector<dicom::Unreadable>& unreadable) {
  struct Group {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  std::map<std::string_view, Group> by_reason;
  for (std::size_t i = 0; i < unreadable.size(); ++i) {
    Group& group = by_reason[unreadable[i].reason];
    if (group.count++ == 0) group.first = i;
  }
  std::vector<std::pair<std::string_view, Group>> groups(by_reason.begin(), by_reason.end());
  std::sort(groups.begin(), groups.end(),
            [](const auto& a, const auto& b) { return a.second.first < b.second.first; });
  for (const auto& [reason, group] : groups) {
    std::size_t named = 0;
    for (std::size_t i = group.first; i < unreadable.size() && named < kNamed; ++i) {
      if (unreadable[i].reason != reason) continue;
      fmt::print("not read: {}: {}\n", printable(unreadable[i].file.string()), printable(reason));
      ++named;
    }
    if (group.count > named) {
      fmt::print("not read: {} more: {} (--json names all)\n", group.count - named,
                 printable(reason));
    }
  }
}

}  // namespace osler::cli
