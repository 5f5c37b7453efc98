#include "cli/convert_listing.hpp"

#include <fmt/format.h>

#include "cli/listing.hpp"
#include "core/printable.hpp"
#include "report/findings_json.hpp"

namespace osler::cli {
namespace {

Json source_json(const ConvertSource& source) {
  return {{"source", report::source_json(source.file.string())},
          {"study_uid", source.study_uid},
          {"series_uid", source.series_uid},
          {"modality", source.modality}};
}

bool same_source(const ConvertSource& a, const ConvertSource& b) {
  return a.file == b.file && a.series_uid == b.series_uid && a.study_uid == b.study_uid;
}

void print_series(const objects::ImageSeries& series) {
  fmt::print("  {} files; {}\n", series.files,
             series.largest_error == 0 ? std::string("stored values unchanged")
                                       : fmt::format("values rounded to 16 bits, by {:.3g} at most",
                                                     series.largest_error));
}

}  // namespace

Json to_json(const ConvertOutcome& outcome, const dicom::ScanResult& scanned) {
  Json written = Json::array(), not_written = Json::array();
  for (const Converted& w : outcome.written) {
    Json entry{{"file", w.file.string()}};
    entry.update(source_json(w.volume->source));
    entry["told_apart"] = w.volume->told_apart;
    entry["size"] = w.grid.size;
    entry["spacing_mm"] = w.grid.spacing_mm();
    if (w.series) {
      entry["files"] = w.series->files;
      entry["new_series_uid"] = w.series->series_uid;
      entry["largest_error"] = w.series->largest_error;
    }
    entry["warnings"] = reasons_json(w.volume->warnings);
    written.push_back(std::move(entry));
  }
  for (const NotConverted& n : outcome.not_written) {
    Json entry = source_json(n.source);
    entry["files"] = n.source.files;
    entry["reasons"] = reasons_json(n.reasons);
    not_written.push_back(std::move(entry));
  }
  return {{"written", written},
          {"not_written", not_written},
          {"unreadable", unreadable_json(scanned.unreadable)},
          {"exit_code", outcome.exit_code}};
}

void print_outcome(const ConvertOutcome& outcome, const dicom::ScanResult& scanned) {
  const ConvertSource* last = nullptr;
  for (const Converted& w : outcome.written) {
    const Size3& n = w.grid.size;
    const ConvertSource& source = w.volume->source;
    fmt::print("{}  {} {} x {} x {}{}{}\n", printable(w.file.string()), printable(source.modality),
               n[0], n[1], n[2], w.volume->told_apart.empty() ? "" : "  ",
               printable(w.volume->told_apart));
    if (w.series) print_series(*w.series);
    if (last == nullptr || !same_source(*last, source)) {
      for (const Reason& r : w.volume->warnings) {
        fmt::print("  warning: {}: {}\n", r.code, printable(r.detail));
      }
    }
    last = &source;
  }
  for (const NotConverted& n : outcome.not_written) {
    if (n.source.file.empty()) {
      fmt::print("not written: series {} ({}, {} files)\n", n.source.series_uid,
                 printable(n.source.modality), n.source.files);
    } else {
      fmt::print("not written: {}\n", printable(n.source.file.string()));
    }
    for (const Reason& r : n.reasons) {
      fmt::print("  {} {}: {}\n", r.refuses ? "refused:" : "warning:", r.code, printable(r.detail));
    }
  }
  print_unreadable(scanned.unreadable);
}

}  // namespace osler::cli
