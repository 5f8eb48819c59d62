#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ktb/model.hpp"

namespace ktb {

/// How a group of parameters is optimised.
struct Recipe {
  std::string optimizer = "sgd";  ///< sgd, adamw, adam
  double lr = 0.1, momentum = 0.9, weight_decay = 0, clip = 0;
  double dampening = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  bool nesterov = false, amsgrad = false;
  std::function<double(double)> schedule;  ///< factor from progress in [0, 1); pure; none: constant
};

struct Group {
  std::string name;
  std::vector<Tensor> parameters;
  double lr_scale = 1;
  std::optional<double> weight_decay;
  std::optional<Recipe> recipe;  ///< none: the suite's
  bool manual = false;           ///< stepped by Step::update, not by the harness
};

/// The target's trunk as a group that learns at `lr_scale` times the rate of the rest; with a
/// `weight_decay`, that instead of the suite's.
KTB_API Group trunk_group(const Model& model, double lr_scale,
                          std::optional<double> weight_decay = {});
/// Its head likewise.
KTB_API Group head_group(const Model& model, double lr_scale,
                         std::optional<double> weight_decay = {});

/// The whole target without weight decay, its trunk at `trunk_lr` times the rate: for methods that
/// pull weights back themselves.
KTB_API std::vector<Group> groups_without_decay(const Model& model, double trunk_lr);

}  // namespace ktb
