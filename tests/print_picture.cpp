// print_picture FILE FRAME: what dicom::read_picture gives, for a judge. One line "rows columns
// samples type bits" (type: f4, u1 or u2; bits of a colour), then the values, little endian, on
// standard output. A refusal goes to standard error and exits 3.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "dicom/picture.hpp"
#include "dicom/scan.hpp"

namespace {

osler::dicom::Picture picture_of(const std::filesystem::path& file, int frame) {
  const osler::dicom::ScanResult found = osler::dicom::scan(std::span(&file, 1));
  if (found.studies.empty()) {
    throw osler::Error(osler::ErrorCode::bad_input, found.unreadable.at(0).reason);
  }
  const osler::dicom::Instance& instance = found.studies[0].series[0].instances[0];
  if (!instance.damage.empty()) throw osler::Error(osler::ErrorCode::bad_input, instance.damage);
  return osler::dicom::read_picture(instance, frame);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return osler::kExitUsage;
  try {
    const osler::dicom::Picture picture = picture_of(arguments[1], std::atoi(arguments[2]));
    static constexpr const char* kTypes[] = {"f4", "u1", "u2"};
    std::printf("%d %d %d %s %d\n", picture.rows, picture.columns, picture.is_grey() ? 1 : 3,
                kTypes[picture.values.index()], picture.colour_bits);
    std::visit([](const auto& v) { std::fwrite(v.data(), sizeof v[0], v.size(), stdout); },
               picture.values);
  } catch (const osler::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return osler::kExitBadInput;
  }
  return osler::kExitOk;
}
