#pragma once
// What a person sees while the program works.

#include "core/progress.hpp"

namespace osler::cli {

/// One line on stderr that is rewritten as work goes on; nothing if stderr is not a terminal.
Progress terminal_progress();

/// Clears that line.
void end_progress();

}  // namespace osler::cli
