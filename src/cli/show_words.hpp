#pragma once
// Values of a result in words for a terminal: every one of them is printable.

#include <optional>
#include <string>
#include <vector>

#include "reading/result.hpp"

namespace osler::cli {

/// "Lung (39607008, SCT)"
std::string coded(const Code& code);
/// "Lung"; the code's value where no meaning stands.
std::string meaning_of(const Code& code);
std::string meaning_of(const std::optional<Code>& code);

/// "2020-01-02 10:11:12" of DICOM's DA and TM or DT; what is none of these as it is.
std::string date_time_words(const std::string& date, const std::string& time);
std::string date_time_words(const std::string& date_time);

/// "Hippocampus, left, head"
std::string site_words(const reading::Site& site);

/// "segment 1", "region CIRCLE on 1 image", "source series"
std::string reference_words(const reading::Reference& reference);

/// Parts that are not empty.
std::string joined(const std::vector<std::string>& parts, const char* separator = ", ");

/// Rows of cells under each other, two spaces between columns; long cells but the last of a row are
/// cut with "...". The first row is the head.
void print_table(const std::vector<std::vector<std::string>>& rows, std::size_t widest = 40);

}  // namespace osler::cli
