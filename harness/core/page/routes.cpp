#include <fmt/format.h>

#include "core/page/parts.hpp"
#include "core/page/settings.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

/// What the routes' numbers stand for, by the trial that they are of.
struct Names {
  std::vector<std::string> domains, members;
};

Names names_of(const PageInput& input, const std::string& trial, const Routes& routes) {
  Names names;
  const auto label = [&](const std::string& name) {
    const auto found = input.plan.labels.find(name);
    return found == input.plan.labels.end() ? name : found->second;
  };
  if (const auto spec = input.outcomes.specs.find(trial); spec != input.outcomes.specs.end()) {
    for (const UnionPart& part : union_parts(spec->second.task))
      names.domains.push_back(label(part.name));
    for (const SourceRef& source : spec->second.sources)
      names.members.push_back(label(source.name));
  }
  for (auto i = names.domains.size(); i < routes.counts.size(); ++i)
    names.domains.push_back(fmt::format("domain {}", i + 1));
  for (auto i = names.members.size(); i < routes.members(); ++i)
    names.members.push_back(fmt::format("member {}", i + 1));
  return names;
}

/// A bar a domain, over the seeds that have as many domains and members as the first.
std::vector<ShareBar> bars_of(const PageInput& input, const Entry& entry) {
  std::vector<ShareBar> bars;
  const Routes* first = nullptr;
  for (const auto& [seed, trial] : entry.trials) {
    const auto found = input.pictures.find(trial);
    if (found == input.pictures.end() || !found->second.routes) continue;
    const Routes& routes = *found->second.routes;
    if (first == nullptr) first = &routes;
    const bool alike =
        routes.counts.size() == first->counts.size() && routes.members() == first->members();
    if (!alike) continue;
    const Names names = names_of(input, trial, routes);
    bars.resize(routes.counts.size());
    for (std::size_t domain = 0; domain < bars.size(); ++domain) {
      bars[domain].name = names.domains[domain];
      for (std::size_t member = 0; member < routes.members(); ++member)
        bars[domain].shares[names.members[member]] += routes.counts[domain][member];
    }
  }
  return bars;
}

}  // namespace

std::string route_charts(const PageInput& input, const Table& table) {
  std::string charts;
  for (const std::size_t column : panel_columns(table))
    for (const std::size_t row : method_rows(table)) {
      const auto bars = bars_of(input, table.rows[row].entries[column]);
      if (bars.empty()) continue;
      const std::string head =
          row_name(table.rows[row]) + " · " + arrows(column_head(table.columns[column]));
      charts +=
          share_bars("Routes by domain: " + head,
                     "Of the examples of each domain, for how many percent each member of the "
                     "hub is the first",
                     head, bars);
    }
  return charts;
}

}  // namespace ktb::core
