#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace osler::cli {
namespace {

constexpr int kBarWidth = 24;
constexpr auto kRedrawInterval = std::chrono::milliseconds(100);

bool is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

}  // namespace

Progress terminal_progress() {
  if (!is_terminal()) return {};
  return [last = std::chrono::steady_clock::time_point()](std::string_view stage, std::int64_t done,
                                                          std::int64_t total) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (done != 0 && done != total && now - last < kRedrawInterval) return;
    last = now;
    if (total == 0 && done > 0) {
      fmt::print(stderr, "\r\033[K{} ... {}", stage, done);
    } else if (total <= 1) {
      fmt::print(stderr, "\r\033[K{} ...", stage);
    } else {
      const auto filled = static_cast<int>(kBarWidth * done / total);
      fmt::print(stderr, "\r\033[K{:<10} [{:#<{}}{:.<{}}] {}/{}", stage, "", filled, "",
                 kBarWidth - filled, done, total);
    }
    std::fflush(stderr);
  };
}

void end_progress() {
  if (is_terminal()) fmt::print(stderr, "\r\033[K");
}

}  // namespace osler::cli
