#include "core/score/metrics.hpp"

#include <array>
#include <map>

namespace ktb::core {
namespace {

constexpr bool kHigher = true, kLower = false;

MetricInfo percent(const char* title, bool higher_is_better = kHigher) {
  return {title, "%", 100, higher_is_better, 0};
}
MetricInfo plain(const char* title, bool higher_is_better = kHigher) {
  return {title, "", 1, higher_is_better, 2};
}

const std::map<std::string, MetricInfo>& table() {
  static const auto* const all = new std::map<std::string, MetricInfo>{
      // classification
      {"top1", percent("top-1")},
      {"top5", percent("top-5")},
      // several labels
      {"map", percent("mAP")},
      {"micro_f1", percent("micro F1")},
      {"macro_f1", percent("macro F1")},
      {"samples_f1", percent("F1 by example")},
      {"subset_accuracy", percent("subset accuracy")},
      {"hamming_loss", percent("Hamming loss", kLower)},
      // spans
      {"f1", percent("F1")},
      {"exact_match", percent("exact match")},
      {"has_answer_exact_match", percent("exact match, answered")},
      {"has_answer_f1", percent("F1, answered")},
      {"no_answer_f1", percent("F1, no answer")},
      // questions about pictures
      {"accuracy", percent("accuracy")},
      {"vqa", percent("VQA accuracy")},
      {"vqa_yes_no", percent("VQA yes/no")},
      {"vqa_number", percent("VQA number")},
      {"vqa_other", percent("VQA other")},
      // retrieval
      {"rsum", {"rsum", "", 100, kHigher, 0}},  // a sum of percentages, customary without the sign
      {"i2t_recall_at_1", percent("i2t R@1")},
      {"i2t_recall_at_5", percent("i2t R@5")},
      {"i2t_recall_at_10", percent("i2t R@10")},
      {"i2t_median_rank", plain("i2t median rank", kLower)},
      {"t2i_recall_at_1", percent("t2i R@1")},
      {"t2i_recall_at_5", percent("t2i R@5")},
      {"t2i_recall_at_10", percent("t2i R@10")},
      {"t2i_median_rank", plain("t2i median rank", kLower)},
      // numbers, pictures from pictures
      {"r2", plain("R2")},
      {"pearson", plain("Pearson r")},
      {"spearman", plain("Spearman rho")},
      {"rmse", plain("RMSE", kLower)},
      {"mae", plain("MAE", kLower)},
      // views of one picture
      {"pairs_found", plain("pairs_found")},
      // control
      {"return", plain("return")},
      {"return_sd", plain("return_sd")},
      {"episodes", plain("episodes")},
      // further ones
      {"balanced_accuracy", percent("balanced accuracy")},
      {"recall_at_1", percent("R@1")},
      {"recall_at_5", percent("R@5")},
      {"recall_at_10", percent("R@10")},
      {"median_rank", plain("median rank", kLower)},
      {"ece", percent("ECE", kLower)},
      {"nll", plain("NLL", kLower)},
      {"brier", plain("Brier score", kLower)},
      {"mse", plain("MSE", kLower)},
      // every kind
      {"loss", plain("loss", kLower)},
  };
  return *all;
}

/// The main one first. Tests of the kinds hold their meters against this.
const std::map<std::string, std::vector<std::string>>& kinds() {
  static const std::vector<std::string> control{"return", "return_sd", "episodes"};
  static const auto* const all = new std::map<std::string, std::vector<std::string>>{
      {"classification", {"top1", "top5", "loss"}},
      {"multi_label",
       {"map", "micro_f1", "macro_f1", "samples_f1", "subset_accuracy", "hamming_loss", "loss"}},
      {"regression", {"r2", "pearson", "spearman", "rmse", "mae", "loss"}},
      {"span",
       {"f1", "exact_match", "has_answer_f1", "has_answer_exact_match", "no_answer_f1", "loss"}},
      {"vqa", {"vqa", "vqa_yes_no", "vqa_number", "vqa_other", "loss"}},
      {"retrieval",
       {"rsum", "i2t_recall_at_1", "i2t_recall_at_5", "i2t_recall_at_10", "i2t_median_rank",
        "t2i_recall_at_1", "t2i_recall_at_5", "t2i_recall_at_10", "t2i_median_rank", "loss"}},
      {"reconstruction", {"r2", "loss"}},
      {"contrastive", {"pairs_found", "loss"}},
      {"control", control},
      {"actor_critic", control},
  };
  return *all;
}

constexpr std::array kLeading{"top1", "map",    "f1", "vqa", "accuracy",
                              "rsum", "return", "r2", "loss"};

}  // namespace

MetricInfo metric_info(const std::string& name) {
  const auto known = table().find(name);
  return known == table().end() ? plain(name.c_str()) : known->second;
}

bool is_known_metric(const std::string& name) { return table().contains(name); }

std::vector<std::string> metrics_of(const std::string& kind, std::int64_t outputs,
                                    bool categorical) {
  if (kind == "vqa" && categorical) return {"accuracy", "loss"};
  const auto known = kinds().find(kind);
  if (known == kinds().end()) return {};
  std::vector<std::string> metrics = known->second;
  if (outputs <= 5) std::erase(metrics, "top5");
  return metrics;
}

std::string leading_metric(const std::set<std::string>& recorded) {
  for (const char* name : kLeading)
    if (recorded.contains(name)) return name;
  return recorded.empty() ? kLeading.front() : *recorded.begin();
}

}  // namespace ktb::core
