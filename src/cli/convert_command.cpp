#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "cli/commands.hpp"
#include "cli/convert_inputs.hpp"
#include "cli/convert_listing.hpp"
#include "cli/convert_segmentations.hpp"
#include "cli/limits.hpp"
#include "cli/terminal.hpp"
#include "core/error.hpp"
#include "volume/exchange.hpp"
#include "volume/regular.hpp"

namespace osler::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLongestPatientText = 64;  // of VR LO and of a component group of PN
constexpr char kNoPatientId[] = "anonymous";

bool ends_as_any(const fs::path& file, std::initializer_list<std::string_view> endings) {
  const std::string name = file.filename().string();
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

/// Whether --out names a file; otherwise it is a folder.
bool names_file(const ConvertOptions& options) {
  if (fs::is_directory(options.out)) return false;
  const bool nifti = options.to == "nifti", dicom = options.to == "dicom";
  if (!dicom && (nifti ? ends_as_any(options.out, {".nii", ".nii.gz"})
                       : ends_as_any(options.out, {".mha"}))) {
    return true;
  }
  if (ends_as_any(options.out, {".nii", ".gz", ".mha", ".mhd", ".nrrd", ".hdr", ".img", ".dcm"})) {
    throw Error(
        ErrorCode::usage,
        fmt::format("--to {} does not write {}", options.to, options.out.filename().string()),
        dicom ? "a folder" : (nifti ? ".nii, .nii.gz or a folder" : ".mha or a folder"));
  }
  return false;
}

void check_patient_text(const char* option, const std::string& text) {
  const bool bad = std::any_of(text.begin(), text.end(), [](char c) {
    return c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (bad || text.size() > kLongestPatientText) {
    throw Error(ErrorCode::usage, fmt::format("{} cannot stand in a DICOM header", option),
                fmt::format("at most {} bytes without backslash and control characters",
                            kLongestPatientText));
  }
}

/// What only one kind of input or output can take must not be passed over in silence.
void check_options(const ConvertOptions& options, const ConvertInputs& inputs) {
  const bool describes = !options.patient_name.empty() || !options.patient_id.empty();
  check_patient_text("--patient-name", options.patient_name);
  check_patient_text("--patient-id", options.patient_id);
  if (options.to != "dicom") {
    if (!describes) return;
    throw Error(ErrorCode::usage, "--to " + options.to + " writes no patient",
                "--patient-name and --patient-id only with --to dicom");
  }
  const auto is_file = [](const ConvertVolume& v) { return !v.source.file.empty(); };
  const auto& all = inputs.volumes;
  if (std::any_of(all.begin(), all.end(), is_file) && options.modality.empty()) {
    throw Error(ErrorCode::usage, "a NIfTI or MetaImage file does not say its modality", {},
                "state it with --modality MR or --modality CT");
  }
  if (describes && !std::all_of(all.begin(), all.end(), is_file)) {
    throw Error(ErrorCode::usage, "a DICOM series keeps its own patient",
                "--patient-name and --patient-id only with NIfTI and MetaImage files");
  }
}

Converted write(const ConvertVolume& source, const ConvertOptions& options, const fs::path& file) {
  const bool is_file = !source.source.file.empty();
  if (options.to == "dicom") {
    const Volume volume = source.load();
    const std::string id = options.patient_id.empty() ? kNoPatientId : options.patient_id;
    const objects::ImageSeries series =
        is_file ? objects::write_image_series(volume,
                                              {options.modality, options.patient_name, id,
                                               exchange_stem(source.source.file)},
                                              options.out)
                : objects::rewrite_image_series(volume, options.out);
    return {series.folder, &source, volume.grid, series};
  }
  const bool nifti = options.to == "nifti";
  const fs::path target =
      file.empty() ? options.out / (source.name + (nifti ? ".nii.gz" : ".mha")) : file;
  std::error_code ignored;
  if (is_file && fs::equivalent(target, source.source.file, ignored)) {
    throw Error(ErrorCode::bad_input, target.string() + " is the input itself", {},
                "give another --out");
  }
  Volume volume = source.load();
  if (is_file) restore_file_order(volume);
  // Neither format can say that slices are uneven.
  if (!volume.grid.is_regular()) volume = make_regular(volume, options.limits);
  if (nifti) {
    write_nifti(volume, target);
  } else {
    write_meta_image(volume, target);
  }
  return {target, &source, volume.grid, {}};
}

ConvertOutcome convert_all(const ConvertInputs& inputs, const ConvertOptions& options,
                           bool to_file) {
  if (to_file && inputs.volumes.size() > 1) {
    throw Error(ErrorCode::usage, fmt::format("the input holds {} volumes", inputs.volumes.size()),
                "one, as --out names a file", "give a folder as --out, or choose with --series");
  }
  ConvertOutcome outcome;
  outcome.not_written = inputs.refused;
  std::int64_t done = 0;
  const Progress progress = terminal_progress();
  for (const ConvertVolume& volume : inputs.volumes) {
    notify(progress, "convert", done++, static_cast<std::int64_t>(inputs.volumes.size()));
    try {
      outcome.written.push_back(write(volume, options, to_file ? options.out : fs::path{}));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::bad_input) throw;
      outcome.not_written.push_back({volume.source, {{"not_converted", error.what(), true}}});
    }
  }
  end_progress();
  return outcome;
}

int convert(const ConvertOptions& options) {
  const bool to_file = names_file(options);
  dicom::ScanResult scanned = dicom::scan(options.inputs, options.limits, terminal_progress());
  end_progress();
  if (holds_only_segmentations(scanned)) return convert_segmentations(options, scanned);
  if (!options.references.empty()) {
    throw Error(ErrorCode::usage, "--reference is for segmentations and structure sets",
                "an input of these alone");
  }
  const ConvertInputs inputs = find_convert_inputs(options, std::move(scanned));
  check_options(options, inputs);
  ConvertOutcome outcome = convert_all(inputs, options, to_file);
  // A DICOM file that cannot be read may be a part of any series: then not all is done.
  const std::vector<dicom::Unreadable>& unreadable = inputs.scanned.unreadable;
  const bool lost = std::any_of(unreadable.begin(), unreadable.end(),
                                [](const dicom::Unreadable& u) { return u.is_dicom; });
  if (outcome.written.empty()) {
    outcome.exit_code = kExitBadInput;
  } else if (lost || !outcome.not_written.empty()) {
    outcome.exit_code = kExitPartial;
  }
  if (options.json) {
    fmt::print(
        "{}\n",
        to_json(outcome, inputs.scanned).dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_outcome(outcome, inputs.scanned);
  }
  return outcome.exit_code;
}

}  // namespace

Action add_convert(CLI::App& app) {
  auto* command = app.add_subcommand(
      "convert",
      "Write volumes of DICOM series, NIfTI or MetaImage files in another format; DICOM "
      "segmentations and RT structure sets as label maps.");
  const auto options = std::make_shared<ConvertOptions>();
  command->add_option("INPUT", options->inputs, kVolumesHelp)->required();
  command
      ->add_option("--to", options->to,
                   "nifti, mha, or dicom: uncompressed single-frame MR or CT images")
      ->required()
      ->check(CLI::IsMember({"nifti", "mha", "dicom"}));
  command
      ->add_option("--out", options->out,
                   "file (.nii, .nii.gz, .mha) for one volume, else a folder: <series UID>.nii.gz "
                   "or <name>.nii.gz; DICOM goes to DIR/<new series UID>/")
      ->type_name("FILE|DIR")
      ->required();
  command
      ->add_option("--reference", options->references,
                   "of DICOM segmentations and RT structure sets, which are written as label maps: "
                   "the series that was segmented (files or folders), whose grid is the target; a "
                   "structure set needs it")
      ->type_name("PATH");
  command->add_option("--series", options->series_uid, "only the series of this UID")
      ->type_name("UID");
  command
      ->add_option("--modality", options->modality,
                   "of NIfTI and MetaImage files, which cannot say it; --to dicom wants it")
      ->check(CLI::IsMember({"MR", "CT"}));
  command->add_option("--patient-name", options->patient_name,
                      "Patient's Name (Family^Given) of DICOM made of such files; default: empty");
  command->add_option("--patient-id", options->patient_id,
                      std::string("Patient ID of these; default: ") + kNoPatientId);
  command->add_flag("--interpolate-missing-slices", options->policy.interpolate_missing_slices,
                    "write series with missing slices all the same, with a warning");
  command->add_flag("--json", options->json, "print JSON (docs/json.md) instead of text");
  add_limits(*command, options->limits);
  return [options] { return convert(*options); };
}

}  // namespace osler::cli
