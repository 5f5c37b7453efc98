#pragma once
// Measurement groups of a structured report (PS3.16 TID 1410, 1411, 1501).

#include "findings/findings.hpp"
#include "objects/modules.hpp"
#include "volume/volume.hpp"

class DcmItem;

namespace osler::objects {

/// Into the container Imaging Measurements: a group per finding and per asymmetry. A finding of one
/// segment is a volumetric region, or of a single slice a planar one with its area; one of several
/// is of the whole image and names them. Values with a norm say what is normal, of whom, and by
/// whose authority.
/// @param points  whether centres of mass may be given: an Enhanced SR has no SCOORD3D
/// @throws Error bad_argument: a finding that names no segment
void add_measurements(DcmItem& measurements, DcmItem& source, const Findings& findings,
                      const Grid& grid, const ObjectIds& segmentation, bool points);

}  // namespace osler::objects
