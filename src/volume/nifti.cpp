#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>

#include "core/error.hpp"
#include "core/version.hpp"
#include "volume/exchange.hpp"
#include "volume/exchange_parts.hpp"
#include "volume/nifti_header.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace exchange {
namespace {

static_assert(std::endian::native == std::endian::little);

struct NiftiType {
  std::int16_t code;
  ScalarType type;
};
constexpr NiftiType kTypes[] = {
    {2, ScalarType::u8},    {256, ScalarType::i8}, {512, ScalarType::u16}, {4, ScalarType::i16},
    {768, ScalarType::u32}, {8, ScalarType::i32},  {16, ScalarType::f32}};
constexpr std::int16_t kDoubleCode = 64;
constexpr std::string_view kWriter = "osler ";  // how the description of our files begins
constexpr std::int16_t kIntentLabel = 1002;     // NIFTI_INTENT_LABEL

// ---------------------------------------------------------------- writing

/// True if single precision holds both; a slope of 0 would say "not scaled".
bool fits_header(const Rescale& r) {
  return std::isnormal(static_cast<float>(r.slope)) &&
         std::isfinite(static_cast<float>(r.intercept));
}

NiftiHeader header_of(const Grid& grid, ScalarType type) {
  NiftiHeader header;
  std::fill(std::begin(header.dim), std::end(header.dim), std::int16_t{1});
  header.dim[0] = 3;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t side = grid.size[axis];
    if (side > std::numeric_limits<std::int16_t>::max()) {
      throw Error(ErrorCode::bad_input, fmt::format("the volume has a side of {} voxels", side),
                  "at most 32767 in NIfTI-1", "write a MetaImage (--to mha)");
    }
    header.dim[axis + 1] = static_cast<std::int16_t>(side);
  }
  header.datatype = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const NiftiType& t) {
                      return t.type == type;
                    })->code;
  header.bitpix = static_cast<std::int16_t>(8 * bytes_of(type));
  const std::string by = fmt::format("{}{}", kWriter, kVersion);
  std::memcpy(header.descrip, by.data(), std::min(by.size(), sizeof header.descrip - 1));
  set_affines(grid, header);
  return header;
}

void write_header(const NiftiHeader& header, WholeFile& file) {
  std::array<std::byte, 352> bytes{};  // and four that say: no extension
  std::memcpy(bytes.data(), &header, sizeof header);
  file.write(bytes);
}

// ---------------------------------------------------------------- reading

