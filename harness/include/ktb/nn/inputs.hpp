#pragma once
#include <cstddef>
#include <string>

#include "ktb/task.hpp"

// Whether a network fits a task, in words for a person.

namespace ktb {

/// The task's input of that name and so many extents. Throws Error that says what the task offers.
KTB_API const InputSpec& wanted_input(const TaskSpec& task, const std::string& name,
                                      std::size_t extents);
/// Likewise, or null where there is none.
KTB_API const InputSpec* find_input(const TaskSpec& task, const std::string& name,
                                    std::size_t extents);

/// For networks whose head makes [B, outputs] of one vector an example: throws Error where the task
/// wants more, a number for each token (span) or two vectors (retrieval).
KTB_API void require_one_prediction(const TaskSpec& task);

}  // namespace ktb
