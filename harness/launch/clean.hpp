#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/store/store.hpp"

namespace ktb::launch {

/// Something in a folder of results that nobody needs.
struct Needless {
  std::filesystem::path path;
  std::uintmax_t bytes = 0;
  std::string what;       ///< `ok, of 2026-11-26`, for the user
  bool is_trial = false;  ///< its lock is asked before it goes
};

struct Stock {
  std::vector<Needless> needless;
  std::size_t needed = 0;      ///< trials in the folder that are asked for
  std::set<std::string> held;  ///< further ones: at work, or of a plan or a trial that is
  std::vector<std::filesystem::path> strangers;  ///< among the trials, and none
};

/// What a folder of results holds besides the trials `needed`: further trials, reruns and resumes
/// that came out different, lists of work that is done, halves of files that a crash
/// left. It only looks.
Stock take_stock(const core::Store& store, const std::set<std::string>& needed);

/// Deletes it. False: a trial that has been started meanwhile stays. Throws core::Error where it
/// cannot be deleted.
bool discard(const core::Store& store, const Needless& needless);

}  // namespace ktb::launch
