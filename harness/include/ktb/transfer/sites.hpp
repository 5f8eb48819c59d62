#pragma once
#include <string>
#include <vector>

#include "ktb/model.hpp"

namespace ktb {

/// A weight where knowledge enters and the one that it comes from; both are live, and matrices once
/// all axes but the first are one.
struct SitePair {
  std::string into, from;
  Tensor taken, given;
};

/// The first site of one model with the first of the other, and so on. Throws Error where the lists
/// are of unequal length or a weight has a single axis.
KTB_API std::vector<SitePair> pair_sites(const Model& to, const std::vector<std::string>& into,
                                         const Model& of, const std::vector<std::string>& from);

/// A copy of a weight as a matrix, without gradient.
KTB_API Tensor as_matrix(const Tensor& weight);

}  // namespace ktb
