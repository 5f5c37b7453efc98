// A result object as `osler show` reads and prints it, in every form, and as `osler verify` finds
// its way in it: reports, key objects, segmentations, and of others the header. Anything but an
// osler::Error is a finding; so is what is no JSON.

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

#include "cli/show_text.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "memory_file.hpp"
#include "reading/content_tree.hpp"
#include "reading/result.hpp"

namespace {

/// Small, so that an input that asks for much memory is refused and does not slow down the search.
constexpr osler::dicom::Limits kLimits{
    .max_header_bytes = 1 << 20, .max_frame_bytes = 1 << 20, .max_volume_bytes = 1 << 22};

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "ERROR: %s\n", what);
  std::abort();
}

/// Every item that was read is found again where it is said to be.
void find_again(DcmItem& object, const osler::reading::ContentItem& item,
                const osler::reading::ContentItem& root) {
  expect(osler::reading::item_at(object, item.path) != nullptr, "an item is not at its path");
  expect(osler::reading::content_at(root, item.path) == &item, "another is at its path");
  osler::reading::item_at(object, item.refers_to);
  for (const auto& child : item.children) find_again(object, child, root);
}

void show(const std::string& path) {
  const osler::reading::Result result = osler::reading::read_result(path, kLimits);
  for (const bool with_patient : {false, true}) {
    const osler::Json json = osler::reading::to_json(result, with_patient);
    const std::string text = json.dump(2, ' ', false, osler::Json::error_handler_t::replace);
    expect(osler::Json::accept(text), "what was written is no JSON");
    osler::cli::print_result(result, {.with_patient = with_patient, .tree = with_patient});
  }
  if (!result.content) return;
  const auto again = osler::reading::load_object(path, kLimits);
  // The deep ones cost the square of their depth.
  if (result.content->items < 200) {
    find_again(*again->getDataset(), result.content->root, result.content->root);
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  // What is printed is not looked at. libFuzzer writes to standard error.
  if (std::freopen("/dev/null", "w", stdout) == nullptr) std::exit(1);
  return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

/// Most changes to any byte of a file end in a file that is damaged. Every second one is to the
/// value of a short element instead, whose length then follows.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  constexpr std::string_view kShortVrs = "AEASATCSDADSDTFDFLISLOLTPNSHSLSSSTTMUIULUS";
  constexpr std::size_t kMostValueBytes = 256;
  std::minstd_rand random(seed);
  for (std::size_t at = size == 0 ? 0 : random() % size; random() % 2 == 0; at = random() % size) {
    for (; at + 8 <= size; ++at) {
      const char vr[] = {static_cast<char>(data[at + 4]), static_cast<char>(data[at + 5])};
      const std::size_t found = kShortVrs.find(std::string_view(vr, 2));
      const std::size_t length = data[at + 6] | data[at + 7] << 8U;
      const std::size_t end = at + 8 + length;
      if (found == std::string_view::npos || found % 2 != 0 || end > size) continue;
      if (length > kMostValueBytes || size - length + kMostValueBytes > max_size) continue;
      std::vector<std::uint8_t> value(data + at + 8, data + end);
      value.resize(kMostValueBytes);
      value.resize(LLVMFuzzerMutate(value.data(), length, kMostValueBytes));
      std::memmove(data + at + 8 + value.size(), data + end, size - end);
      std::copy(value.begin(), value.end(), data + at + 8);
      data[at + 6] = static_cast<std::uint8_t>(value.size());
      data[at + 7] = static_cast<std::uint8_t>(value.size() >> 8U);
      return size - length + value.size();
    }
  }
  return LLVMFuzzerMutate(data, size, max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const osler::fuzz::MemoryFile file(data, size);
  try {
    show(file.path());
  } catch (const osler::Error& error) {
    expect(error.code() == osler::ErrorCode::bad_input, "an error of another kind");
  }
  return 0;
}