class Reader {
 public:
  explicit Reader(const fs::path& file) : file_(file), stream_(::gzopen(file.c_str(), "rb")) {
    if (stream_ == nullptr) throw Error(ErrorCode::bad_input, "cannot read " + file.string());
  }
  ~Reader() { ::gzclose(stream_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void read(std::span<std::byte> out) {
    while (!out.empty()) {
      const auto wanted = static_cast<unsigned>(std::min<std::size_t>(out.size(), 1U << 30));
      const int got = ::gzread(stream_, out.data(), wanted);
      if (got <= 0) fail("truncated or damaged");
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }
  void skip_to(std::int64_t offset) {
    if (::gzseek(stream_, offset, SEEK_SET) != offset) fail("truncated or damaged");
  }
  /// Goes on to the end of a compressed stream, where its checksum is.
  void finish() {
    char rest = 0;
    int error = Z_OK;
    const int got = ::gzread(stream_, &rest, 1);
    ::gzerror(stream_, &error);
    if (got < 0 || error != Z_OK) fail("truncated or damaged");
  }
  [[noreturn]] void fail(const std::string& found, const std::string& expected = {},
                         const std::string& remedy = {}) const {
    throw Error(ErrorCode::bad_input, file_.string() + ": " + found, expected, remedy);
  }

 private:
  fs::path file_;
  gzFile stream_;
};

NiftiHeader read_header(Reader& in, bool& swapped) {
  NiftiHeader h;
  in.read(std::as_writable_bytes(std::span(&h, 1)));
  swapped = h.dim[0] < 1 || h.dim[0] > 7;
  if (swapped) swap_bytes(h);
  if (h.sizeof_hdr != 348 || std::memcmp(h.magic, "n+1", 4) != 0) {
    in.fail("is no NIfTI-1 volume of one file", "NIfTI-1 (.nii or .nii.gz)",
            "convert NIfTI-2, Analyze or a pair of files first");
  }
  if (h.dim[0] < 3 || std::any_of(h.dim + 4, h.dim + 1 + std::clamp<int>(h.dim[0], 3, 7),
                                  [](std::int16_t n) { return n != 1; })) {
    in.fail("does not hold one volume", "three dimensions", "split it into volumes first");
  }
  if (!(h.vox_offset >= 352) || h.vox_offset > static_cast<float>(1 << 30)) {
    in.fail("says that its values stand at no place that they can");
  }
  return h;
}

double mm_per_unit(const NiftiHeader& h, const Reader& in) {
  switch (h.xyzt_units & 7) {
    case 0:  // not said: millimetres, as every reader takes it
    case 2:
      return 1;
    case 1:
      return 1e3;
    case 3:
      return 1e-3;
    default:
      in.fail("has a unit of length that NIfTI does not know");
  }
}

/// Millimetres, LPS, as the header has it.
Grid grid_of(const NiftiHeader& h, const Reader& in) {
  if (h.sform_code <= 0 && h.qform_code <= 0) {
    in.fail("does not say where its voxels lie in the patient", "sform_code or qform_code above 0");
  }
  Grid grid;
  grid.size = {h.dim[1], h.dim[2], h.dim[3]};
  grid.index_to_lps = affine_of(h);
  const double mm = mm_per_unit(h, in);
  for (double& value : grid.index_to_lps.m) value *= mm;
  return grid;
}

Rescale rescale_of(const NiftiHeader& h, const Reader& in) {
  if (h.scl_slope == 0) return {};  // "not scaled"
  if (!std::isfinite(h.scl_slope) || !std::isfinite(h.scl_inter))
    in.fail("has a scaling that is no number");
  return {h.scl_slope, h.scl_inter};
}

/// Doubles become floats.
ScalarType scalar_type(const NiftiHeader& h, const Reader& in) {
  if (h.datatype == kDoubleCode) return ScalarType::f32;
  const auto* known = std::find_if(std::begin(kTypes), std::end(kTypes),
                                   [&](const NiftiType& t) { return t.code == h.datatype; });
  if (known == std::end(kTypes)) {
    in.fail(fmt::format("has voxels of type {}", h.datatype),
            "integers of 8, 16 or 32 bits, or float");
  }
  return known->type;
}

void turn_round(std::span<std::byte> bytes, std::size_t width) {
  if (width == 1) return;
  for (std::size_t i = 0; i < bytes.size(); i += width) {
    std::reverse(bytes.data() + i, bytes.data() + i + width);
  }
}

void read_doubles(Reader& in, bool swapped, Volume& volume) {
  std::vector<double> slice(static_cast<std::size_t>(volume.grid.size[0] * volume.grid.size[1]));
  const std::span<std::byte> all(volume.voxels.get(), volume.bytes());
  for (std::size_t k = 0; k < volume.slices.size(); ++k) {
    const auto bytes = std::as_writable_bytes(std::span(slice));
    in.read(bytes);
    if (swapped) turn_round(bytes, sizeof(double));
    narrow(slice, all.subspan(k * slice.size() * sizeof(float), slice.size() * sizeof(float)));
  }
}

}  // namespace

ExchangeHeader read_nifti_header(const fs::path& file, const dicom::Limits& limits) {
  Reader in(file);
  bool swapped = false;
  const NiftiHeader header = read_header(in, swapped);
  ExchangeHeader read{grid_of(header, in), doubts_of_affine(header)};
  read.own_labels = header.intent_code == kIntentLabel &&
                    std::string_view(header.descrip, sizeof header.descrip).starts_with(kWriter);
  static_cast<void>(rescale_of(header, in));
  check_grid(read.grid, scalar_type(header, in), file, limits);
  return read;
}

Volume read_nifti(const fs::path& file, const dicom::Limits& limits) {
  Reader in(file);
  bool swapped = false;
  const NiftiHeader header = read_header(in, swapped);
  const bool doubles = header.datatype == kDoubleCode;
  const ScalarType type = scalar_type(header, in);
  const Rescale rescale = rescale_of(header, in);
  Volume volume = empty_volume(grid_of(header, in), type, file, limits);
  for (SliceSource& slice : volume.slices) {
    slice.slope = rescale.slope;
    slice.intercept = rescale.intercept;
  }
  in.skip_to(std::llround(header.vox_offset));
  if (doubles) {
    read_doubles(in, swapped, volume);
  } else {
    const std::span<std::byte> all(volume.voxels.get(), volume.bytes());
    in.read(all);
    if (swapped) turn_round(all, bytes_of(type));
  }
  in.finish();
  make_right_handed(volume);
  return volume;
}

}  // namespace exchange

void write_nifti(const Volume& volume, const fs::path& file) {
  exchange::need_regular(volume.grid);
  using namespace exchange;
  const std::optional<Rescale> rescale = common_rescale(volume);
  const bool keep = rescale && fits_header(*rescale);
  const ScalarType type = keep ? volume.type : ScalarType::f32;
  NiftiHeader header = header_of(volume.grid, type);
  if (keep) {
    header.scl_slope = static_cast<float>(rescale->slope);
    header.scl_inter = static_cast<float>(rescale->intercept);
  }
  WholeFile out(file, file.extension() == ".gz");
  write_header(header, out);
  if (keep) {
    out.write(all_voxels(volume));
  } else {
    write_rescaled(volume, ScalarType::f32, out);
  }
  out.commit();
}

void write_nifti_labels(std::span<const std::uint8_t> labels, const Grid& grid, bool turn_round,
                        const fs::path& file, std::string_view description) {
  using namespace exchange;
  need_regular(grid);
  if (labels.size() != static_cast<std::size_t>(voxel_count(grid.size))) {
    throw Error(ErrorCode::bad_argument, "labels and grid have different sizes");
  }
  NiftiHeader header = header_of(turn_round ? turned_round(grid) : grid, ScalarType::u8);
  header.intent_code = kIntentLabel;
  const std::string by = fmt::format("{}{}: {}", kWriter, kVersion, description);
  std::memcpy(header.descrip, by.data(), std::min(by.size(), sizeof header.descrip - 1));
  WholeFile out(file, file.extension() == ".gz");
  write_header(header, out);
  const auto per_slice = static_cast<std::size_t>(grid.size[0] * grid.size[1]);
  const auto slices = static_cast<std::size_t>(grid.size[2]);
  for (std::size_t k = 0; k < slices; ++k) {
    out.write(
        std::as_bytes(labels.subspan((turn_round ? slices - 1 - k : k) * per_slice, per_slice)));
  }
  out.commit();
}

namespace {

/// Bytes that are written in one order and read in another: a file without a name in the folder of
/// the result, so that it takes the space that was meant for that and ends with the process.
class Spool {
 public:
  explicit Spool(const fs::path& beside) {
    const fs::path folder = beside.has_parent_path() ? beside.parent_path() : fs::path(".");
    std::string name = (folder / ".spool-XXXXXX").string();
    handle_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (handle_ < 0) fail(beside);
    ::unlink(name.c_str());
  }
  ~Spool() { ::close(handle_); }
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  void write(std::span<const std::byte> bytes, std::int64_t at, const fs::path& target) const {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(handle_, bytes.data(), bytes.size(), at);
      if (n <= 0) fail(target);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
      at += n;
    }
  }
  void read(std::span<std::byte> bytes, std::int64_t at, const fs::path& target) const {
    while (!bytes.empty()) {
      const ssize_t n = ::pread(handle_, bytes.data(), bytes.size(), at);
      if (n <= 0) fail(target);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
      at += n;
    }
  }

