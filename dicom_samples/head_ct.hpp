#pragma once
// The negative sample: a head CT, which no model of a T1-weighted MR may accept.

#include <filesystem>

#include "dicom_samples/dicom_series.hpp"

namespace osler::sample {

/// @throws Error bad_input
DicomSeries make_head_ct(const std::filesystem::path& inv3);

}  // namespace osler::sample
