#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "run/weights/weights_file.hpp"

namespace torch::nn {
class Module;
}

namespace ktb::run {

/// Which tensors of a file are a network's, and what is left over on both sides.
struct Fit {
  std::string prefix;  ///< below which the file has the network: `state_dict.module.`
  /// The network's own tensor, the file's.
  std::vector<std::pair<Tensor, const TensorEntry*>> taken = {};
  std::vector<std::string> head = {};    ///< why each of the head's tensors is not the file's
  std::vector<std::string> unused = {};  ///< below the prefix, and nothing of the network's

  /// In sentences, for a record and a table's footnotes.
  std::vector<std::string> warnings(const std::string& path) const;
};

/// Finds the network by names, types and shapes alone. A file may have it behind any prefix, its
/// library's or its trainer's, and `LayerNorm.gamma` stands for `LayerNorm.weight`. `prefix`: below
/// which to look, "." for names without any; "": wherever one network is. `head`: the submodule
/// that may be missing, or of another shape; it is taken whole or not at all. Throws Error, with
/// both sides' names and shapes, where nothing fits, where two networks fit, and where numbers are
/// of another kind.
Fit fit_weights(const torch::nn::Module& network, const WeightsFile& file,
                const std::string& prefix = {}, const std::string& head = {});

/// Copies what fits. Returns the warnings. Throws as above, and where a weight is not finite.
std::vector<std::string> load_weights(torch::nn::Module& network, const WeightsFile& file,
                                      const std::string& prefix = {}, const std::string& head = {});

}  // namespace ktb::run
