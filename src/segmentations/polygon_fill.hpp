#pragma once
// Voxels whose centres lie inside of polygons. Inside the room only.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace osler::segmentations {

/// Closed; the last point is not repeated (if it is, nothing changes). Index coordinates (column,
/// row), a voxel's centre at whole numbers; any finite numbers.
using Polygon = std::vector<std::array<double, 2>>;

/// Sets those voxels to 1 whose centres lie inside an odd number of polygons (even-odd rule, all
/// edges together). Of centres on an edge, those on a left or an upper one are inside.
/// Linear in voxels and in the rows that edges span.
/// @param mask  columns x rows, columns fastest; all 0
void fill_even_odd(std::span<const Polygon> polygons, std::int64_t columns, std::int64_t rows,
                   std::span<std::uint8_t> mask);

}  // namespace osler::segmentations
