#pragma once
// Evaluations -> TID 1501 groups: one for each class of each image. Inside the room only.

#include <string>
#include <vector>

#include "findings/findings.hpp"

class DcmItem;

namespace osler::objects {

/// TID 4019, below the content item that the algorithm gave.
/// @param more  further parameters
void add_algorithm(DcmItem& parent, const ModelUse& model,
                   const std::vector<std::string>& more = {});

/// A group names its class as Finding, says with Presence of property whether it is there, how
/// probable that is, and of which image. Of classes that exclude each other, the one that is there
/// answers the package's question besides: the question as the concept's name, the class as its
/// value.
/// @param measurements  the container Imaging Measurements
void add_evaluation_groups(DcmItem& measurements, DcmItem& source, const Findings& findings);

}  // namespace osler::objects
