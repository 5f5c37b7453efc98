#include "pipeline/channel_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

namespace osler {
namespace fs = std::filesystem;
namespace {

/// Words of letters and digits, in lower case: "T2-FLAIR ax" -> t2 flair ax.
std::set<std::string> words_of(const std::string& text) {
  std::set<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      word += static_cast<char>(std::tolower(byte));
    } else if (!word.empty()) {
      words.insert(std::exchange(word, {}));
    }
  }
  return words;
}

/// Sequences are named in many ways; words that mean the same are one.
std::set<std::string> same_words(std::set<std::string> words) {
  constexpr std::string_view kContrast[] = {"ce", "gd", "gad", "post", "contrast", "km", "c"};
  for (const std::string sequence : {"t1", "t2"}) {
    for (const std::string ending : {"w", "ce", "gd", "c", "post", "wce"}) {
      if (words.erase(sequence + ending) == 0) continue;
      words.insert(sequence);
      if (ending != "w") words.insert("contrast");
    }
  }
  for (const std::string_view word : kContrast) {
    if (words.erase(std::string(word)) != 0) words.insert("contrast");
  }
  return words;
}

std::string describe(const dicom::Series& series) {
  return series.instances.empty() ? std::string()
                                  : std::string(series.instances.front().series_description);
}

/// Every word of the name is in the description; contrast in both or in neither.
bool is_named(const dicom::Series& series, const std::string& channel) {
  const std::set<std::string> wanted = same_words(words_of(channel));
  const std::set<std::string> found = same_words(words_of(describe(series)));
  return !wanted.empty() && std::ranges::includes(found, wanted) &&
         wanted.contains("contrast") == found.contains("contrast") &&
         wanted.contains("flair") == found.contains("flair");
}

}  // namespace

bool is_wished(const dicom::Series& series, const std::string& wish) {
  if (series.uid == wish) return true;
  std::error_code error;
  const fs::path place = fs::weakly_canonical(wish, error);
  if (error || !fs::exists(place, error)) return false;
  return std::ranges::any_of(series.instances, [&](const dicom::Instance& instance) {
    std::error_code ignored;
    const fs::path file = fs::weakly_canonical(fs::path(instance.file), ignored);
    const auto [end, rest] = std::mismatch(place.begin(), place.end(), file.begin(), file.end());
    return end == place.end();
  });
}

ChannelChoice choose_channels(const dicom::Study& study, const ModelPackage& package,
                              const ChannelWishes& wishes) {
  ChannelChoice choice;
  const auto problem = [&](const std::string& channel, const std::string& what) {
    choice.reasons.push_back(
        {"channel",
         fmt::format("{} sees {} images; channel {} {}: say which series it is with --channel "
                     "'{}=SERIES_UID'",
                     package.name, package.channels.size(), channel, what, channel),
         true});
  };
  for (const std::string& channel : package.channels) {
    std::vector<const dicom::Series*> found;
    const auto wish = wishes.find(channel);
    for (const dicom::Series& series : study.series) {
      const bool fits = wish != wishes.end()
                            ? is_wished(series, wish->second)
                            : std::ranges::count(package.wants.modalities, series.modality) > 0 &&
                                  is_named(series, channel);
      if (fits) found.push_back(&series);
    }
    if (found.size() != 1) {
      problem(channel, found.empty() ? "is none of the study's series"
                                     : fmt::format("could be {} series", found.size()));
    } else if (std::ranges::count(choice.series, found.front()) > 0) {
      problem(channel, "is the series of another channel");
    } else {
      choice.series.push_back(found.front());
    }
  }
  if (!choice.reasons.empty()) choice.series.clear();
  return choice;
}

}  // namespace osler
