#include "core/plan/notes/source_lines.hpp"

#include <fmt/format.h>

#include <set>

namespace ktb::core {
namespace {

std::string duration(const Recipe& recipe) {
  const auto count = recipe.steps > 0 ? recipe.steps : recipe.epochs;
  return fmt::format("{} {}{}", count, recipe.steps > 0 ? "step" : "epoch", count == 1 ? "" : "s");
}

class Lines {
 public:
  Lines(DraftBook& drafts, Describer& describer, Drafter& drafter)
      : drafts_(drafts), describer_(describer), drafter_(drafter) {}

  std::vector<std::string> of(const std::vector<Wish>& wishes) {
    for (const auto& wish : wishes)
      if (wish.control == Control::kNone && drafts_.has_trained_source(wish))
        for (const auto& use : wish.sources) add(use);
    return std::move(lines_);
  }

 private:
  void add(const SourceWish& use) {
    if (use.cell || !seen_.insert(use.name + "@" + use.dataset).second) return;
    const SourceDef* is = file_of(use, Control::kNone);
    lines_.push_back(fmt::format("{}: {}", use.name, is ? as_it_is(use, *is) : trained(use)));
  }

  std::string as_it_is(const SourceWish& use, const SourceDef& is) const {
    std::string text = fmt::format("from {} as it is", is.weights.given);
    const ModelAnswer* answer =
        describer_.about_model(drafter_.model_id(use.model, use.dataset, use.task, &is));
    if (answer && answer->weights)
      for (const auto& warning : answer->weights->warnings) text += "; " + warning;
    const DatasetAnswer* data = describer_.about_dataset(drafter_.dataset_id(use.dataset));
    if (data && !data->found)
      text += fmt::format("; not judged, since {} is not here", use.dataset);
    return text;
  }

  std::string trained(const SourceWish& use) const {
    const WeightsDef& start = drafter_.model(use.model).weights;
    const Draft& draft = drafts_.of(drafts_.training_of(use, Control::kNone)).front();
    const std::string how = duration(draft.recipe->recipe);
    return start.empty() ? "trained, " + how
                         : fmt::format("starts from {}, then {}", start.given, how);
  }

  DraftBook& drafts_;
  Describer& describer_;
  Drafter& drafter_;
  std::vector<std::string> lines_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<std::string> source_lines(const std::vector<Wish>& wishes, DraftBook& drafts,
                                      Describer& describer, Drafter& drafter) {
  return Lines(drafts, describer, drafter).of(wishes);
}

}  // namespace ktb::core
