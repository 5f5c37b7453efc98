#pragma once
// Which series of a study is which channel of a model. Inside the room only.

#include <map>
#include <string>
#include <vector>

#include "dicom/study.hpp"
#include "registry/package.hpp"
#include "volume/verdict.hpp"

namespace osler {

/// What the user said: a series by its UID, or a file or folder that holds it, for a channel's
/// name.
using ChannelWishes = std::map<std::string, std::string>;

struct ChannelChoice {
  std::vector<const dicom::Series*> series;  ///< one per channel; empty if not all were found
  std::vector<Reason> reasons;               ///< why not
};

/// A channel that the user did not name is looked for by its name among the words of series
/// descriptions; "T1" is not found in "T1 post contrast" where another channel is "T1 contrast":
/// it must be one series alone, and no series is two channels.
ChannelChoice choose_channels(const dicom::Study& study, const ModelPackage& package,
                              const ChannelWishes& wishes);

/// Series that the user named for a channel, by UID or by where their files lie.
bool is_wished(const dicom::Series& series, const std::string& wish);

}  // namespace osler
