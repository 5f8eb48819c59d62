// Reference cases of statistics: numbered groups of samples in, statistics and p values out.
#include <ATen/ops/full.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <torch/types.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/score/stats.hpp"
#include "run/check/check.hpp"

namespace ktb::run {
namespace {

using Values = std::vector<double>;

constexpr double kAlpha = 0.05;

Values values(const Tensor& tensor) {
  const Tensor flat = tensor.to(at::kDouble).contiguous().flatten();
  const auto* data = flat.data_ptr<double>();
  return {data, data + flat.numel()};
}

std::vector<Values> rows(const Tensor& matrix) {
  std::vector<Values> all;
  for (std::int64_t i = 0; i < matrix.size(0); ++i) all.push_back(values(matrix[i]));
  return all;
}

core::Agreement agreement_of(const Tensor& counts) {
  core::Agreement table{};
  std::ranges::transform(values(counts), table.begin(),
                         [](double count) { return static_cast<std::int64_t>(count); });
  return table;
}

/// The inputs `in.N.` of one group, and its answers `out.N.`.
class Group {
 public:
  Group(const StoredCase& stored, std::int64_t number, Tensors& answers)
      : stored_(stored), name_(std::to_string(number) + "."), answers_(answers) {}

  bool has(const std::string& name) const { return stored_.has("in." + name_ + name); }
  Values in(const std::string& name) const { return values(tensor(name)); }
  Tensor tensor(const std::string& name) const { return stored_.input(name_ + name); }
  void answer(const std::string& name, double value) {
    answers_["out." + name_ + name] = at::scalar_tensor(value, at::kDouble);
  }
  void answer_all(const std::string& name, const Values& values) {
    answers_["out." + name_ + name] = at::tensor(values, at::kDouble);
  }

