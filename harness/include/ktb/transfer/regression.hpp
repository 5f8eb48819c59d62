#pragma once
#include "ktb/task.hpp"

// A linear classifier fitted once, outside the training loop, and so without autograd.

namespace ktb {

/// [C, D]: weights W of the softmax regression of labels [N] on rows [N, D], which minimise mean
/// cross-entropy + penalty / 2 ||W||^2, by L-BFGS from 0 in the type of the rows. A bias is a
/// column of ones. Scikit-learn's C is 1 / (N penalty).
KTB_API Tensor softmax_regression(const Tensor& rows, const Tensor& labels, std::int64_t classes,
                                  double penalty, std::int64_t iterations);

}  // namespace ktb
