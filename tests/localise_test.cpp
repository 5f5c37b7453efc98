#include "preprocess/localise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "preprocess/affine_register.hpp"

namespace osler {
namespace {

const Vec3 kLeft{26, 22, -11}, kRight{-26.5, 22, -11};  // hippocampi of Colin27, LPS mm
constexpr double kAgree_mm = 1.0;                       // what the two passes after it forgive: 10

// The gates of the hippocampus model, which stand in its package.
bool passes_gates(const Localisation& found) {
  return found.mutual_information >= 0.12 && found.correlation >= 0.40 &&
         found.singular_values[0] <= 1.30 && found.singular_values[2] >= 0.70 &&
         found.brain_inside >= 0.98;
}

/// How far p is from the middle of an ellipsoid, 1 on its surface.
double radius(const Vec3& p, const Vec3& middle, const Vec3& half) {
  const Vec3 d = p - middle;
  return std::sqrt(d[0] * d[0] / (half[0] * half[0]) + d[1] * d[1] / (half[1] * half[1]) +
                   d[2] * d[2] / (half[2] * half[2]));
}

/// A head made of ellipsoids at 2 mm: scalp, skull, grey and white matter, ventricles, brain stem,
/// cerebellum, and a few lumps that tell front from back and left from right.
HeadTemplate phantom() {
  HeadTemplate head;
  head.size = {90, 108, 90};
  head.index_to_lps = Affine::from_columns({-2, 0, 0}, {0, -2, 0}, {0, 0, 2}, {89, 124, -70});
  for (std::int64_t k = 0; k < head.size[2]; ++k) {
    for (std::int64_t j = 0; j < head.size[1]; ++j) {
      for (std::int64_t i = 0; i < head.size[0]; ++i) {
        const Vec3 p = head.index_to_lps({double(i), double(j), double(k)});
        const Vec3 middle{0, 18, 10};
        const double brain = radius(p, middle, {68, 86, 66});
        double value = 0;
        if (radius(p, middle, {80, 98, 80}) < 1) value = 220;         // scalp
        if (radius(p, {0, -60, -45}, {45, 40, 30}) < 1) value = 160;  // face
        if (radius(p, {0, 30, -65}, {45, 45, 40}) < 1) value = 130;   // neck
        if (radius(p, middle, {74, 92, 73}) < 1) value = 20;          // skull
        if (brain < 1)
          value = 90 + 12 * std::sin(p[0] / 6) * std::sin(p[1] / 7) * std::sin(p[2] / 5);
        if (brain < 0.78) value = 150;
        if (radius(p, {14, 10, 14}, {8, 34, 9}) < 1) value = 35;
        if (radius(p, {-15, 12, 14}, {7, 30, 10}) < 1) value = 35;
        if (radius(p, {0, 25, -35}, {13, 14, 35}) < 1) value = 140;
        if (radius(p, {0, 60, -38}, {46, 26, 22}) < 1) value = 105;
        if (radius(p, {40, -20, 20}, {14, 10, 12}) < 1) value = 70;
        if (radius(p, {-44, 40, 30}, {10, 16, 10}) < 1) value = 60;
        if (radius(p, kLeft, {7, 18, 7}) < 1) value = 85;
        if (radius(p, kRight, {7, 18, 7}) < 1) value = 85;
        head.t1.push_back(static_cast<std::uint8_t>(value));
        head.masks.push_back((brain < 1 ? kMaskBrain : 0) |
                             (radius(p, middle, {76, 94, 74}) < 1 ? kMaskWide : 0));
      }
    }
  }
  return head;
}

const HeadTemplate& shared_phantom() {
  static const HeadTemplate head = phantom();
  return head;
}

struct Head {
  Size3 size{110, 130, 120};
  Affine index_to_lps = Affine::from_columns({2, 0, 0}, {0, 2, 0}, {0, 0, 2}, {-109, -129, -119});
  std::vector<float> voxels;
  HeadImage image() const { return {size, index_to_lps, voxels}; }
};

/// The template's T1 seen through a map from the template to the head, with noise and a gain.
Head moved(const HeadTemplate& source, const Affine& to_head) {
  Head head;
  const RegistrationImage t1{
      source.size, source.index_to_lps, {source.t1.begin(), source.t1.end()}};
  const Affine to_index = inverse(source.index_to_lps);
  const Affine to_template = inverse(to_head);
  std::mt19937 engine(5);
  for (std::int64_t k = 0; k < head.size[2]; ++k) {
    for (std::int64_t j = 0; j < head.size[1]; ++j) {
      for (std::int64_t i = 0; i < head.size[0]; ++i) {
        const Vec3 p = head.index_to_lps({double(i), double(j), double(k)});
        const float noise = static_cast<float>(engine() >> 8) / 16777216.0F;
        head.voxels.push_back(7 * sample(t1, to_index, to_template(p), 0) + 30 * noise);
      }
    }
  }
  return head;
}

/// Pitch, then roll, then yaw.
Affine similarity(double scale, const Vec3& degrees, const Vec3& shift_mm) {
  const auto turn = [](int axis, double angle_deg) {
    const double angle = angle_deg * std::numbers::pi / 180;
    const int a = (axis + 1) % 3, b = (axis + 2) % 3;
    Affine out;
    out.m[4 * a + a] = out.m[4 * b + b] = std::cos(angle);
    out.m[4 * b + a] = std::sin(angle);
    out.m[4 * a + b] = -std::sin(angle);
    return out;
  };
  Affine out = turn(2, degrees[2]) * turn(1, degrees[1]) * turn(0, degrees[0]);
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) out.m[4 * r + c] *= scale;
    out.m[4 * r + 3] = shift_mm[r];
  }
  return out;
}

