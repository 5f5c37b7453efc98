#pragma once

#include "dicom/scan.hpp"
#include "volume/volume.hpp"

namespace osler {

/// The grid that `make_regular` gives: the same columns, rows and outermost slices, evenly spaced
/// by the least distance of neighbouring slices, though no finer than the pixels of a slice are.
Grid regular_grid(const Grid& grid);

/// A volume of unevenly spaced slices as one of evenly spaced ones, for programs and models that
/// know no other: real values as 32-bit float, linear between neighbouring slices (columns and rows
/// stay what they are, also if they are sheared against each other by a tilted gantry). Where the
/// nearer neighbour is padding, padding's real value stands, which `padding` still marks if it is a
/// whole number; where only the further one is, the nearer one's value does. Each slice names the
/// nearest one of the source.
/// @throws Error bad_input if it would be larger than the limits allow
Volume make_regular(const Volume& volume, const dicom::Limits& limits = {});

}  // namespace osler
