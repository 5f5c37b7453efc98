#include "pipeline/classify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "core/sha256.hpp"
#include "findings/evaluate.hpp"
#include "findings/gates.hpp"
#include "page/image_picture.hpp"
#include "pipeline/pictures.hpp"
#include "pipeline/run_findings.hpp"
#include "preprocess/network_image.hpp"
#include "volume/regular.hpp"

namespace osler {
namespace {

/// One image through the networks: the mean of their scores, one per output.
std::vector<float> scores_of(LoadedModel& model, const NetworkImage& image) {
  const Classification& rules = *model.package.classification();
  const Size3& size = image.grid.size;
  TensorShape shape{1, image.channels, size[2], size[1], size[0]};
  if (rules.planar) shape.erase(shape.begin() + 2);
  std::vector<double> sum(static_cast<std::size_t>(model.package.classes), 0);
  for (Session& session : model.sessions) {
    const Tensor out = session.forward(image.values, shape);
    if (out.values.size() != sum.size() || out.shape != TensorShape{1, model.package.classes}) {
      throw Error(
          ErrorCode::model,
          fmt::format("the network gives {} numbers for an image; model.json says {} classes",
                      out.values.size(), model.package.classes),
          "a score for each class");
    }
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(out.values[i]);
  }
  std::vector<float> mean;
  for (const double value : sum) {
    mean.push_back(static_cast<float>(value / static_cast<double>(model.sessions.size())));
  }
  return mean;
}

/// Image steps and network of one image.
/// @param image  of the findings; not given: all of the series
void classify_image(LoadedModel& model, const std::vector<const Volume*>& channels,
                    std::optional<std::size_t> image, const RunContext& context, Findings& f) {
  const Classification& rules = *model.package.classification();
  ImageTask task{channels, rules.image};
  task.most_voxels = context.limits.max_volume_bytes / static_cast<std::int64_t>(sizeof(float));
  NetworkImage seen;
  {
    const StageTimer timer(f.timings, "image steps");
    seen = make_network_image(context.device, task);
  }
  std::vector<float> scores;
  {
    const StageTimer timer(f.timings, "network");
    scores = scores_of(model, seen);
  }
  const auto found = evaluate(rules, class_probabilities(rules, scores), image);
  f.evaluations.insert(f.evaluations.end(), found.begin(), found.end());
}

/// The least certain image: how probable is what is most probable there?
Signals signals_of(const Findings& f) {
  std::map<std::size_t, double> highest;
  for (const Evaluation& e : f.evaluations) {
    double& best = highest[e.image.value_or(0)];
    best = std::max(best, e.probability);
  }
  if (highest.empty()) return {};
  double least = 1;
  for (const auto& [image, probability] : highest) least = std::min(least, probability);
  return {{"least_highest_probability", least}};
}

/// What the image steps refuse is said in the findings. @return true if it was not
template <typename Work>
bool attempt(Findings& f, Work&& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::bad_input) throw;
    refuse(f, error.found());
    return false;
  }
}

void finish(LoadedModel& model, bool done, const RunContext& context, Findings& f) {
  give_back(model);
  f.device = describe_device(context.device, model);  // the graph was looked at
  const bool passed = judge(f, model.package, done ? signals_of(f) : Signals{});
  if (done && passed) {
    f.status = Status::complete;
  } else {
    f.evaluations.clear();
  }
}

SourceSeries describe_pictures(const std::vector<const dicom::Instance*>& pictures,
                               const std::vector<Reason>& warnings) {
  const dicom::Instance& first = *pictures.front();
  SourceSeries source;
  source.study_uid = first.study_uid;
  source.series_uid = first.series_uid;
  source.frame_of_reference_uid = first.frame_of_reference_uid;
  source.modality = first.modality;
  source.warnings = warnings;
  for (const dicom::Instance* picture : pictures) {
    source.instances.push_back({picture->sop_class_uid, picture->sop_instance_uid, picture->file});
    source.lossy = source.lossy || picture->lossy_image_compression == "01";
  }
  return source;
}

void digest_values(const dicom::Picture& picture, Sha256& digest) {
  std::visit([&](const auto& values) { digest.update(std::as_bytes(std::span(values))); },
             picture.values);
}

