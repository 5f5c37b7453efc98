#pragma once
// A model of two sides with two parts each, as little of it as findings need.

#include <string>

#include "registry/package.hpp"

namespace osler::testing {

inline ModelPackage paired_package() {
  ModelPackage p;
  p.name = "pair";
  p.version = "1.2.3";
  p.digest = "d1";
  p.weights = {{"model.ts", "w1", {}}};
  p.classes = 3;
  p.structure = "kidney";
  p.structure_code = {"64033007", "SCT", "Kidney"};
  p.wants.modalities = {"MR"};
  p.wants.body_parts = {"HEAD", "BRAIN"};
  p.wants.min_extent_mm = {110, 130, 130};
  p.wants.max_spacing_mm = 2.5;
  const Code left{"7771000", "SCT", "Left"}, right{"24028007", "SCT", "Right"};
  LocalisedTwoPass steps;
  steps.localise.sides = {{"left", left, {}, false}, {"right", right, {}, true}};
  steps.localise.template_use.sha256 = "t1";
  p.steps = steps;
  const Code upper{"1", "99T", "Upper"}, lower{"2", "99T", "Lower"}, type{"3", "99T", "Part"};
  const auto add = [&](const std::string& label, const std::string& side, int output,
                       const Code& part) {
    p.segments.push_back({label,
                          side,
                          output,
                          {"123037004", "SCT", "Body structure"},
                          type,
                          part,
                          {},
                          side == "left" ? left : right});
  };
  // Not sorted by side, so that a mix-up of order shows.
  add("Right upper", "right", 1, upper);
  add("Left upper", "left", 1, upper);
  add("Left lower", "left", 2, lower);
  add("Right lower", "right", 2, lower);
  return p;
}

}  // namespace osler::testing
