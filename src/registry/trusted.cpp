#include "registry/trusted.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "core/error.hpp"
#include "core/files.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxListBytes = 1 << 20;
constexpr std::size_t kDigits = 64;

bool is_digest(std::string_view word) {
  return word.size() == kDigits &&
         word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

TrustedDigests::TrustedDigests(const fs::path& file) {
  const std::vector<std::byte> bytes = read_file(file, kMaxListBytes);
  const fs::perms permissions = fs::status(file).permissions();
  if ((permissions & fs::perms::others_write) != fs::perms::none) {
    throw Error(ErrorCode::bad_input,
                "everyone may write the list of trusted models " + file.string(),
                "a file that its owner alone can change", "chmod o-w " + file.string());
  }
  std::istringstream lines({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || word.front() == '#') continue;
    if (!is_digest(word)) {
      throw Error(ErrorCode::bad_input,
                  file.string() + ": line " + std::to_string(number) + " begins with no SHA-256",
                  "64 hexadecimal digits in lower case, then what you like",
                  "write the file with 'osler models trust DIR >> FILE'");
    }
    digests_.insert(word);
  }
}

std::optional<TrustedDigests> TrustedDigests::from_environment() {
  const char* file = std::getenv(kTrustedVariable);
  if (file == nullptr || *file == '\0') return std::nullopt;
  return TrustedDigests(file);
}

void require_trusted(const ModelPackage& package, const WeightsFile& weights) {
  const auto trusted = TrustedDigests::from_environment();
  if (!trusted || trusted->contains(weights.sha256)) return;
  const bool own =
      std::any_of(package.weights.begin(), package.weights.end(),
                  [&](const WeightsFile& each) { return each.sha256 == weights.sha256; });
  if (own && trusted->contains(package.digest)) return;
  const std::string list = std::getenv(kTrustedVariable);
  throw Error(ErrorCode::model,
              "model " + package.name + " is not trusted: digest " + package.digest + ", " +
                  weights.file + " " + weights.sha256,
              "a digest that stands in " + list,
              "if you trust it: osler models trust " + package.folder.string() + " >> " + list);
}

}  // namespace osler
