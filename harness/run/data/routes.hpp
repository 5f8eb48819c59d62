#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ktb::run {

/// Does the way of an input through a hub agree with the part of a union that it is of?
/// `weights` [N, members]: of each test example; its first member is the one of most weight.
/// `domains` [N] int64; `own[d]`: the members that were trained on the data of domain d.
/// `route_information`: mutual information of first member and domain, in nats;
/// `own_domain_share`: of the examples whose domain has members of its own, those whose first
/// member is one of them; left out where there are none.
std::map<std::string, double> route_figures(const at::Tensor& weights, const at::Tensor& domains,
                                            const std::vector<std::vector<std::int64_t>>& own);

}  // namespace ktb::run
