#pragma once
// Whether a file is safe to give to a reader that recurses and allocates as the file says.

#include <cstddef>
#include <filesystem>

#include "dicom/scan.hpp"

namespace osler::dicom {

/// Elements and items of one file, pixel data not counted.
inline constexpr std::size_t kMaxElements = 2'000'000;

/// Walks every element of every sequence, whatever its length is written as, and reads no value.
/// @throws Error bad_input: cannot be read; is no DICOM file or a DICOMDIR; an element reaches past
/// its end; sequences nested more than 64 deep; more than kMaxElements; a header (what is inflated,
/// pixel data not counted) over the limit
void check_structure(const std::filesystem::path& file, const Limits& limits);

}  // namespace osler::dicom
