#include <unistd.h>

#include <array>
#include <cstddef>
#include <string_view>

// libgomp's threads spin at barriers by default, which on a machine with other work costs more than
// the work itself (a segmentation of 1.4 s took 14.8 s beside a training run), and it reads the
// policy when it is loaded, so setting it from inside is too late: the program starts again with
// OMP_WAIT_POLICY=PASSIVE, unless the environment has a policy. A short wait they do spin through
// (GOMP_SPINCOUNT), as between two layers of a small network, but not between studies.
//
// It does so before any library is initialised, of which LibTorch takes a tenth of a second; that
// is why nothing here allocates, or uses what a library has to set up first.
namespace {

constexpr std::size_t kMostVariables = 4096;

/// `models` too, where networks are timed: as they will run.
bool computes(std::string_view command) {
  return command == "run" || command == "models";
}

[[gnu::no_sanitize("address", "undefined")]] void wait_passively(int count, char** words,
                                                                 char** environment) {
  if (count < 2 || !computes(words[1])) return;
  static std::array<char*, kMostVariables + 3> with{};
  std::size_t n = 0;
  bool spins = false;
  for (; environment[n] != nullptr; ++n) {
    const std::string_view variable(environment[n]);
    if (variable.starts_with("OMP_WAIT_POLICY=") || n == kMostVariables) return;
    spins = spins || variable.starts_with("GOMP_SPINCOUNT=");
    with[n] = environment[n];
  }
  static char policy[] = "OMP_WAIT_POLICY=PASSIVE";
  static char spin[] = "GOMP_SPINCOUNT=3000";
  with[n++] = policy;
  if (!spins) with[n++] = spin;
  ::execve("/proc/self/exe", words, with.data());
  // No /proc: slower, not wrong.
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const kBeforeAll)(int, char**,
                                                                       char**) = wait_passively;

}  // namespace
