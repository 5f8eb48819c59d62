#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/output/escape.hpp"
#include "core/page/heat_map.hpp"
#include "core/page/parts.hpp"

namespace ktb::core {
namespace {

constexpr std::size_t kDrawn = 200;  ///< wrong answers on a map: fewer than one can see
constexpr std::size_t kTold = 5, kListed = 20, kLabelled = 24, kNameWidth = 12;
constexpr double kSide = 250, kLeft = 84, kTop = 62;

/// What the classes of a cell were taken for, over all its seeds.
struct Answers {
  std::vector<std::string> names;
  std::vector<std::vector<double>> counts;  ///< row: the true class
  std::vector<double> examples;             ///< of each class
  std::vector<double> answers;              ///< that named it
  std::size_t seeds = 0;

  std::size_t classes() const { return counts.size(); }
  /// Of the examples of a class; 0 where it has none.
  double share(std::size_t row, std::size_t column) const {
    return examples[row] > 0 ? counts[row][column] / examples[row] : 0;
  }
  /// Of the answers that named a class, how many were right; 0 where none did.
  double precision(std::size_t own) const {
    return answers[own] > 0 ? counts[own][own] / answers[own] : 0;
  }
};

void add(Answers& answers, const Confusion& confusion) {
  const std::size_t classes = confusion.counts.size();
  if (answers.seeds == 0) {
    answers.counts.assign(classes, std::vector<double>(classes));
    answers.examples.assign(classes, 0);
    answers.answers.assign(classes, 0);
    answers.names = confusion.classes;
    for (std::size_t i = answers.names.size(); i < classes; ++i)
      answers.names.push_back(fmt::format("class {}", i));
  }
  if (answers.classes() != classes) return;  // another task's
  ++answers.seeds;
  for (std::size_t i = 0; i < classes; ++i)
    for (std::size_t j = 0; j < classes; ++j) {
      const auto count = static_cast<double>(confusion.counts[i][j]);
      answers.counts[i][j] += count;
      answers.examples[i] += count;
      answers.answers[j] += count;
    }
}

Answers answers_of(const PageInput& input, const Entry& entry) {
  Answers answers;
  for (const auto& [seed, trial] : entry.trials) {
    const auto found = input.confusions.find(trial);
    if (found != input.confusions.end()) add(answers, found->second);
  }
  return answers;
}

struct Mistake {
  std::size_t truth = 0, answer = 0;
  double share = 0;  ///< of the examples of that class
};

/// The most frequent first.
std::vector<Mistake> mistakes_of(const Answers& answers) {
  std::vector<Mistake> mistakes;
  for (std::size_t i = 0; i < answers.classes(); ++i)
    for (std::size_t j = 0; j < answers.classes(); ++j)
      if (i != j && answers.counts[i][j] > 0) mistakes.push_back({i, j, answers.share(i, j)});
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.share > b.share; });
  return mistakes;
}

std::string told(const Answers& answers, const std::vector<Mistake>& mistakes) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(kTold, mistakes.size()); ++i)
    parts.push_back(
        fmt::format("{} for {} ({:.0f} %)", shortened(answers.names[mistakes[i].truth], 30),
                    shortened(answers.names[mistakes[i].answer], 30), 100 * mistakes[i].share));
  return parts.empty() ? "Nothing is taken for anything else"
                       : "Most often taken: " + joined(parts, ", ");
}

/// Names at both sides, as long as there is room for them.
void add_names(Svg& svg, const Answers& answers, const HeatMap& map) {
  for (std::size_t i = 0; i < answers.classes(); ++i) {
    const double middle = map.size * (static_cast<double>(i) + 0.5);
    const std::string name = shortened(answers.names[i], kNameWidth);
    svg.text(map.x - 5, map.y + middle + 4, name, "tick", Svg::Anchor::kEnd);
    svg.text(map.x + middle + 3, map.y - 5, name, "tick", Svg::Anchor::kStart, -50);
  }
}

std::string matrix(const Answers& answers, const std::vector<Mistake>& mistakes) {
  const std::size_t classes = answers.classes();
  const bool labelled = classes <= kLabelled;
  HeatMap map{classes, classes, labelled ? kLeft : 1, labelled ? kTop : 1, 1};
  map.size = std::max(1., std::floor(kSide / static_cast<double>(classes)));
  Svg svg(map.x + map.width() + (labelled ? 40 : 1), map.y + map.height() + 1, "Confusion matrix",
          told(answers, mistakes));
  const double most = mistakes.empty() ? 1 : mistakes.front().share;
  const double least = mistakes.size() > kDrawn ? mistakes[kDrawn].share : 0;
  add_heat_map(svg, map, [&](std::size_t row, std::size_t column) -> std::string {
    const double share = answers.share(row, column);
    if (row == column) return heat("s1", share);
    return share > least ? heat("s2", share / most) : "";
  });
  if (labelled) add_names(svg, answers, map);
  return figure_of(
      svg.str("map"),
      fmt::format("Rows: the class; columns: the answer, over {} seed{}. Blue is right; "
                  "orange is wrong, the strongest {:.0f} % of a class.",
                  answers.seeds, answers.seeds == 1 ? "" : "s", mistakes.empty() ? 0 : 100 * most));
}

/// Those of least recall where there are many.
std::string recalls(const Answers& answers) {
  std::vector<std::size_t> order(answers.classes());
  std::iota(order.begin(), order.end(), 0);
  const auto listed = std::min(kListed, order.size());
  if (listed < order.size())
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return answers.share(a, a) < answers.share(b, b);
    });
  std::string rows;
  for (std::size_t i = 0; i < listed; ++i) {
    const std::size_t own = order[i];
    const double recall = 100 * answers.share(own, own);
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"share\" style=\"--w:{:.1f}%\">{:.1f}</td>"
        "<td>{:.1f}</td></tr>\n",
        html_text(shortened(answers.names[own], 30)), recall, recall, 100 * answers.precision(own));
  }
  return fmt::format(
      "<table class=\"recalls\"><caption>Right of each class, and of the answers that named it, in "
      "%{}</caption>\n<tr><td></td><th scope=\"col\">recall</th><th scope=\"col\">precision</th>"
      "</tr>\n{}</table>\n",
      listed < order.size() ? fmt::format(": the worst {} of {}", listed, order.size()) : "", rows);
}

}  // namespace

std::string confusion_chart(const PageInput& input, const Entry& entry) {
  const Answers answers = answers_of(input, entry);
  if (answers.seeds == 0) return "";
  const std::vector<Mistake> mistakes = mistakes_of(answers);
  return "<div class=\"answers\">\n" + matrix(answers, mistakes) + recalls(answers) +
         "</div>\n<p>" + html_text(told(answers, mistakes)) + ".</p>\n";
}

}  // namespace ktb::core
