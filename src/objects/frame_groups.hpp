#pragma once
// Functional groups of frames that lie on the grid of the source slices, of Segmentations and
// Parametric Maps alike. Inside the room only.

#include <cstdint>
#include <span>
#include <string>

#include "core/code.hpp"
#include "volume/volume.hpp"

class DcmItem;
class DcmTagKey;

namespace osler::objects {

/// Dimension Organization; its dimensions follow.
void put_dimension_organization(DcmItem& object, const std::string& uid);

/// The next of Dimension Index Sequence.
/// @param organization_uid  as it was put
/// @param pointer  the attribute that changes along it
/// @param group    the functional group that holds the attribute
void add_dimension(DcmItem& object, const std::string& organization_uid, const DcmTagKey& pointer,
                   const DcmTagKey& group, const char* label);

/// Shared Functional Groups: Plane Orientation and, of evenly spaced slices, Pixel Measures.
/// @param source  header of the first source instance: its Slice Thickness
/// @return the item, for more groups
DcmItem& add_shared_groups(DcmItem& object, DcmItem& source, const Grid& grid);

/// Plane Position and, of unevenly spaced slices, Pixel Measures. A slice's thickness is then what
/// its voxels stand for, half-way to both neighbours, so that pixels x thickness is the volume for
/// every reader.
void put_frame_place(DcmItem& frame, const Grid& grid, std::int64_t slice);

/// Derivation Image: the source slice.
/// @param multi_frame  name its frame besides
void put_frame_source(DcmItem& frame, const SliceSource& slice, bool multi_frame,
                      const Code& derivation);

/// Frame Content: one number for each dimension, counted from 1.
void put_dimension_index(DcmItem& frame, std::span<const std::uint32_t> values);

}  // namespace osler::objects
