#pragma once
// Reading the image steps of a description. Inside the room only.

#include <string_view>

#include "registry/image_steps.hpp"
#include "registry/member_reader.hpp"

namespace osler {

bool is_image_step(std::string_view name);

/// Reads one step into its place. @throws Error model: a member that is missing, wrong or unknown
void read_image_step(const MemberReader& r, ImageSteps& into);

/// Members order, order_across, separate and anisotropy.
void read_nnunet_rule(const MemberReader& r, NnunetResampleStep& step);

PadWith read_pad_with(const MemberReader& r, const char* key);

/// Member `key`: "source" or "network". @return true: the network's grid
bool read_on_network(const MemberReader& r, const char* key);

/// Member "dimensions", 3 unless given. @return true: 2
bool read_planar(const MemberReader& r);

}  // namespace osler
