#include "objects/image_source.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "objects/modules.hpp"

namespace osler::objects {
namespace {

DcmItem* item_of(DcmItem& header, const DcmTagKey& sequence, long index) {
  DcmItem* item = nullptr;
  return header.findAndGetSequenceItem(sequence, item, index).good() ? item : nullptr;
}

/// The item below `groups` that has the attribute: functional groups are sequences of one item.
DcmItem* below(DcmItem* groups, const DcmTagKey& tag) {
  if (groups == nullptr) return nullptr;
  for (unsigned long i = 0; i < groups->card(); ++i) {
    auto* sequence = dynamic_cast<DcmSequenceOfItems*>(groups->getElement(i));
    if (sequence == nullptr || sequence->card() == 0) continue;
    DcmItem* group = sequence->getItem(0);
    if (group->tagExistsWithValue(tag)) return group;
  }
  return nullptr;
}

}  // namespace

ImageSource::ImageSource() = default;
ImageSource::~ImageSource() = default;

void ImageSource::open(const SliceSource& slice) {
  if (slice.file != file_) {
    object_ = read_header(slice.file);
    file_ = slice.file;
    shared_ = item_of(header(), DCM_SharedFunctionalGroupsSequence, 0);
  }
  per_frame_ = item_of(header(), DCM_PerFrameFunctionalGroupsSequence, slice.frame - 1);
}

DcmItem& ImageSource::header() const {
  return *object_->getDataset();
}

bool ImageSource::is_multi_frame() const {
  return header().tagExistsWithValue(DCM_NumberOfFrames);
}

DcmItem* ImageSource::holder_of(const DcmTagKey& tag) const {
  if (DcmItem* frame = below(per_frame_, tag)) return frame;
  if (DcmItem* shared = below(shared_, tag)) return shared;
  return header().tagExistsWithValue(tag) ? &header() : nullptr;
}

bool ImageSource::copy(DcmItem& object, const DcmTagKey& tag) const {
  DcmItem* holder = holder_of(tag);
  return holder != nullptr && copy_if_valid(object, *holder, tag);
}

bool ImageSource::number(const DcmTagKey& tag, double& value) const {
  DcmItem* holder = holder_of(tag);
  return holder != nullptr && holder->findAndGetFloat64(tag, value).good();
}

}  // namespace osler::objects
