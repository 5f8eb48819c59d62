#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "run/plugins/loader.hpp"

namespace ktb::run {

/// Tasks without data, to try models on: those of the kit which a model can be made for with its
/// defaults and all of whose inputs it reads, the first of each kind. Throws Error with the last
/// reason where there is none.
std::vector<TaskSpec> fitting_tasks(Registry& registry, const std::string& model);

/// What a model declares as it is made for the first of these. Of one that cannot be made without
/// an option, such as a file: what it had declared when it asked for that. Throws like the above.
Options declared_by(Registry& registry, const std::string& model);

/// Inputs of a task of this kind, from the seed:
/// pictures, texts of several lengths (the first is full), sounds.
Batch kit_batch(const TaskSpec& task, std::int64_t size, std::uint64_t seed);

/// What a model's prediction must look like on so many examples of that batch.
std::vector<std::int64_t> prediction_shape(const TaskSpec& task, const Batch& batch);

}  // namespace ktb::run
