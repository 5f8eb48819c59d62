#pragma once
#include "ktb/model.hpp"

// What may be done to a model whose weights nobody changes any more, to compute it sooner. Its
// parameters and buffers stay what they are. The harness's to do; plugins never see it.

namespace ktb {

/// Takes the batch normalisations into the convolutions in front of them, as a ConvNorm has them:
/// equal but for rounding, and a pass over each map less. Where somebody writes to a weight all the
/// same, or to a normalisation, what was made of it is made again.
KTB_API void fold_norms(Model& model);

/// From now on it computes in bf16 as under set_precision("bf16"), whatever the others do.
KTB_API void compute_in_bf16(const Model& model);

}  // namespace ktb
