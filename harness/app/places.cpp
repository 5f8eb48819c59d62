#include "app/places.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/output/escape.hpp"

namespace ktb::app {
namespace {

bool among(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

/// As it comes back in a worker's answer, where bytes that are no UTF-8 have been replaced.
std::string as_answered(const std::string& place) {
  return core::Json::parse(core::json_text(core::Json(place))).get<std::string>();
}

/// Where it is instead; empty: it is from one of the folders, or the suite itself says where it is.
std::string elsewhere(const core::FoundData& data, const std::vector<std::string>& named) {
  if (data.state == core::DataState::kGenerated) return "made on the spot";
  if (data.state != core::DataState::kFound || data.places.empty()) return "";
  const bool any = std::ranges::any_of(
      data.places, [&](const std::string& place) { return among(named, place); });
  return any ? "" : fmt::format("read from {}", fmt::join(data.places, " and "));
}

/// Some of the files that would have been read.
std::string wanted_files(const core::FoundData& data) {
  constexpr std::size_t kShown = 4;
  std::string lines;
  for (std::size_t i = 0; i < std::min(data.wanted.size(), kShown); ++i)
    lines += fmt::format("\n  {:<8}{}", i == 0 ? "wanted" : "", data.wanted[i]);
  if (data.wanted.size() > kShown)
    lines += fmt::format("\n          and {} more", data.wanted.size() - kShown);
  return lines;
}

/// Not there, or not to be read: then the plan says what was looked for, and where.
bool is_open(const core::FoundData& data) {
  return data.state == core::DataState::kMissing || data.state == core::DataState::kUnreadable;
}

void demand_use(const std::string& dir, const core::Plan& plan,
                const std::vector<std::string>& named) {
  std::string unserved;
  for (const auto& [name, data] : plan.data) {
    if (is_open(data) || among(data.places, dir)) return;
    if (const auto where = elsewhere(data, named); !where.empty())
      unserved += fmt::format("error: --data-dir {} has nothing of `{}` ({}): it would be {}{}\n",
                              dir, name, data.plugin, where, wanted_files(data));
  }
  if (unserved.empty()) return;
  throw core::Error(unserved + "Nothing was run. Where that is meant, leave --data-dir out.");
}

}  // namespace

std::string place_of(const std::string& dir) {
  const auto path = std::filesystem::absolute(dir).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).string();
}

std::vector<std::string> notes_on_places(const core::Plan& plan,
                                         const std::vector<std::string>& dirs) {
  std::vector<std::string> named, notes;
  for (const auto& dir : dirs) named.push_back(as_answered(place_of(dir)));
  for (const auto& dir : named) demand_use(dir, plan, named);
  if (named.empty()) return notes;
  for (const auto& dir : named)
    if (std::ranges::none_of(plan.data, [&](const auto& one) {
          return is_open(one.second) || among(one.second.places, dir);
        }))
      notes.push_back(fmt::format("--data-dir {} has nothing that this suite reads", dir));
  for (const auto& [name, data] : plan.data) {
    if (const auto where = elsewhere(data, named); !where.empty())
      notes.push_back(fmt::format("{}: {}, for --data-dir {} has nothing of it", name, where,
                                  fmt::join(named, ", ")));
    else if (data.places.size() > 1)
      notes.push_back(fmt::format("{}: some files are from {}, others from {}", name,
                                  data.places[0],
                                  fmt::join(data.places.begin() + 1, data.places.end(), " and ")));
  }
  return notes;
}

}  // namespace ktb::app
