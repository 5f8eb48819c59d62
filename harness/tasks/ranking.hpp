#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// Rows [N, d] of length 1; a row of zeros stays.
Tensor unit_rows(const Tensor& x);

/// Where the right answer stands among all, by cosine; ties count against it.
struct Ranks {
  Tensor image_to_text;  ///< [N]: 1 + captions of other images that score like the best own one
  Tensor text_to_image;  ///< [M]: 1 + other images that score like the own one
};

/// image [N, d], text [M, d]; owner [M] int64 says which image a text belongs to. In float64. A row
/// of zeros, or one that is not finite, has cosine 0 with everything.
Ranks retrieval_ranks(const Tensor& image, const Tensor& text, const Tensor& owner);

/// i2t_recall_at_1, _5, _10 and i2t_median_rank, the same of t2i, and rsum,
/// the sum of the six recalls; fractions.
Metrics retrieval_metrics(const Ranks& ranks);

/// Means over `folds` blocks of images in a row, each searched with its own texts alone.
Metrics folded_retrieval_metrics(const Tensor& image, const Tensor& text, const Tensor& owner,
                                 std::int64_t folds);

}  // namespace ktb::tasks
