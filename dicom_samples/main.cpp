// osler-sample: writes one of the sample studies (README.md in this folder).

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/json.hpp"
#include "dicom_samples/head_ct.hpp"
#include "dicom_samples/head_mr.hpp"

namespace {

namespace sample = osler::sample;
using osler::Affine, osler::Error, osler::ErrorCode, osler::Json;

void write_pose(const std::string& file) {
  const Affine pose = sample::head_mr_pose();
  Json rows = Json::array();
  for (auto row = pose.m.begin(); row != pose.m.end(); row += 4) {
    rows.push_back(Json(std::vector<double>(row, row + 4)));
  }
  std::ofstream out(file);
  out << Json{{"template_lps_to_patient_lps", rows}}.dump(2) << '\n';
  if (!out.flush()) throw Error(ErrorCode::output, "the pose cannot be written");
}

int run(int argc, char** argv) {
  CLI::App app{"Writes Osler's sample studies as DICOM files"};
  app.require_subcommand(1);
  std::string source, out, pose;

  CLI::App* mr = app.add_subcommand("head-mr", "a synthetic T1-weighted head MR made of Colin27");
  mr->add_option("--template", source, "ch2.nii.gz of Debian's mricron-data")->required();
  mr->add_option("--pose", pose, "also write the true pose of the head, as JSON");
  mr->add_option("--out", out, "folder for the DICOM files")->required();

  CLI::App* ct = app.add_subcommand("head-ct", "a head CT, to be refused by models of MR");
  ct->add_option("--inv3", source, "Cranium.inv3 of Debian's invesalius-examples")->required();
  ct->add_option("--out", out, "folder for the DICOM files")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? osler::kExitOk : osler::kExitUsage;
  }
  const sample::DicomSeries series =
      mr->parsed() ? sample::make_head_mr(source) : sample::make_head_ct(source);
  sample::write_series(series, out);
  if (!pose.empty()) write_pose(pose);
  fmt::print("{} slices of {} x {} pixels in {}\n", series.size[2], series.size[0], series.size[1],
             out);
  return osler::kExitOk;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const osler::Error& e) {
    std::fprintf(stderr, "osler-sample: %s\n", e.what());
    return osler::exit_code(e.code());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "osler-sample: %s\n", e.what());
    return osler::kExitInternal;
  }
}
