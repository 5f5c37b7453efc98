#include "registry/weights.hpp"

#include "registry/member_reader.hpp"

namespace osler {

namespace {

/// Neither can be found out from the file.
void check_compiled(const MemberReader& r, const WeightsFormat& format) {
  if (format.input.size() != 4 && format.input.size() != 5) {
    r.fail("input", "is not the shape that the weights are compiled for: N C D H W or N C H W");
  }
  for (const std::int64_t n : format.input) {
    if (n < 1) r.fail("input", "is not a shape");
  }
  if (format.processor.empty()) r.fail("processor", "is missing: weights are compiled for one");
}

}  // namespace

WeightsFile read_weights_file(const MemberReader& r) {
  WeightsFormat format;
  format.name = r.get<std::string>("format");
  r.only({"file", "format", "sha256", "input", "processor"});
  if (r.has("input")) format.input = r.get<std::vector<std::int64_t>>("input");
  if (r.has("processor")) format.processor = r.get<std::vector<std::string>>("processor");
  if (format.name == "aotinductor") {
    check_compiled(r, format);
  } else if (format.name != "torchscript") {
    r.fail("format",
           "'" + format.name + "' is not one that this program loads (torchscript, aotinductor)");
  }
  return {read_file_name(r), r.get<std::string>("sha256"), std::move(format)};
}

}  // namespace osler
