// How a network is shown an image that is larger than its window.

#include <algorithm>
#include <map>

#include "registry/bundle_transforms.hpp"

namespace osler::bundle {

WindowStep read_inferer(const Config& config, const NodePtr& inferer, int dimensions) {
  Component c(config, inferer);
  WindowStep step;
  step.rule = WindowStep::Rule::monai;
  step.planar = dimensions == 2;
  step.gaussian = false;
  if (c.name() == "SimpleInferer") {
    step.whole_image = true;
    c.finish();
    return step;
  }
  if (c.name() != "SlidingWindowInferer") c.fail("is not an inferer that this program knows");
  c.ignore({"sw_batch_size", "sw_device", "device", "progress", "cache_roi_weight_map",
            "cpu_thresh", "buffer_steps", "buffer_dim"});
  c.refuse({"with_coord"});
  const auto roi = c.whole_triple("roi_size", dimensions, 1);
  if (!roi) c.fail("roi_size", "is missing");
  for (std::size_t i = 0; i < 3; ++i) step.patch[i] = std::max<std::int64_t>((*roi)[i], 0);
  const Vec3 overlap = c.triple("overlap", dimensions, 0).value_or(Vec3{0.25, 0.25, 0.25});
  for (std::size_t i = 0; i < 3; ++i) {
    if (!(overlap[i] >= 0 && overlap[i] < 1)) c.fail("overlap", "is not 0 <= overlap < 1");
    step.step[i] = 1 - overlap[i];
  }
  const std::string mode = c.word("mode").value_or("constant");
  if (mode != "constant" && mode != "gaussian") c.fail("mode", "is not constant or gaussian");
  step.gaussian = mode == "gaussian";
  const Vec3 sigma = c.triple("sigma_scale", dimensions, 0.125).value_or(Vec3{.125, .125, .125});
  if (sigma[0] != sigma[1] || (dimensions == 3 && sigma[1] != sigma[2]) || !(sigma[0] > 0)) {
    c.fail("sigma_scale", "is not one number above 0");
  }
  step.sigma_scale = sigma[0];
  const std::string beyond = c.word("padding_mode").value_or("constant");
  const std::map<std::string, PadWith> modes{{"constant", PadWith::value},
                                             {"replicate", PadWith::outermost},
                                             {"reflect", PadWith::mirrored}};
  const auto found = modes.find(beyond);
  if (found == modes.end()) c.fail("padding_mode", "is not one that this program knows");
  step.beyond = found->second;
  step.value = c.number("cval").value_or(0);
  c.finish();
  return step;
}

}  // namespace osler::bundle
