#pragma once
// The subcommands. Each adds itself to the parser and returns what to call if it was chosen.

#include <functional>

namespace CLI {
class App;
}

namespace osler::cli {

/// Runs the chosen subcommand; returns the exit code. @throws Error
using Action = std::function<int()>;

inline constexpr char kInputHelp[] =
    "DICOM files, folders (all below is read), or a DICOMDIR (the files that it names)";

inline constexpr char kVolumesHelp[] =
    "DICOM, NIfTI (.nii, .nii.gz) or MetaImage (.mha, .mhd) files, folders (all of these below is "
    "read), or a DICOMDIR (the files that it names)";

Action add_run(CLI::App& app);
Action add_inspect(CLI::App& app);
Action add_convert(CLI::App& app);
Action add_show(CLI::App& app);
Action add_verify(CLI::App& app);
Action add_models(CLI::App& app);
/// Below `models`.
Action add_models_check(CLI::App& models);
Action add_models_optimise(CLI::App& models);
Action add_models_trust(CLI::App& models);

}  // namespace osler::cli
