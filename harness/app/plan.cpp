#include <fmt/format.h>

#include <memory>

#include "app/cell/subject.hpp"
#include "app/command.hpp"
#include "app/session.hpp"
#include "app/summary.hpp"
#include "core/base/output/print.hpp"

namespace ktb::app {
namespace {

constexpr std::size_t kShortList = 200;  // trials that are listed unasked

struct PlanCommand {
  Choice choice;
  int jobs = 0;
  bool trials = false;
};

int plan(const PlanCommand& command) {
  const auto catalogue = command.choice.site.catalogue();
  const core::Plan plan = command.choice.plan(*catalogue);
  const core::Store store = command.choice.site.store();
  const auto costs = command.choice.site.costs();
  launch::PoolOptions pool{command.jobs, 0, plan.device, "", {}};
  const Summary summary{plan, store, costs, launch::trials_to_run(plan, store),
                        launch::settle(pool).jobs};
  print_summary(summary, stdout);
  print_missing(plan, stdout);
  remember(plan, store);
  if (command.trials || plan.trials.size() <= kShortList)
    print_trials(summary, stdout);
  else
    core::print("trials  listed with --trials\n");
  return kOk;
}

}  // namespace

void add_plan(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand("plan", "what would run, what is cached, what it will cost");
  const auto options = std::make_shared<PlanCommand>();
  options->choice.add_to(command);
  options->choice.add_accept_to(command);
  command.add_option("-j,--jobs", options->jobs, "trials at once, for the estimate")
      ->check(CLI::PositiveNumber);
  command.add_flag("--trials,--verbose", options->trials, "list every trial, however many");
  command.callback([=, &action] { action = [=] { return plan(*options); }; });
}

}  // namespace ktb::app
