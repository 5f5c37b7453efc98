#pragma once
// Pixels of a written segmentation, read back part by part. Inside the room only.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

class DcmItem;
class DcmPixelData;
class DcmFileCache;

namespace osler::objects {

/// @throws Error internal: what was written is not what was meant
[[noreturn]] void fail_reading_back(const std::string& what);

/// What the voxels of one frame give to one segment.
struct Share {
  std::int64_t voxels = 0;
  std::int64_t rows = 0;     ///< sum of their row indices
  std::int64_t columns = 0;  ///< and of their column indices
};

struct FrameSize {
  std::size_t rows = 0;
  std::size_t columns = 0;

  std::size_t pixels() const { return rows * columns; }
};

/// Pixel i of the frame is bit `first` + i.
Share share_of_bits(const std::uint8_t* bytes, std::size_t first, const FrameSize& size);

/// Pixels are numbers of segments, of uint8_t or uint16_t.
/// @param shares  one per number, added to; a number that has none fails
template <typename T>
void shares_of_numbers(const T* pixels, const FrameSize& size, std::vector<Share>& shares);

/// Pixel data as they are needed, not all at once.
class PixelReader {
 public:
  /// Borrows the object. @throws Error internal: no pixels, or too few
  PixelReader(DcmItem& object, std::size_t frames, const FrameSize& size);
  ~PixelReader();
  PixelReader(const PixelReader&) = delete;
  PixelReader& operator=(const PixelReader&) = delete;

  int bits() const { return bits_; }  ///< allocated for a pixel

  /// Bytes begin ... end - 1 of uncompressed pixels.
  std::vector<std::uint8_t> bytes(std::uint64_t begin, std::uint64_t end);

  /// One frame of whole bytes, decoded.
  std::vector<std::uint8_t> frame(std::size_t i);

 private:
  DcmItem& object_;
  FrameSize size_;
  int bits_ = 0;
  bool compressed_ = false;
  DcmPixelData* data_ = nullptr;
  std::unique_ptr<DcmFileCache> cache_;
  std::uint32_t fragment_ = 0;
};

}  // namespace osler::objects
