#pragma once
#include <string>

#include "ktb/task.hpp"

// How well features explain labels by a Bayesian linear model: the logarithm of its maximum
// evidence per example. You et al., ICML 2021, arXiv 2102.11005;
// fixed point and tuning: arXiv 2110.10545.

namespace ktb::b_tuning {

/// How the evidence is maximised; the public codes differ.
/// Defaults are those of thuml's Transfer-Learning-Library.
struct LogMeRule {
  double stop = 0.01;  ///< ends at this relative change of alpha / beta
  std::int64_t rounds = 11;
  double epsilon = 0;  ///< added to the denominators of alpha and beta; LogME's repository: 1e-5
  /// As LogME's repository since its fixed-point form: without epsilon in the evidence itself, and
  /// with a determinant over the min(N, D) singular values alone, so that more dimensions than
  /// examples score otherwise.
  bool fixed_point = false;
};

/// Of a linear model per column of the targets, in double.
struct LogMe {
  double score = 0;  ///< mean of the log evidences divided by N; columns of zeros do not count
  Tensor alpha;      ///< [C] precision of the weights
  Tensor beta;       ///< [C] precision of the noise
  Tensor weights;    ///< [C, D] posterior means of the last round; 0 for a column of zeros
};

/// features [N, D], targets [N, C]; computed in double on the CPU.
LogMe log_maximum_evidence(const Tensor& features, const Tensor& targets,
                           const LogMeRule& rule = {});

}  // namespace ktb::b_tuning