 private:
  const StoredCase& stored_;
  std::string name_;
  Tensors& answers_;
};

void answer_pairs(const Values& a, const Values& b, Group& group) {
  const auto test = core::paired_t(a, b);
  group.answer("t", test.t);
  group.answer("p", test.p);
  group.answer("df", test.df);
  group.answer("mean_difference", test.difference);
  for (const auto& [name, level] : {std::pair("ci95", 0.95), std::pair("ci99", 0.99)}) {
    const auto interval = core::paired_t(a, b, level).interval;
    group.answer_all(name, {interval.low, interval.high});
  }
  const auto effect = core::cohen_dz(a, b);
  group.answer("d_z", effect.d);
  group.answer_all("d_z_ci95", {effect.interval.low, effect.interval.high});
}

void answer_two_samples(Group& group) {
  const auto a = group.in("a"), b = group.in("b");
  const auto test = core::mann_whitney(a, b);
  group.answer("u_a", test.u);
  group.answer("p_permutation", test.p);
  group.answer("cliffs_delta", 2 * test.u / static_cast<double>(a.size() * b.size()) - 1);
  if (a.size() == b.size()) answer_pairs(a, b, group);
}

void answer_signed_ranks(Group& group) {
  const auto difference = group.in("difference");
  const auto test = core::wilcoxon(difference, Values(difference.size()));
  group.answer("w_plus", test.w_plus);
  group.answer("p_permutation", test.p);
  const auto plus = std::ranges::count_if(difference, [](double one) { return one > 0; });
  const auto minus = std::ranges::count_if(difference, [](double one) { return one < 0; });
  group.answer_all("sign_test_counts", {static_cast<double>(plus), static_cast<double>(minus)});
  group.answer("sign_test_p", core::mcnemar_exact({0, plus, minus, 0}));
}

void answer_corrections(Group& group) {
  const auto p = group.in("p");
  for (const auto& [name, adjusted] :
       {std::pair("holm", core::holm(p)), std::pair("bonferroni", core::bonferroni(p)),
        std::pair("benjamini_hochberg", core::benjamini_hochberg(p))}) {
    Values rejected;
    for (const double one : adjusted) rejected.push_back(one <= kAlpha ? 1 : 0);
    group.answer_all(name + std::string("_adjusted"), adjusted);
    group.answer_all(name + std::string("_reject05"), rejected);
  }
}

void answer_friedman(Group& group) {
  const auto scores = rows(group.tensor("scores"));
  const auto test = core::friedman(scores);
  group.answer_all("average_rank", test.average_rank);
  group.answer("chi2", test.chi2);
  group.answer("p", test.p);
  group.answer("iman_davenport_f", test.f);
  group.answer("iman_davenport_p", test.f_p);
  const auto methods = test.average_rank.size();
  for (const auto& [name, alpha] : {std::pair("0.05", 0.05), std::pair("0.1", 0.1)}) {
    group.answer(std::string("nemenyi_q_") + name, core::nemenyi_q(methods, alpha));
    group.answer(std::string("critical_difference_") + name,
                 core::critical_difference(methods, scores.size(), alpha));
  }
}

void answer_mcnemar(const core::Agreement& table, Group& group) {
  group.answer("p_exact", core::mcnemar_exact(table));
  group.answer("p_mid", core::mcnemar_mid_p(table));
  group.answer("chi2_p_plain", core::mcnemar_chi2(table, false));
  group.answer("chi2_p_corrected", core::mcnemar_chi2(table, true));
}

void answer_quantiles(const StoredCase& stored, Tensors& answers) {
  Values t, normal, chi2;
  const auto degrees = values(stored.input("df"));
  for (const double p : values(stored.input("p"))) {
    normal.push_back(core::normal_quantile(p));
    for (const double df : degrees) {
      t.push_back(core::t_quantile(p, df));
      chi2.push_back(core::chi2_quantile(p, df));
    }
  }
  const auto width = static_cast<std::int64_t>(degrees.size());
  answers.insert({{"out.normal_quantile", at::tensor(normal, at::kDouble)},
                  {"out.t_quantile", at::tensor(t, at::kDouble).view({-1, width})},
                  {"out.chi2_quantile", at::tensor(chi2, at::kDouble).view({-1, width})}});
}

/// Accuracies in percent of one table: a line a seed, a column a method.
std::vector<Values> accuracies(const StoredCase& stored, std::int64_t group) {
  const Tensor size = stored.input("sizes")[group];
  const Tensor counts = stored.input("counts")[group]
                            .slice(0, 0, size[0].item<std::int64_t>())
                            .slice(1, 0, size[1].item<std::int64_t>());
  return rows(100 * counts.to(at::kDouble) / stored.input("examples")[group]);
}

/// By method against the first, padded as the case is: the tests of one table.
struct TableAnswers {
  Tensor wilcoxon, paired_t, holm, friedman;
};

TableAnswers answer_table(const std::vector<Values>& seeds, std::int64_t width) {
  const auto column = [&](std::size_t method) {
    Values all;
    for (const Values& line : seeds) all.push_back(line[method]);
    return all;
  };
  const auto padded = [&](std::int64_t figures) {
    return at::full({width, figures}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  };
  TableAnswers answers{padded(2), padded(5), padded(1).flatten(), {}};
  Values p;
  for (std::size_t method = 1; method < seeds[0].size(); ++method) {
    const auto at_row = static_cast<std::int64_t>(method) - 1;
    const auto ranks = core::wilcoxon(column(method), column(0));
    const auto t = core::paired_t(column(method), column(0));
    p.push_back(ranks.p);
    answers.wilcoxon[at_row] = at::tensor(Values{ranks.w_plus, ranks.p}, at::kDouble);
    answers.paired_t[at_row] =
        at::tensor(Values{t.t, t.p, t.difference, t.interval.low, t.interval.high}, at::kDouble);
  }
  answers.holm.slice(0, 0, std::ssize(p)).copy_(at::tensor(core::holm(p), at::kDouble));
  const auto test = core::friedman(seeds);
  answers.friedman = at::tensor(Values{test.chi2, test.p, test.f, test.f_p}, at::kDouble);
  return answers;
}

void answer_tables(const StoredCase& stored, Tensors& answers) {
  const auto counts = stored.input("counts"), agreement = stored.input("agreement");
  std::vector<Tensor> wilcoxon, paired_t, holm, friedman, mcnemar;
  for (std::int64_t group = 0; group < counts.size(0); ++group) {
    const auto made = answer_table(accuracies(stored, group), counts.size(2) - 1);
    wilcoxon.push_back(made.wilcoxon);
    paired_t.push_back(made.paired_t);
    holm.push_back(made.holm);
    friedman.push_back(made.friedman);
    const auto table = agreement_of(agreement[group]);
    mcnemar.push_back(
        at::tensor(Values{core::mcnemar_exact(table), core::mcnemar_mid_p(table)}, at::kDouble));
  }
  answers.insert({{"out.wilcoxon", at::stack(wilcoxon)},
                  {"out.paired_t", at::stack(paired_t)},
                  {"out.holm", at::stack(holm)},
                  {"out.friedman", at::stack(friedman)},
                  {"out.mcnemar", at::stack(mcnemar)}});
}

/// Whether there is a group of this number, and it is answered.
bool answer_group(Group& group) {
  if (group.has("a"))
    answer_two_samples(group);
  else if (group.has("difference"))
    answer_signed_ranks(group);
  else if (group.has("p"))
    answer_corrections(group);
  else if (group.has("scores"))
    answer_friedman(group);
  else
    return false;
  return true;
}

}  // namespace

Answers answer_statistics(const StoredCase& stored) {
  Tensors answers;
  if (stored.has("in.df")) answer_quantiles(stored, answers);
  if (stored.has("in.counts")) answer_tables(stored, answers);
  if (stored.has("in.tables")) {
    const Tensor tables = stored.input("tables");
    for (std::int64_t number = 0; number < tables.size(0); ++number) {
      Group group(stored, number, answers);
      answer_mcnemar(agreement_of(tables[number]), group);
    }
  }
  for (std::int64_t number = 0;; ++number) {
    Group group(stored, number, answers);
    if (!answer_group(group)) break;
  }
  return answers;
}

}  // namespace ktb::run
