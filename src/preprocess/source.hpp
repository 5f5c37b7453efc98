#pragma once
// A volume as the kernels see it.

#include <vector>

#include "kernels/resample.hpp"
#include "volume/volume.hpp"

namespace osler {

/// Borrows the volume's voxels, owns the per-slice rescale that the view points to.
class VolumeSource {
 public:
  explicit VolumeSource(const Volume& volume);
  VolumeSource(const VolumeSource&) = delete;
  VolumeSource& operator=(const VolumeSource&) = delete;

  const kernels::SourceView& view() const { return view_; }

 private:
  std::vector<float> slope_;
  std::vector<float> intercept_;
  kernels::SourceView view_;
};

}  // namespace osler
