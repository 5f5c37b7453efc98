// Makes the head template of the hippocampus model out of Debian's Colin27.

#include <itkImage.h>
#include <itkImageFileReader.h>
#include <itkNiftiImageIO.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <system_error>

#include "core/error.hpp"
#include "core/sha256.hpp"
#include "preprocess/template.hpp"

namespace {

namespace fs = std::filesystem;
using Image = itk::Image<unsigned char, 3>;

constexpr int kWide_voxels = 8;

Image::Pointer read(const fs::path& file) {
  constexpr const char* kRemedy = "install the Debian package mricron-data";
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    throw osler::Error(osler::ErrorCode::bad_input, file.string() + " is missing", {}, kRemedy);
  }
  using Reader = itk::ImageFileReader<Image>;
  auto reader = Reader::New();
  reader->SetImageIO(itk::NiftiImageIO::New());
  reader->SetFileName(file.string());
  try {
    reader->Update();
  } catch (const itk::ExceptionObject& failure) {
    throw osler::Error(osler::ErrorCode::bad_input,
                       file.string() + " cannot be read: " + failure.GetDescription(),
                       "a NIfTI image", kRemedy);
  }
  return reader->GetOutput();
}

/// Marks every voxel within the radius of a brain voxel. Only the brain's border has to be spread.
void dilate(osler::HeadTemplate& head, int radius) {
  const osler::Size3 n = head.size;
  const auto at = [&](std::int64_t x, std::int64_t y, std::int64_t z) {
    return static_cast<std::size_t>((z * n[1] + y) * n[0] + x);
  };
  const auto is_inside = [&](std::int64_t x, std::int64_t y, std::int64_t z) {
    return x >= 0 && y >= 0 && z >= 0 && x < n[0] && y < n[1] && z < n[2];
  };
  const auto is_brain = [&](std::int64_t x, std::int64_t y, std::int64_t z) {
    return is_inside(x, y, z) && (head.masks[at(x, y, z)] & osler::kMaskBrain) != 0;
  };
  const auto spread = [&](std::int64_t x, std::int64_t y, std::int64_t z) {
    for (int dz = -radius; dz <= radius; ++dz) {
      for (int dy = -radius; dy <= radius; ++dy) {
        for (int dx = -radius; dx <= radius; ++dx) {
          if (dx * dx + dy * dy + dz * dz > radius * radius) continue;
          if (is_inside(x + dx, y + dy, z + dz)) {
            head.masks[at(x + dx, y + dy, z + dz)] |= osler::kMaskWide;
          }
        }
      }
    }
  };
  for (std::int64_t z = 0; z < n[2]; ++z) {
    for (std::int64_t y = 0; y < n[1]; ++y) {
      for (std::int64_t x = 0; x < n[0]; ++x) {
        if (!is_brain(x, y, z)) continue;
        head.masks[at(x, y, z)] |= osler::kMaskWide;
        const bool enclosed = is_brain(x - 1, y, z) && is_brain(x + 1, y, z) &&
                              is_brain(x, y - 1, z) && is_brain(x, y + 1, z) &&
                              is_brain(x, y, z - 1) && is_brain(x, y, z + 1);
        if (!enclosed) spread(x, y, z);
      }
    }
  }
}

osler::HeadTemplate make(const fs::path& head_file, const fs::path& brain_file) {
  const Image::Pointer t1 = read(head_file);
  const Image::Pointer brain = read(brain_file);
  const auto size = t1->GetLargestPossibleRegion().GetSize();
  if (size != brain->GetLargestPossibleRegion().GetSize() ||
      t1->GetOrigin() != brain->GetOrigin() || t1->GetSpacing() != brain->GetSpacing() ||
      t1->GetDirection() != brain->GetDirection()) {
    throw osler::Error(osler::ErrorCode::bad_input, "the head and the brain have different grids",
                       "ch2.nii.gz and ch2bet.nii.gz of the same package");
  }
  osler::HeadTemplate out;
  osler::Vec3 axes[3], origin;
  for (unsigned c = 0; c < 3; ++c) {
    out.size[c] = static_cast<std::int64_t>(size[c]);
    origin[c] = t1->GetOrigin()[c];
    for (unsigned r = 0; r < 3; ++r) axes[c][r] = t1->GetDirection()[r][c] * t1->GetSpacing()[c];
  }
  out.index_to_lps = osler::Affine::from_columns(axes[0], axes[1], axes[2], origin);
  const auto count = static_cast<std::size_t>(osler::voxel_count(out.size));
  out.t1.assign(t1->GetBufferPointer(), t1->GetBufferPointer() + count);
  out.masks.assign(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    if (brain->GetBufferPointer()[i] > 0) out.masks[i] = osler::kMaskBrain;
  }
  dilate(out, kWide_voxels);
  return out;
}

/// The file appears under its name only when it is whole.
void write(const fs::path& file, const std::string& bytes) {
  fs::path part = file;
  part += ".part";
  std::ofstream out(part, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  std::error_code error;
  if (out) fs::rename(part, file, error);
  if (out && !error) return;
  std::error_code ignored;
  fs::remove(part, ignored);
  throw osler::Error(osler::ErrorCode::output, "cannot write " + file.string(), {},
                     "free disk space, or name a file in a folder that can be written");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs(
        "usage: osler-make-template CH2 CH2BET OUT\n"
        "Writes the head template and prints its SHA-256.\n",
        stderr);
    return osler::kExitUsage;
  }
  try {
    const std::string bytes = osler::encode_template(make(argv[1], argv[2]));
    write(argv[3], bytes);
    std::printf("%s\n", osler::sha256_hex(std::as_bytes(std::span(bytes))).c_str());
    return osler::kExitOk;
  } catch (const osler::Error& error) {
    std::fprintf(stderr, "osler-make-template: %s\n", error.what());
    return osler::exit_code(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "osler-make-template: %s\n", error.what());
    return osler::kExitInternal;
  }
}
