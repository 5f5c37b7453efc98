#include "cli/threads.hpp"

#include <unistd.h>

#include <cstdlib>

namespace osler::cli {

void wait_passively(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  ::setenv("OMP_WAIT_POLICY", "PASSIVE", 1);
  ::setenv("GOMP_SPINCOUNT", "3000", 0);  // between two layers of a network, not between studies
  ::execv("/proc/self/exe", argv);
  // No /proc: slower, not wrong.
}

}  // namespace osler::cli
