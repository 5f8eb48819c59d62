#pragma once
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "run/check/case.hpp"
#include "run/plugins/loader.hpp"

namespace ktb::run {

/// `ktbench plugin check`: runs plugins and parts of the harness on stored cases. `paths` are
/// safetensors files or folders of them. One line a case (`ok`, `FAILED`, `skipped`), at the end
/// `N passed, N failed, N skipped`; returns 1 if any failed, else 0.
/// What plugins answer is computed on `device`, and compared with what that allows.
/// Throws Error where there is no case.
int check(Registry& registry, const std::vector<std::string>& paths, std::ostream& out,
          at::Device device = at::kCPU);

/// What the part in charge computes on a case, under the names of its references; none: nothing
/// here answers the case. Where it takes a file that is not here, they throw Skipped.
using Answers = std::optional<Tensors>;

Answers answer_method(Registry& registry, const StoredCase& stored);  ///< one plain step
Answers answer_custom(Registry& registry, const StoredCase& stored);  ///< Method::check()
Answers answer_model(Registry& registry, const StoredCase& stored);
Answers answer_encoder(Registry& registry, const StoredCase& stored);  ///< with published weights
Answers answer_environment(Registry& registry, const StoredCase& stored);
Answers answer_metric(const StoredCase& stored);
Answers answer_squad(const StoredCase& stored);
Answers answer_vqa(const StoredCase& stored);
Answers answer_retrieval(const StoredCase& stored);
Answers answer_statistics(const StoredCase& stored);
Answers answer_tokeniser(const StoredCase& stored);
Answers answer_schedule(const StoredCase& stored);
Answers answer_optimiser(const StoredCase& stored);

}  // namespace ktb::run
