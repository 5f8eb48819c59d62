#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "core/score/squad.hpp"

namespace ktb::core {

struct SquadData {
  SquadRules rules = SquadRules::kV1;  ///< v2 where the file says so or a question has no answer
  std::vector<SquadQuestion> questions;
};

/// Questions with their answers, of a file in SQuAD's layout.
/// Throws Error that names file and place.
SquadData read_squad(const std::string& path);

/// Texts by id, or probabilities that there is no answer. Ids that the data lack are passed over,
/// but one at least must be known. Throws Error that names file and id.
void read_squad_predictions(const std::string& path, SquadData& data);
/// Puts the questions into the order of the file, which decides among equal probabilities. Every
/// predicted question must be there.
void read_na_probabilities(const std::string& path, SquadData& data);

}  // namespace ktb::core