Head noise(const Size3& size) {
  Head head;
  head.size = size;
  std::mt19937 engine(3);
  for (std::int64_t i = 0; i < voxel_count(size); ++i) {
    head.voxels.push_back(static_cast<float>(engine() % 1000));
  }
  return head;
}

void expect_same(const Localisation& a, const Localisation& b) {
  EXPECT_EQ(a.template_to_head.m, b.template_to_head.m);
  EXPECT_EQ(a.mutual_information, b.mutual_information);
  EXPECT_EQ(a.correlation, b.correlation);
  EXPECT_EQ(a.singular_values, b.singular_values);
  EXPECT_EQ(a.brain_inside, b.brain_inside);
  EXPECT_EQ(a.starts_tried, b.starts_tried);
  EXPECT_EQ(a.retried, b.retried);
}

struct Pose {
  double scale;
  Vec3 degrees, shift_mm;
};

TEST(Localise, FindsAReposedTemplate) {
  for (const Pose& pose :
       {Pose{0.9, {15, -8, 12}, {10, -12, 5}}, Pose{1, {-25, 5, -15}, {-14, 6, -9}},
        Pose{0.82, {28, 14, -10}, {0, 10, 12}}}) {
    const Affine truth = similarity(pose.scale, pose.degrees, pose.shift_mm);
    const Head head = moved(shared_phantom(), truth);
    const Localisation found = localise(head.image(), shared_phantom());
    EXPECT_LT(norm(found.template_to_head(kLeft) - truth(kLeft)), kAgree_mm);
    EXPECT_LT(norm(found.template_to_head(kRight) - truth(kRight)), kAgree_mm);
    EXPECT_NEAR(found.singular_values[0], pose.scale, 0.02);
    EXPECT_NEAR(found.singular_values[2], pose.scale, 0.02);
    EXPECT_TRUE(passes_gates(found));
  }
}

