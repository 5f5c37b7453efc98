#pragma once
// What the header of a source image says about one of its frames, for an image that is made of it.

#include <filesystem>
#include <memory>

#include "volume/volume.hpp"

class DcmFileFormat;
class DcmItem;
class DcmTagKey;

namespace osler::objects {

/// Headers of the files that slices came from; each is read once while slices of it follow each
/// other.
class ImageSource {
 public:
  ImageSource();
  ~ImageSource();
  ImageSource(const ImageSource&) = delete;
  ImageSource& operator=(const ImageSource&) = delete;

  /// Goes to the frame of a slice. @throws Error bad_input if its file cannot be read (any more)
  void open(const SliceSource& slice);

  /// The data set, without pixels.
  DcmItem& header() const;

  bool is_multi_frame() const;

  /// Copies an attribute to the top level of `object`: the frame's own, else the one that all
  /// frames share, else the header's. @return false if there is none or it breaks its own value
  /// representation
  bool copy(DcmItem& object, const DcmTagKey& tag) const;

  /// A number of the frame as it stands there, of any VR; false if there is none.
  bool number(const DcmTagKey& tag, double& value) const;

 private:
  DcmItem* holder_of(const DcmTagKey& tag) const;

  std::filesystem::path file_;
  std::unique_ptr<DcmFileFormat> object_;
  DcmItem* per_frame_ = nullptr;
  DcmItem* shared_ = nullptr;
};

}  // namespace osler::objects
