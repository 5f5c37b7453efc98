#pragma once
// Four lines of the network's grid beside each other.

#include "kernels/network_grid.hpp"

namespace osler::kernels {

/// Of the cells of a row, one per column (the last one has no column above it; if not `linear` none
/// has): `open` is not 0 where the corners do not all agree, or rounding may decide; `others` is
/// the highest second best at any corner (nothing where `second` is nothing).
/// @param line  where the four lines begin
void compare_lines(const Decided<Half>& decided, const std::int64_t (&line)[4], std::int64_t n,
                   bool linear, std::uint8_t* open, std::int16_t* others);
void compare_lines(const Decided<BFloat16>& decided, const std::int64_t (&line)[4], std::int64_t n,
                   bool linear, std::uint8_t* open, std::int16_t* others);
void compare_lines(const Decided<float>& decided, const std::int64_t (&line)[4], std::int64_t n,
                   bool linear, std::uint8_t* open, float* others);

}  // namespace osler::kernels
