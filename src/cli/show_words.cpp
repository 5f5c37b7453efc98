#include "cli/show_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "core/printable.hpp"

namespace osler::cli {
namespace {

bool all_digits(const std::string& text, std::size_t begin, std::size_t count) {
  return text.size() >= begin + count &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(begin),
                     text.begin() + static_cast<std::ptrdiff_t>(begin + count),
                     [](char c) { return c >= '0' && c <= '9'; });
}

/// Code points, of which each takes one place: near enough to line columns up.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string cut(const std::string& text, std::size_t widest) {
  if (width_of(text) <= widest) return text;
  std::size_t end = 0;
  for (std::size_t places = 0; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (begins && places++ == widest - 3) break;
  }
  return text.substr(0, end) + "...";
}

}  // namespace

std::string coded(const Code& code) {
  return fmt::format("{} ({}, {})", printable(code.meaning), printable(code.value),
                     printable(code.scheme));
}

std::string meaning_of(const Code& code) {
  return printable(code.meaning.empty() ? code.value : code.meaning);
}

std::string meaning_of(const std::optional<Code>& code) {
  return code ? meaning_of(*code) : "";
}

std::string date_time_words(const std::string& date, const std::string& time) {
  std::string text = printable(date);
  if (date.size() == 8 && all_digits(date, 0, 8)) {
    text = date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2);
  }
  if (time.empty()) return text;
  std::string clock = printable(time);
  if (all_digits(time, 0, 6)) {
    clock = time.substr(0, 2) + ":" + time.substr(2, 2) + ":" + time.substr(4, 2);
  }
  return text + (text.empty() ? "" : " ") + clock;
}

std::string date_time_words(const std::string& date_time) {
  if (!all_digits(date_time, 0, 14)) return printable(date_time);
  std::string zone;
  const std::size_t sign = date_time.find_first_of("+-");
  if (sign != std::string::npos) zone = " " + printable(date_time.substr(sign));
  return date_time_words(date_time.substr(0, 8), date_time.substr(8, 6)) + zone;
}

std::string site_words(const reading::Site& site) {
  std::vector<std::string> parts{meaning_of(site.code), meaning_of(site.laterality)};
  for (const Code& modifier : site.modifiers) parts.push_back(meaning_of(modifier));
  return joined(parts);
}

std::string reference_words(const reading::Reference& reference) {
  std::string role = reference.role;
  std::replace(role.begin(), role.end(), '_', ' ');
  if (role == "other") role = meaning_of(reference.name);
  if (reference.role == "segment" || reference.role == "segmentation_frame") {
    std::vector<std::string> numbers;
    for (const reading::ContentReference& object : reference.objects) {
      for (const long n : object.segments) numbers.push_back(std::to_string(n));
    }
    return role + " " + joined(numbers);
  }
  if (reference.graphic) role += " " + printable(reference.graphic->type);
  const std::size_t count = reference.objects.size();
  if (count == 0) return role;
  return fmt::format("{} on {} {}", role, count, count == 1 ? "image" : "images");
}

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!part.empty()) text += (text.empty() ? "" : separator) + part;
  }
  return text;
}

void print_table(const std::vector<std::vector<std::string>>& rows, std::size_t widest) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(width_of(row[i]), widest));
    }
  }
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = i + 1 == row.size() ? row[i] : cut(row[i], widest);
      line +=
          " " + cell + std::string(i + 1 == row.size() ? 0 : widths[i] - width_of(cell) + 1, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  }
}

}  // namespace osler::cli
