#include "volume/nifti_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "volume/exchange.hpp"

namespace osler::exchange {
namespace {

constexpr std::int16_t kScannerAnatomical = 1;  // NIFTI_XFORM_SCANNER_ANAT
constexpr std::int16_t kAlignedAnatomical = 2;  // NIFTI_XFORM_ALIGNED_ANAT; above it: templates
constexpr double kAffinesAgreeMm = 1;           // below a voxel: rounding and resampling, no doubt

/// Rotation by a unit quaternion, columns scaled by pixdim, the third by qfac besides.
Affine affine_of_qform(const NiftiHeader& h) {
  double b = h.quatern[0], c = h.quatern[1], d = h.quatern[2];
  double a = 1 - (b * b + c * c + d * d);
  if (a < 1e-7) {  // a half turn: nifti1_io.c takes a as 0 and makes b, c, d a unit vector
    const double length = std::sqrt(b * b + c * c + d * d);
    a = 0, b /= length, c /= length, d /= length;
  } else {
    a = std::sqrt(a);
  }
  const double i = h.pixdim[1], j = h.pixdim[2];
  const double k = h.pixdim[0] < 0 ? -h.pixdim[3] : h.pixdim[3];
  return Affine::from_columns(
      i * Vec3{a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)},
      j * Vec3{2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)},
      k * Vec3{2 * (b * d + a * c), 2 * (c * d - a * b), a * a + d * d - b * b - c * c},
      {h.qoffset[0], h.qoffset[1], h.qoffset[2]});
}

/// Columns of unit length, right-handed, to b, c, d of a unit quaternion with a >= 0: the largest
/// of the four is taken from the diagonal, the others from it (Shepperd 1978).
Vec3 quaternion_of(const Vec3& x, const Vec3& y, const Vec3& z) {
  const double trace = x[0] + y[1] + z[2];
  std::array<double, 4> q{};  // a, b, c, d, each times four times the largest
  if (trace >= std::max({x[0], y[1], z[2]})) {
    q = {1 + trace, y[2] - z[1], z[0] - x[2], x[1] - y[0]};
  } else if (x[0] >= std::max(y[1], z[2])) {
    q = {y[2] - z[1], 1 + x[0] - y[1] - z[2], x[1] + y[0], z[0] + x[2]};
  } else if (y[1] >= z[2]) {
    q = {z[0] - x[2], x[1] + y[0], 1 + y[1] - x[0] - z[2], y[2] + z[1]};
  } else {
    q = {x[1] - y[0], z[0] + x[2], y[2] + z[1], 1 + z[2] - x[0] - y[1]};
  }
  double length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  if (q[0] < 0) length = -length;
  return {q[1] / length, q[2] / length, q[3] / length};
}

/// Largest distance between the places that two affines give the corners of a grid.
double corner_distance_mm(const Size3& size, const Affine& a, const Affine& b) {
  double worst = 0;
  for (int corner = 0; corner < 8; ++corner) {
    Vec3 index{};
    for (int axis = 0; axis < 3; ++axis) {
      const auto n = static_cast<std::size_t>(axis);
      index[n] = (corner >> axis & 1) != 0 ? static_cast<double>(size[n] - 1) : 0;
    }
    worst = std::max(worst, norm(a(index) - b(index)));
  }
  return worst;
}

template <typename T>
void reverse_bytes(T& value) {
  auto* bytes = reinterpret_cast<std::byte*>(&value);
  std::reverse(bytes, bytes + sizeof value);
}

template <typename T, std::size_t n>
void reverse_bytes(T (&values)[n]) {
  for (T& value : values) reverse_bytes(value);
}

}  // namespace

Affine swap_lps_ras(const Affine& affine) {
  Affine turned = affine;
  for (std::size_t i = 0; i < 8; ++i) turned.m[i] = -turned.m[i];
  return turned;
}

