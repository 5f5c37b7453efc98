#pragma once
// The positive sample: a three-dimensional T1-weighted head MR made of the Colin27 template.

#include <filesystem>

#include "core/affine.hpp"
#include "dicom_samples/dicom_series.hpp"

namespace osler::sample {

/// Where the template's patient space (LPS, millimetres) lies in the sample's: the truth that a
/// registration of the two should find again.
Affine head_mr_pose();

/// @param ch2_nii_gz  Colin27 in the MNI frame, 1 mm
/// @throws Error bad_input
DicomSeries make_head_mr(const std::filesystem::path& ch2_nii_gz);

}  // namespace osler::sample