 private:
  [[noreturn]] static void fail(const fs::path& target) {
    throw Error(ErrorCode::output,
                fmt::format("cannot write {}: {}", target.string(), std::strerror(errno)), {},
                "free disk space, or give another --out");
  }

  int handle_ = -1;
};

}  // namespace

void write_nifti_series(const fs::path& file, const Grid& grid, bool turn_round, int volumes,
                        const std::function<std::span<const float>(std::int64_t slice)>& of_slice) {
  using namespace exchange;
  need_regular(grid);
  NiftiHeader header = header_of(turn_round ? turned_round(grid) : grid, ScalarType::f32);
  header.dim[0] = 4;
  header.dim[4] = static_cast<std::int16_t>(volumes);
  header.pixdim[4] = 1;
  const auto plane = static_cast<std::size_t>(grid.size[0] * grid.size[1]);
  const auto plane_bytes = static_cast<std::int64_t>(plane * sizeof(float));
  const std::int64_t slices = grid.size[2];
  const Spool spool(file);
  for (std::int64_t k = 0; k < slices; ++k) {
    const std::span<const float> all = of_slice(k);
    const std::int64_t place = turn_round ? slices - 1 - k : k;
    for (int v = 0; v < volumes; ++v) {
      spool.write(std::as_bytes(all.subspan(static_cast<std::size_t>(v) * plane, plane)),
                  (v * slices + place) * plane_bytes, file);
    }
  }
  WholeFile out(file, file.extension() == ".gz");
  write_header(header, out);
  std::vector<float> values(plane);
  for (std::int64_t i = 0; i < volumes * slices; ++i) {
    spool.read(std::as_writable_bytes(std::span(values)), i * plane_bytes, file);
    out.write(std::as_bytes(std::span(values)));
  }
  out.commit();
}

}  // namespace osler
