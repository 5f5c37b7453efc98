#pragma once
// A picture of the findings, drawn once, as pages and secondary captures show it.

#include <cstdint>
#include <string>
#include <vector>

namespace osler {

enum class PlaneKind { axial, coronal, sagittal };

struct Picture {
  PlaneKind kind = PlaneKind::axial;
  std::string name;     ///< "axial"
  std::string caption;  ///< where the plane lies
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;  ///< row by row
  bool outlined = true;           ///< a plane with outlines of segments; else an image as it is
};

}  // namespace osler