TEST(Localise, FindsColin27InAnotherPose) {
  const char* folder = std::getenv("OSLER_TEMPLATES");
  const std::filesystem::path file =
      std::filesystem::path(folder == nullptr ? "" : folder) / "colin27-t1.mha";
  if (folder == nullptr || !std::filesystem::exists(file)) {
    GTEST_SKIP() << "the head template is not in OSLER_TEMPLATES; tools/test makes it";
  }
  const auto bytes = read_file(file, std::size_t{1} << 26);
  const HeadTemplate colin =
      decode_template({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const Affine truth = similarity(0.88, {-18, 12, 16}, {8, -15, 10});
  const Head head = moved(colin, truth);
  const Localisation found = localise(head.image(), colin);
  EXPECT_LT(norm(found.template_to_head(kLeft) - truth(kLeft)), kAgree_mm);
  EXPECT_LT(norm(found.template_to_head(kRight) - truth(kRight)), kAgree_mm);
  EXPECT_TRUE(passes_gates(found));
}

TEST(Localise, DoesNotDependOnThreadsOrStorageOrder) {
  const Head head = moved(shared_phantom(), similarity(0.9, {10, -5, 8}, {5, -5, 5}));
  LocaliseOptions one, four;
  one.threads = 1;
  four.threads = 4;
  const Localisation expected = localise(head.image(), shared_phantom(), four);
  one.stop_early = four.stop_early = false;
  const Localisation thorough = localise(head.image(), shared_phantom(), one);
  expect_same(localise(head.image(), shared_phantom(), four), thorough);
  EXPECT_GT(thorough.starts_tried, expected.starts_tried);

  Head reversed = head;  // x stored the other way round
  const Affine& a = head.index_to_lps;
  const double last = static_cast<double>(head.size[0] - 1);
  reversed.index_to_lps =
      Affine::from_columns(-1 * a.column(0), a.column(1), a.column(2), a({last, 0, 0}));
  for (auto row = reversed.voxels.begin(); row != reversed.voxels.end(); row += head.size[0]) {
    std::reverse(row, row + head.size[0]);
  }
  const Localisation other = localise(reversed.image(), shared_phantom());
  EXPECT_LT(norm(other.template_to_head(kLeft) - expected.template_to_head(kLeft)), kAgree_mm);
}

TEST(Localise, GivesNoSignalWithoutContrast) {
  Head head;
  head.voxels.assign(static_cast<std::size_t>(voxel_count(head.size)), 42.0F);
  const Localisation found = localise(head.image(), shared_phantom());
  EXPECT_EQ(found.mutual_information, 0);
  EXPECT_EQ(found.correlation, 0);
  EXPECT_TRUE(found.retried);
  for (const double m : found.template_to_head.m) EXPECT_TRUE(std::isfinite(m));
}

TEST(Localise, NoiseFailsTheGates) {
  EXPECT_FALSE(passes_gates(localise(noise({48, 48, 48}).image(), shared_phantom())));
}

TEST(Localise, TinyImagesFailTheGates) {
  for (const Size3& size : {Size3{1, 1, 1}, Size3{2, 2, 2}, Size3{5, 3, 4}, Size3{16, 16, 1}}) {
    EXPECT_FALSE(passes_gates(localise(noise(size).image(), shared_phantom())));
  }
}

TEST(Localise, HalfAHeadFailsTheGates) {
  Head head = moved(shared_phantom(), similarity(0.9, {0, 0, 0}, {0, 0, 0}));
  head.size[2] /= 2;
  head.voxels.resize(static_cast<std::size_t>(voxel_count(head.size)));
  const Localisation found = localise(head.image(), shared_phantom());
  EXPECT_FALSE(passes_gates(found));
}

TEST(Localise, ToleratesValuesThatAreNotFinite) {
  Head head = moved(shared_phantom(), similarity(0.9, {5, 5, 5}, {0, 0, 0}));
  for (std::size_t i = 0; i < head.voxels.size(); i += 5003) {
    head.voxels[i] = i % 2 == 0 ? std::numeric_limits<float>::quiet_NaN()
                                : std::numeric_limits<float>::infinity();
  }
  EXPECT_TRUE(passes_gates(localise(head.image(), shared_phantom())));
}

TEST(Localise, RefusesABrokenContract) {
  Head head = noise({8, 8, 8});
  head.size = {8, 8, 9};
  EXPECT_THROW(localise(head.image(), shared_phantom()), Error);
  head.size = {0, 8, 8};
  EXPECT_THROW(localise(head.image(), shared_phantom()), Error);
  head.size = {8, 8, 8};
  head.index_to_lps = Affine::from_columns({1, 0, 0}, {1, 0, 0}, {0, 0, 1}, {0, 0, 0});
  EXPECT_THROW(localise(head.image(), shared_phantom()), Error);
}

}  // namespace
}  // namespace osler
