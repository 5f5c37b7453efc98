#pragma once
// Points and affine maps in three dimensions, double precision, nothing more.

#include <array>
#include <cmath>
#include <cstdint>

namespace osler {

using Vec3 = std::array<double, 3>;
using Size3 = std::array<std::int64_t, 3>;  ///< {x, y, z}, x fastest in memory

inline Vec3 operator+(const Vec3& a, const Vec3& b) {
  return {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
}
inline Vec3 operator-(const Vec3& a, const Vec3& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}
inline Vec3 operator*(double s, const Vec3& a) {
  return {s * a[0], s * a[1], s * a[2]};
}
inline double dot(const Vec3& a, const Vec3& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
inline double norm(const Vec3& a) {
  return std::sqrt(dot(a, a));
}
inline Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
inline std::int64_t voxel_count(const Size3& size) {
  return size[0] * size[1] * size[2];
}

/// y = L x + t. `m` is the 3 x 4 matrix [L | t], row by row.
struct Affine {
  std::array<double, 12> m{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};

  bool operator==(const Affine&) const = default;

  /// Columns of the linear part and the translation.
  static Affine from_columns(const Vec3& x, const Vec3& y, const Vec3& z, const Vec3& origin) {
    return {
        {x[0], y[0], z[0], origin[0], x[1], y[1], z[1], origin[1], x[2], y[2], z[2], origin[2]}};
  }
  Vec3 column(int c) const { return {m[c], m[4 + c], m[8 + c]}; }
  Vec3 origin() const { return column(3); }
  Vec3 operator()(const Vec3& p) const {
    return {m[0] * p[0] + m[1] * p[1] + m[2] * p[2] + m[3],
            m[4] * p[0] + m[5] * p[1] + m[6] * p[2] + m[7],
            m[8] * p[0] + m[9] * p[1] + m[10] * p[2] + m[11]};
  }
  double determinant() const { return dot(column(0), cross(column(1), column(2))); }
};

/// (a * b)(p) = a(b(p))
inline Affine operator*(const Affine& a, const Affine& b) {
  return Affine::from_columns(a(b.column(0)) - a.origin(), a(b.column(1)) - a.origin(),
                              a(b.column(2)) - a.origin(), a(b.origin()));
}

/// The inverse map; the determinant must not be 0 (the caller's contract).
inline Affine inverse(const Affine& a) {
  const Vec3 x = a.column(0), y = a.column(1), z = a.column(2);
  const double s = 1.0 / dot(x, cross(y, z));
  const Vec3 rx = s * cross(y, z), ry = s * cross(z, x), rz = s * cross(x, y);
  const Vec3 t = a.origin();
  return {{rx[0], rx[1], rx[2], -dot(rx, t), ry[0], ry[1], ry[2], -dot(ry, t), rz[0], rz[1], rz[2],
           -dot(rz, t)}};
}

}  // namespace osler
