#include "ktb/transfer/sites.hpp"

#include "ktb/error.hpp"

namespace ktb {
namespace {

Tensor matrix_at(const Model& model, const std::string& name) {
  auto weight = model.site(name);
  if (weight.dim() < 2) throw Error("`" + name + "` is no matrix; choose another site");
  return weight;
}

}  // namespace

std::vector<SitePair> pair_sites(const Model& to, const std::vector<std::string>& into,
                                 const Model& of, const std::vector<std::string>& from) {
  if (into.size() != from.size())
    throw Error("knowledge enters at " + std::to_string(into.size()) + " sites and leaves at " +
                std::to_string(from.size()) + "; name as many in `into` as in `from`");
  std::vector<SitePair> pairs;
  for (std::size_t i = 0; i < into.size(); ++i)
    pairs.push_back({into[i], from[i], matrix_at(to, into[i]), matrix_at(of, from[i])});
  return pairs;
}

Tensor as_matrix(const Tensor& weight) {
  return weight.detach().clone(at::MemoryFormat::Contiguous).flatten(1);
}

}  // namespace ktb
