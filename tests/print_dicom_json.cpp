// print_dicom_json [--inline BYTES] [--bulk BASE] FILE...: for a judge. Of each file one line: the
// DICOM JSON that dicom::write_dicom_json gives and, after a tab, its bulk data as
// [["path", bytes], ...]; or "!" and why it was refused.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string_view>

#include "core/error.hpp"
#include "core/json.hpp"
#include "dicom/dicom_json.hpp"

int main(int count, char** arguments) {
  osler::dicom::DicomJsonOptions options;
  int at = 1;
  for (; at + 1 < count; at += 2) {
    const std::string_view option = arguments[at];
    if (option == "--inline") {
      options.max_inline_bytes = std::strtoull(arguments[at + 1], nullptr, 10);
    } else if (option == "--bulk") {
      options.bulk_data_base = arguments[at + 1];
    } else {
      break;
    }
  }
  for (; at < count; ++at) {
    try {
      std::ostringstream json;
      const auto summary = osler::dicom::write_dicom_json(arguments[at], json, options);
      osler::Json bulk = osler::Json::array();
      for (const auto& data : summary.bulk_data) bulk.push_back({data.path, data.bytes});
      std::cout << json.str() << '\t' << bulk.dump() << '\n';
    } catch (const osler::Error& error) {
      std::cout << '!' << error.what() << '\n';
    }
  }
  return osler::kExitOk;
}
