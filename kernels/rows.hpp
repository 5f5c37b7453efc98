#pragma once
// The formulas of resample_math.hpp over whole rows, for the CPU. Each is compiled for several
// instruction sets; none may fuse a product and a sum (-ffp-contract=off), so all give the same
// bits. Rows must not overlap.

#include <cstdint>

#include "kernels/resample_math.hpp"

namespace osler::kernels::rows {

// Values along a row, at positions begin..end of a table.

void nearest(const float* row, const std::int32_t* index, std::int64_t n, float* out);
void linear(const float* row, const std::int32_t* a, const std::int32_t* b, const float* f,
            std::int64_t n, float* out);

/// Values with their weights.
struct WeightedRow {
  float* value;
  float* weight;
};
void linear(const WeightedRow& row, const std::int32_t* a, const std::int32_t* b, const float* f,
            std::int64_t n, const WeightedRow& out);
/// The four index rows and the four weight rows are `stride` apart.
void cubic(const float* row, const std::int32_t* index, const float* weight, std::int64_t stride,
           std::int64_t n, float* out);

// Rows with each other.

void mix(const float* a, const float* b, float f, std::int64_t n, float* out);
void mix(const WeightedRow& a, const WeightedRow& b, float f, std::int64_t n,
         const WeightedRow& out);
void mix(const float* const (&row)[4], const float (&w)[4], std::int64_t n, float* out);

/// sum[i] += the `samples` values of output voxel i, one after the other.
void add(const float* values, int samples, std::int64_t n, float* sum);
/// Likewise, of values whose weight is not 0, and their count.
void add(const WeightedRow& values, int samples, std::int64_t n, float* sum, float* count);

/// Mean and normalisation; `outside` where the count is 0. In place.
void finish(const Normalisation& normalisation, float outside, const float* count, std::int64_t n,
            float* sum);

/// Values to the type of the output, `stride` apart there.
void put(const float* row, std::int64_t n, OutputType type, std::int64_t stride, void* out,
         std::int64_t first);

/// In place, neighbouring lines of spline_lines.
void spline(float* p, std::int64_t n, std::int64_t stride, std::int64_t lanes,
            const SplineStart& start);

}  // namespace osler::kernels::rows
