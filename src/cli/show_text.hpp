#pragma once
// What `osler show` prints for a person.

#include "reading/result.hpp"

namespace osler::cli {

struct ShowOptions {
  bool with_patient = false;
  bool tree = false;
};

void print_result(const reading::Result& result, const ShowOptions& options);

/// Observers, procedures and the table of measurements.
void print_report(const reading::MeasurementReport& report);
void print_key_objects(const reading::KeyObjects& keys);
/// The whole content, a line an item.
void print_tree(const reading::ContentItem& root, bool with_patient);

}  // namespace osler::cli
