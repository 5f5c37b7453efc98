#pragma once

#include "dicom/scan.hpp"

namespace CLI {
class App;
}

namespace osler::cli {

/// Adds the options that set `limits`, which must live until the command line was parsed.
void add_limits(CLI::App& command, dicom::Limits& limits);

/// Only those of one file: for commands that scan nothing and build no volume.
void add_file_limits(CLI::App& command, dicom::Limits& limits);

}  // namespace osler::cli
