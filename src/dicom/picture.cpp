#include "dicom/picture.hpp"

#include <cstring>
#include <span>
#include <string>

#include "core/error.hpp"
#include "dicom/colour.hpp"
#include "dicom/data_set.hpp"
#include "dicom/lookup_table.hpp"
#include "dicom/pixels.hpp"
#include "dicom/stored_values.hpp"

namespace osler::dicom {
namespace {

using Bytes = std::vector<std::byte>;

/// Stored value -> real value.
struct ToReal {
  std::optional<LookupTable> table;
  double slope = 1;
  double intercept = 0;

  ToReal(const Instance& instance, int frame, const Limits& limits) {
    if (instance.modality_lut) {
      table = read_table(instance, instance.modality_lut->table, limits);
    } else if (static_cast<std::size_t>(frame) < instance.frames.size()) {
      const Frame& f = instance.frames[static_cast<std::size_t>(frame)];
      slope = f.rescale_slope.value_or(1.0);
      intercept = f.rescale_intercept.value_or(0.0);
    }
  }
  double operator()(std::int64_t stored) const {
    return table ? (*table)(stored) : slope * static_cast<double>(stored) + intercept;
  }
  /// The least and the greatest value that there can be, added.
  double low_plus_high(const PixelFormat& p) const {
    if (table) return static_cast<double>((1U << table->bits) - 1);
    const std::int64_t values = std::int64_t{1} << p.bits_stored;
    const std::int64_t low = p.is_signed ? -values / 2 : 0;
    return (*this)(low) + (*this)(low + values - 1);
  }
};

void make_grey(const Instance& instance, int frame, const Bytes& stored, const Limits& limits,
               Picture& picture) {
  const PixelFormat& p = instance.pixels;
  const ToReal to_real(instance, frame, limits);
  const bool turned = p.photometric_interpretation == "MONOCHROME1";
  const double low_plus_high = to_real.low_plus_high(p);
  std::vector<float> grey(stored.size() / static_cast<std::size_t>(p.bits_allocated / 8));
  for_each_value(p, stored, [&](std::size_t i, std::int64_t value) {
    const double real = to_real(value);
    grey[i] = static_cast<float>(turned ? low_plus_high - real : real);
  });
  picture.values = std::move(grey);
}

std::vector<bool> padding_of(const Instance& instance, const Bytes& stored) {
  const StoredPadding padding(instance);
  std::vector<bool> out;
  if (!padding.any()) return out;
  for_each_value(instance.pixels, stored,
                 [&](std::size_t, std::int64_t value) { out.push_back(padding.holds(value)); });
  return out;
}

template <typename T>
std::vector<T> samples_of(const Bytes& stored) {
  std::vector<T> samples(stored.size() / sizeof(T));
  std::memcpy(samples.data(), stored.data(), stored.size());
  return samples;
}

void make_rgb(const PixelFormat& p, ColourModel model, const Bytes& stored, Picture& picture) {
  if (p.is_signed || p.bits_allocated > 16) {
    throw Error(ErrorCode::bad_input,
                p.is_signed ? "colour with signed samples"
                            : "colour of " + std::to_string(p.bits_allocated) + " bits a sample",
                "unsigned samples of 8 or 16 bits");
  }
  picture.colour_bits = p.bits_stored;
  const auto make = [&](auto word) {
    auto samples = samples_of<decltype(word)>(stored);
    if (model == ColourModel::ybr_full) ybr_to_rgb(std::span(samples), p.bits_stored);
    picture.values = std::move(samples);
  };
  if (p.bits_allocated == 8) {
    make(std::uint8_t{});
  } else {
    make(std::uint16_t{});
  }
}

using Palette = std::array<LookupTable, 3>;

Palette read_palette(const Instance& instance, const Limits& limits) {
  if (instance.palette.size() != 3) {
    throw Error(ErrorCode::bad_input, "PALETTE COLOR without a palette");
  }
  Palette palette;
  for (std::size_t c = 0; c < 3; ++c) {
    const TableInFile &table = instance.palette[c], &red = instance.palette[0];
    // Required by PS3.3 C.7.6.3.1.5.
    if (table.entries != red.entries || table.first_mapped != red.first_mapped ||
        table.bits != red.bits || (table.bits != 8 && table.bits != 16)) {
      throw Error(ErrorCode::bad_input, "palette descriptors that differ or have other bits",
                  "three equal descriptors, of 8 or 16 bits");
    }
    palette[c] = read_table(instance, table, limits);
  }
  if (palette[0].bits != palette[1].bits || palette[0].bits != palette[2].bits) {
    throw Error(ErrorCode::bad_input, "palettes whose entries differ in width");
  }
  return palette;
}

void look_up(const Instance& instance, const Bytes& stored, const Limits& limits,
             Picture& picture) {
  const Palette palette = read_palette(instance, limits);
  const PixelFormat& p = instance.pixels;
  picture.colour_bits = palette[0].bits;
  const std::size_t pixels = stored.size() / static_cast<std::size_t>(p.bits_allocated / 8);
  with_word(picture.colour_bits, [&](auto word) {
    using T = decltype(word);
    if constexpr (sizeof(T) <= 2) {
      std::vector<T> rgb(3 * pixels);
      for_each_value(p, stored, [&](std::size_t i, std::int64_t value) {
        for (std::size_t c = 0; c < 3; ++c) rgb[3 * i + c] = static_cast<T>(palette[c](value));
      });
      picture.values = std::move(rgb);
    }
  });
}

bool is_positive(const std::optional<std::array<double, 2>>& pair) {
  return pair && (*pair)[0] > 0 && (*pair)[1] > 0;
}

void describe_pixel(const Instance& instance, int frame, Picture& picture) {
  const auto take = [&](const std::optional<std::array<double, 2>>& mm, PixelSizeFrom from) {
    if (!picture.pixel_size && is_positive(mm)) picture.pixel_size = PixelSize{*mm, from};
  };
  if (static_cast<std::size_t>(frame) < instance.frames.size()) {
    take(instance.frames[static_cast<std::size_t>(frame)].spacing_mm, PixelSizeFrom::pixel_spacing);
  }
  take(instance.imager_pixel_spacing_mm, PixelSizeFrom::imager_pixel_spacing);
  take(instance.nominal_scanned_pixel_spacing_mm, PixelSizeFrom::nominal_scanned_pixel_spacing);
  if (!picture.pixel_size && is_positive(instance.pixel_aspect_ratio)) {
    const auto& ratio = *instance.pixel_aspect_ratio;
    picture.pixel_height_to_width = ratio[0] / ratio[1];
  }
}

/// A picture may need more room than its frame: single precision, three colours of an index.
void check_room(const PixelFormat& p, ColourModel model, const Limits& limits) {
  const std::int64_t pixel = model == ColourModel::grey ? 4 : model == ColourModel::palette ? 6 : 0;
  if (static_cast<std::int64_t>(p.rows) * p.columns * pixel > limits.max_frame_bytes) {
    throw Error(
        ErrorCode::bad_input,
        "a picture of " + std::to_string(p.columns) + " x " + std::to_string(p.rows) + " pixels",
        "at most " + std::to_string(limits.max_frame_bytes) + " bytes");
  }
}

void check_presentation(const Instance& instance) {
  if (instance.pixel_presentation != "COLOR" && instance.pixel_presentation != "MIXED") return;
  throw Error(ErrorCode::bad_input,
              "Pixel Presentation " + *instance.pixel_presentation +
                  ": grey values with a supplemental palette",
              "grey or colour");
}

void fill(const Instance& instance, int frame, const Limits& limits, ColourModel model,
          const Bytes& stored, Picture& picture) {
  if (model == ColourModel::grey) {
    make_grey(instance, frame, stored, limits, picture);
  } else if (model == ColourModel::palette) {
    look_up(instance, stored, limits, picture);
  } else {
    make_rgb(instance.pixels, model, stored, picture);
  }
  if (instance.pixels.samples_per_pixel == 1) picture.padding = padding_of(instance, stored);
}

}  // namespace

Picture read_picture(const Instance& instance, int frame, const Limits& limits) {
  const PixelFormat& p = instance.pixels;
  const FrameDecoder decoder(instance, limits);
  const ColourModel model = decoder.colour_model(frame);
  with_file_name(instance, [&] {
    check_presentation(instance);
    check_room(p, model, limits);
  });
  Bytes stored(frame_bytes(p, limits));
  decoder.decode(frame, stored);

  Picture picture;
  picture.rows = p.rows;
  picture.columns = p.columns;
  describe_pixel(instance, frame, picture);
  with_file_name(instance, [&] { fill(instance, frame, limits, model, stored, picture); });
  return picture;
}

}  // namespace osler::dicom