void set_affines(const Grid& grid, NiftiHeader& header) {
  const Affine ras = swap_lps_ras(grid.index_to_lps);
  const Vec3 spacing = grid.spacing_mm();
  const bool left_handed = ras.determinant() < 0;
  header.pixdim[0] = left_handed ? -1.0F : 1.0F;
  for (std::size_t row = 0; row < 3; ++row) {
    header.pixdim[row + 1] = static_cast<float>(spacing[row]);
    header.qoffset[row] = static_cast<float>(ras.m[row * 4 + 3]);
    for (std::size_t column = 0; column < 4; ++column) {
      header.srow[row][column] = static_cast<float>(ras.m[row * 4 + column]);
    }
  }
  header.sform_code = kScannerAnatomical;
  const Vec3 q = quaternion_of((1 / spacing[0]) * ras.column(0), (1 / spacing[1]) * ras.column(1),
                               ((left_handed ? -1 : 1) / spacing[2]) * ras.column(2));
  for (std::size_t i = 0; i < 3; ++i) header.quatern[i] = static_cast<float>(q[i]);
  if (corner_distance_mm(grid.size, affine_of_qform(header), ras) <= kQformToleranceMm) {
    header.qform_code = kScannerAnatomical;
    return;
  }
  header.pixdim[0] = 1;
  for (std::size_t i = 0; i < 3; ++i) header.quatern[i] = header.qoffset[i] = 0;
}

Affine affine_of(const NiftiHeader& h) {
  if (h.sform_code > 0) {
    Affine ras;
    for (std::size_t i = 0; i < 12; ++i) ras.m[i] = h.srow[i / 4][i % 4];
    return swap_lps_ras(ras);
  }
  if (h.qform_code > 0) return swap_lps_ras(affine_of_qform(h));
  Affine none;
  none.m.fill(0);
  return none;
}

std::vector<Reason> doubts_of_affine(const NiftiHeader& h) {
  std::vector<Reason> doubts;
  const int code = h.sform_code > 0 ? h.sform_code : h.qform_code;
  const char* which = h.sform_code > 0 ? "sform" : "qform";
  doubts.push_back({"sides_unconfirmed",
                    fmt::format("left and right are those of the {} (code {}); nothing in the file "
                                "confirms them",
                                which, code),
                    false});
  if (h.sform_code <= 0) {
    doubts.push_back({"qform_only", "the file has no sform; the qform places the voxels", false});
  } else if (h.qform_code > 0) {
    const Size3 size{h.dim[1], h.dim[2], h.dim[3]};
    const double off = corner_distance_mm(size, affine_of(h), swap_lps_ras(affine_of_qform(h)));
    if (!(off <= kAffinesAgreeMm)) {
      doubts.push_back(
          {"affines_differ",
           fmt::format("sform and qform place voxels up to {:.1f} mm apart; the sform was used",
                       off),
           false});
    }
  }
  if (code == kAlignedAnatomical) {
    doubts.push_back({"aligned_to_another_image",
                      fmt::format("{} code 2: the image was aligned to another one", which),
                      false});
  } else if (code > kAlignedAnatomical) {
    doubts.push_back({"template_space",
                      fmt::format("{} code {}: the image was moved into the space of a template; "
                                  "sizes may not be the patient's",
                                  which, code),
                      false});
  }
  return doubts;
}

void swap_bytes(NiftiHeader& h) {
  reverse_bytes(h.sizeof_hdr);
  reverse_bytes(h.dim);
  reverse_bytes(h.datatype);
  reverse_bytes(h.bitpix);
  reverse_bytes(h.pixdim);
  reverse_bytes(h.vox_offset);
  reverse_bytes(h.scl_slope);
  reverse_bytes(h.scl_inter);
  reverse_bytes(h.qform_code);
  reverse_bytes(h.sform_code);
  reverse_bytes(h.quatern);
  reverse_bytes(h.qoffset);
  reverse_bytes(h.srow);
}

}  // namespace osler::exchange
