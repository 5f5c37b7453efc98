#pragma once
// Findings -> Comprehensive 3D or Enhanced SR after TID 1500 Measurement Report.
//
// A finding that is one segment is a TID 1411 group, on a single slice a TID 1410 group. TID 1411
// allows no more than one, and TID 1420 wants references to other content items, which common
// readers do not follow: so one that is several segments, and an asymmetry, is a TID 1501 group
// (extensible) that names all of its segments. So is an evaluation: of a whole image
// (objects/evaluation_items.hpp).

#include <filesystem>
#include <optional>
#include <span>

#include "findings/findings.hpp"
#include "objects/modules.hpp"
#include "volume/volume.hpp"

namespace osler::objects {

inline constexpr char kComprehensive3dSrStorage[] = "1.2.840.10008.5.1.4.1.1.88.34";
inline constexpr char kEnhancedSrStorage[] = "1.2.840.10008.5.1.4.1.1.88.22";

/// Enhanced is for destinations that know no other; centres of mass are left out of it: it has no
/// coordinates in space.
enum class SrForm { comprehensive_3d, enhanced };

/// The segmentation that the measurements were made on; absent if there are no measurements.
using SegReference = std::optional<ObjectIds>;

/// Complete: measurements and what qualifies them. Otherwise Completion Flag PARTIAL, the reasons
/// as text, and no number.
/// @param volume  only its grid is described; one without voxels stands for pictures
/// @param others  results besides the segmentation, which this document then references: the root
/// of
///                the IHE AI Results profile
/// @throws Error bad_argument if there are findings and no segmentation; output
ObjectIds write_structured_report(const Findings& findings, const Volume& volume,
                                  const SegReference& segmentation,
                                  const std::filesystem::path& file,
                                  SrForm form = SrForm::comprehensive_3d,
                                  std::span<const ObjectIds> others = {});

}  // namespace osler::objects
