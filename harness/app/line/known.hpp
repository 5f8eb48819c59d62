#pragma once
#include <string>
#include <vector>

#include "app/line/line.hpp"

namespace ktb::app {

/// A word that may be typed next, and what it is.
struct Candidate {
  std::string text, about;
};
using Candidates = std::vector<Candidate>;

/// What this machine has that a word can name. Nothing here loads a plugin, and what cannot be read
/// gives no words.
Candidates known_suites();
/// Of a kind (`dataset`) or, where that is empty, of all; with their aliases.
Candidates known_plugins(const Line& line, const std::string& kind);
Candidates known_profiles(const Line& line);
Candidates known_tables(const Line& line);
/// Words that choose cells of the line's suite: values of its axes.
Candidates known_cells(const Line& line);
/// Trials of the line's results whose id begins so.
Candidates known_trials(const Line& line, const std::string& begin);

}  // namespace ktb::app
