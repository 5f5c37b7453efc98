#include "postprocess/components.hpp"

#include <itkConnectedComponentImageFilter.h>
#include <itkImage.h>
#include <itkImportImageFilter.h>

#include <algorithm>
#include <limits>

#include "core/error.hpp"

namespace osler {

LargestComponent largest_component(std::span<const std::uint8_t> mask, const Size3& size) {
  LargestComponent result;
  result.mask.assign(mask.size(), 0);
  const auto inside = std::count_if(mask.begin(), mask.end(), [](auto v) { return v != 0; });
  if (inside == 0) return result;

  using Mask = itk::Image<std::uint8_t, 3>;
  using Labels = itk::Image<std::uint32_t, 3>;
  const auto import = itk::ImportImageFilter<std::uint8_t, 3>::New();
  Mask::RegionType region;
  for (unsigned i = 0; i < 3; ++i) region.SetSize(i, static_cast<itk::SizeValueType>(size[i]));
  import->SetRegion(region);
  // The filter reads only; it has no const import.
  import->SetImportPointer(const_cast<std::uint8_t*>(mask.data()), mask.size(), false);
  const auto filter = itk::ConnectedComponentImageFilter<Mask, Labels>::New();
  filter->SetInput(import->GetOutput());
  filter->FullyConnectedOn();
  filter->Update();

  const std::uint32_t* labels = filter->GetOutput()->GetBufferPointer();
  std::vector<std::int64_t> counts(filter->GetObjectCount() + 1, 0);
  std::vector<std::size_t> first(counts.size(), std::numeric_limits<std::size_t>::max());
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (labels[i] == 0) continue;
    ++counts[labels[i]];
    first[labels[i]] = std::min(first[labels[i]], i);
  }
  std::uint32_t best = 1;
  for (std::uint32_t label = 2; label < counts.size(); ++label) {
    if (counts[label] > counts[best] ||
        (counts[label] == counts[best] && first[label] < first[best])) {
      best = label;
    }
  }
  result.voxels = counts[best];
  result.share = static_cast<double>(counts[best]) / static_cast<double>(inside);
  for (std::size_t i = 0; i < mask.size(); ++i) result.mask[i] = labels[i] == best ? 1 : 0;
  return result;
}

Bounds bounds_of(std::span<const std::uint8_t> mask, const Size3& size) {
  Size3 low = size, high{-1, -1, -1};
  std::size_t n = 0;
  for (std::int64_t z = 0; z < size[2]; ++z) {
    for (std::int64_t y = 0; y < size[1]; ++y) {
      for (std::int64_t x = 0; x < size[0]; ++x, ++n) {
        if (mask[n] == 0) continue;
        low = {std::min(low[0], x), std::min(low[1], y), std::min(low[2], z)};
        high = {std::max(high[0], x), std::max(high[1], y), std::max(high[2], z)};
      }
    }
  }
  if (high[0] < 0) throw Error(ErrorCode::bad_argument, "bounds of an empty mask");
  return {low, {high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1}};
}

}  // namespace osler