std::string caption_of(const dicom::Instance& picture) {
  const std::string number =
      picture.instance_number ? fmt::format("number {} of the series, ", *picture.instance_number)
                              : "";
  return fmt::format("{}{} x {} pixels", number, picture.pixels.columns, picture.pixels.rows);
}

/// The middle slice as a picture.
dicom::Picture middle_of(const Volume& volume) {
  const Size3& size = volume.grid.size;
  const std::int64_t k = size[2] / 2, pixels = size[0] * size[1];
  const SliceSource& slice = volume.slices[static_cast<std::size_t>(k)];
  std::vector<float> values(static_cast<std::size_t>(pixels));
  with_scalar(volume.type, [&](auto scalar) {
    const auto* stored = reinterpret_cast<const decltype(scalar)*>(volume.voxels.get());
    std::transform(stored + k * pixels, stored + (k + 1) * pixels, values.begin(), [&](auto v) {
      return static_cast<float>(slice.slope * static_cast<double>(v) + slice.intercept);
    });
  });
  dicom::Picture picture;
  picture.rows = static_cast<int>(size[1]);
  picture.columns = static_cast<int>(size[0]);
  picture.values = std::move(values);
  const Vec3 mm = volume.grid.spacing_mm();
  picture.pixel_size = dicom::PixelSize{{mm[1], mm[0]}, dicom::PixelSizeFrom::pixel_spacing};
  return picture;
}

}  // namespace

Classified classify_pictures(LoadedModel& model,
                             const std::vector<const dicom::Instance*>& pictures,
                             const std::vector<Reason>& warnings, const RunContext& context) {
  Classified result;
  Findings& f = result.findings;
  f = begin_findings(model, context);
  f.source = describe_pictures(pictures, warnings);
  if (pictures.size() > kMostPicturesShown) {
    f.source.warnings.push_back({"not_all_shown",
                                 fmt::format("the page shows the first {} of {} images",
                                             kMostPicturesShown, pictures.size()),
                                 false});
  }
  Sha256 digest;
  bool done = true;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    notify(context.progress, "classify", static_cast<std::int64_t>(i),
           static_cast<std::int64_t>(pictures.size()));
    std::vector<Volume> channels;
    {
      const StageTimer timer(f.timings, "load");
      const dicom::Picture picture = dicom::read_picture(*pictures[i], 0, context.limits);
      digest_values(picture, digest);
      if (i < kMostPicturesShown) {
        result.shown.push_back(
            page::draw_image(picture, fmt::format("Image {}", i + 1), caption_of(*pictures[i])));
      }
      channels = channels_of(picture, *model.package.classification());
    }
    std::vector<const Volume*> seen;
    for (const Volume& channel : channels) seen.push_back(&channel);
    done = attempt(f, [&] { classify_image(model, seen, i, context, f); }) && done;
  }
  f.source.pixel_digest = hex(digest.finish());
  finish(model, done, context, f);
  return result;
}

Classified classify_volume(LoadedModel& model, const std::function<ChannelVolumes()>& load,
                           const std::vector<Reason>& warnings, const RunContext& context) {
  Classified result;
  Findings& f = result.findings;
  f = begin_findings(model, context);
  ChannelVolumes channels;
  notify(context.progress, "load", 0, 1);
  {
    const StageTimer timer(f.timings, "load");
    channels = on_one_grid(load(), model.package.channels);
  }
  f.source = describe_source(*channels.front(), warnings);
  notify(context.progress, "classify", 0, 1);
  const bool done = attempt(f, [&] {
    std::vector<Volume> even = evened(channels, context.limits);
    std::vector<const Volume*> seen;
    for (std::size_t i = 0; i < channels.size(); ++i) {
      seen.push_back(even.empty() ? channels[i].get() : &even[i]);
    }
    classify_image(model, seen, std::nullopt, context, f);
  });
  result.shown = {
      page::draw_image(middle_of(*channels.front()), "Middle slice", "in the order of the series")};
  result.volume = channels.front();
  finish(model, done, context, f);
  return result;
}

}  // namespace osler
