#include "ktb/transfer/second_head.hpp"

namespace ktb {

Reason unlike_second_head(const Pairing& pairing) {
  if (auto reason = pairing.unreadable(); !reason.empty()) return reason;
  if (auto reason = pairing.unlike_trunks(); !reason.empty()) return reason;
  const auto& kind = pairing.sources.at(0).task.kind;
  return kind == "classification" ? "" : kind + " has no class distribution";
}

double second_head_lr(Options& options) {
  return options.get("trunk_lr", 0.1,
                     "factor on the learning rate of the trunk and of the source's head",
                     {.least = 0});
}

std::vector<Group> second_head_groups(const Transfer& transfer, double lr_scale) {
  return {trunk_group(*transfer.target, lr_scale), head_group(*transfer.sources.at(0), lr_scale)};
}

}  // namespace ktb
