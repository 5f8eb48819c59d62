#include "run/weights/fit.hpp"

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "ktb/error.hpp"
#include "run/weights/safetensors.hpp"

namespace ktb::run {
namespace {

constexpr std::size_t kShown = 8;  ///< names in a message

std::string shape_text(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::string listed(const std::vector<std::string>& names, const char* between) {
  const auto shown = std::span(names).first(std::min(names.size(), kShown));
  const auto more = names.size() - shown.size();
  return fmt::format("{}{}", fmt::join(shown, between),
                     more > 0 ? fmt::format("{}and {} more", between, more) : "");
}

/// In old files a normalisation's weight and bias are gamma and beta.
std::string modern(std::string name) {
  for (const auto& [theirs, ours] : {std::pair(".gamma", ".weight"), std::pair(".beta", ".bias")})
    if (name.ends_with(theirs)) name.replace(name.rfind(theirs), std::string::npos, ours);
  return name;
}

/// Counters that a network does without, and old files do not have.
bool optional(const std::string& name) { return name.ends_with("num_batches_tracked"); }

/// What some libraries store beside their weights, and anybody can count up.
bool harmless(const std::string& name) { return optional(name) || name.ends_with("position_ids"); }

bool same_shape(const TensorEntry& entry, const Tensor& own) {
  return std::ranges::equal(entry.shape, own.sizes());
}

/// Own name -> what the file has of that name below a prefix.
using Found = std::map<std::string, const TensorEntry*>;

class Fitter {
 public:
  Fitter(const torch::nn::Module& network, const WeightsFile& file, const std::string& head)
      : file_(file), head_(head.empty() ? head : head + ".") {
    for (auto& [name, tensor] : state_of(network)) {
      order_.push_back(name);
      own_.emplace(name, tensor);
    }
    for (const auto& entry : file.tensors) find(entry);
  }

  Fit fit(const std::string& prefix) const {
    const std::string at = prefix.empty() ? only() : picked(prefix);
    const std::string outer = head_prefix(at);
    Fit out{.prefix = at};
    take(candidates_.at(at), candidates_.at(outer), out);
    std::set<const TensorEntry*> known;
    for (const auto& [own, entry] : out.taken) known.insert(entry);
    for (const auto& [name, entry] : candidates_.at(outer))
      if (of_head(name)) known.insert(entry);  // what is wrong with it is said
    for (const auto& entry : file_.tensors)
      if (entry.name.starts_with(outer) && !known.contains(&entry) && !harmless(entry.name))
        out.unused.push_back(entry.name);
    return out;
  }

 private:
  /// Notes a tensor below each prefix that leaves a name of the network's.
  void find(const TensorEntry& entry) {
    const std::string name = modern(entry.name);
    for (std::size_t at = 0; at != std::string::npos;) {
      if (const std::string own = name.substr(at); own_.contains(own))
        candidates_[entry.name.substr(0, at)].emplace(own, &entry);
      const auto dot = name.find('.', at);
      at = dot == std::string::npos ? dot : dot + 1;
    }
  }

  bool of_head(const std::string& name) const { return !head_.empty() && name.starts_with(head_); }

  /// How many of the trunk's tensors are there, and whether that is all.
  std::pair<std::size_t, bool> score(const Found& found) const {
    std::size_t fitting = 0;
    bool whole = true;
    for (const auto& [name, own] : own_) {
      const auto entry = found.find(name);
      const bool fits = entry != found.end() && same_shape(*entry->second, own);
      fitting += fits;
      whole = whole && (fits || of_head(name) || optional(name));
    }
    return {fitting, whole};
  }

  /// Whether both have the same numbers, since the file names one network twice.
  static bool same_place(const Found& a, const Found& b) {
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
      return x.first == y.first && x.second->place == y.second->place;
    });
  }

  /// The one prefix below which the network is; else the one that comes nearest.
  std::string only() const {
    std::vector<std::string> whole;
    std::string best;
    std::optional<std::size_t> most;
    for (const auto& [prefix, found] : candidates_) {
      const auto [fitting, all] = score(found);
      const bool again = std::ranges::any_of(whole, [this, &found = found](const auto& other) {
        return same_place(candidates_.at(other), found);
      });
      if (all && fitting > 0 && !again) whole.push_back(prefix);
      if (!most || fitting > *most) best = prefix, most = fitting;
    }
    if (whole.size() > 1)
      throw Error(
          fmt::format("{}: {} networks of this shape are in it, below {}; say which: "
                      "weights = {{ file = \"...\", prefix = \"{}\" }}",
                      file_.path, whole.size(), named(whole), bare(whole[0])));
    if (candidates_.empty()) refuse_strangers();
    return whole.empty() ? best : whole[0];
  }

  std::string picked(const std::string& prefix) const {
    const std::string at = prefix == "." ? "" : prefix.ends_with('.') ? prefix : prefix + ".";
    if (candidates_.contains(at)) return at;
    std::vector<std::string> known;
    for (const auto& [name, found] : candidates_)
      if (score(found).first > 0) known.push_back(name);
    if (known.empty()) refuse_strangers();
    throw Error(fmt::format("{}: nothing of the model's is below `{}`; there is something below {}",
                            file_.path, bare(at), named(known)));
  }

  /// As a suite names it; "." is no prefix at all.
  static std::string bare(const std::string& prefix) {
    if (prefix.empty()) return ".";
    return prefix.ends_with('.') ? prefix.substr(0, prefix.size() - 1) : prefix;
  }
  static std::string named(const std::vector<std::string>& prefixes) {
    std::vector<std::string> names;
    for (const auto& prefix : prefixes) names.push_back("`" + bare(prefix) + "`");
    return listed(names, ", ");
  }

  [[noreturn]] void refuse_strangers() const {
    std::vector<std::string> theirs;
    for (const auto& entry : file_.tensors)
      theirs.push_back(fmt::format("{} {}", entry.name, shape_text(entry.shape)));
    std::vector<std::string> ours;
    for (const auto& name : order_)
      ours.push_back(fmt::format("{} {}", name, shape_text(own_.at(name).sizes())));
    throw Error(fmt::format("{}: no name of the model's is in it\n  it has    {}\n  the model {}{}",
                            file_.path, listed(theirs, ", "), listed(ours, ", "), cure()));
  }
  std::string cure() const { return file_.hint.empty() ? "" : "\n  " + file_.hint; }

  /// A library's network has its head beside the trunk, `bert.encoder...` and `classifier.weight`:
  /// the longest prefix, that of the trunk or one around it, below which the whole head is. Where
  /// there is none, the trunk's own.
  std::string head_prefix(const std::string& trunk) const {
    for (std::string prefix = trunk;;) {
      const auto found = candidates_.find(prefix);
      if (found != candidates_.end() && has_head(found->second)) return prefix;
      if (prefix.empty()) return trunk;
      const auto dot = prefix.size() > 1 ? prefix.rfind('.', prefix.size() - 2) : std::string::npos;
      prefix.resize(dot == std::string::npos ? 0 : dot + 1);
    }
  }
  bool has_head(const Found& found) const {
    return std::ranges::all_of(own_, [&](const auto& one) {
      const auto entry = found.find(one.first);
      return !of_head(one.first) ||
             (entry != found.end() && same_shape(*entry->second, one.second));
    });
  }

  void take(const Found& trunk_found, const Found& head_found, Fit& out) const {
    std::vector<std::string> faults;
    std::vector<std::pair<Tensor, const TensorEntry*>> head;
    for (const auto& name : order_) {
      const Tensor& own = own_.at(name);
      const Found& found = of_head(name) ? head_found : trunk_found;
      const auto entry = found.find(name);
      const std::string fault = fault_of(name, own, entry == found.end() ? nullptr : entry->second);
      if (fault.empty())
        (of_head(name) ? head : out.taken).emplace_back(own, entry->second);
      else if (of_head(name))
        out.head.push_back(fault);
      else if (!optional(name))
        faults.push_back(fault);
    }
    if (!faults.empty())
      throw Error(fmt::format("{}: these weights do not fit the model:\n  {}{}", file_.path,
                              listed(faults, "\n  "), cure()));
    if (out.head.empty()) out.taken.insert(out.taken.end(), head.begin(), head.end());
  }

  /// Why a tensor cannot be the network's; "": it can.
  std::string fault_of(const std::string& name, const Tensor& own, const TensorEntry* entry) const {
    if (!entry) return fmt::format("{} {} is missing{}", name, shape_text(own.sizes()), like(own));
    if (!same_shape(*entry, own))
      return fmt::format("{} has shape {}, the model's {}", name, shape_text(entry->shape),
                         shape_text(own.sizes()));
    const auto theirs = entry->type, ours = own.scalar_type();
    const bool real = at::isFloatingType(theirs) && !at::isFloat8Type(theirs);
    if (at::isFloatingType(ours) ? real : at::isIntegralType(theirs, /*includeBool=*/false))
      return "";
    return fmt::format(
        "{} holds {}, the model's {}{}", name, c10::toString(theirs), c10::toString(ours),
        at::isFloatingType(ours) ? ": quantised numbers mean nothing without their scales" : "");
  }

  /// A tensor of that shape that nobody claims: a head under another name.
  std::string like(const Tensor& own) const {
    for (const auto& entry : file_.tensors)
      if (entry.shape.size() > 1 && same_shape(entry, own) && unclaimed(entry))
        return fmt::format(" (the file's {} has this shape)", entry.name);
    return "";
  }
  bool unclaimed(const TensorEntry& entry) const {
    return std::ranges::none_of(candidates_,
                                [&](const auto& one) { return used(one.second, entry); });
  }
  static bool used(const Found& found, const TensorEntry& entry) {
    return std::ranges::any_of(found, [&](const auto& one) { return one.second == &entry; });
  }

  const WeightsFile& file_;
  std::string head_;                ///< with its dot
  std::vector<std::string> order_;  ///< of the network's names
  std::map<std::string, Tensor> own_;
  std::map<std::string, Found> candidates_;  ///< by prefix
};

}  // namespace

std::vector<std::string> Fit::warnings(const std::string& path) const {
  std::vector<std::string> out;
  const std::string name = std::filesystem::path(path).filename();
  if (!head.empty())
    out.push_back(fmt::format("its head is not from {}: {}", name, listed(head, "; ")));
  if (!unused.empty())
    out.push_back(fmt::format("{} has {} tensor{} that the model lacks: {}", name, unused.size(),
                              unused.size() == 1 ? "" : "s", listed(unused, ", ")));
  return out;
}

Fit fit_weights(const torch::nn::Module& network, const WeightsFile& file,
                const std::string& prefix, const std::string& head) {
  return Fitter(network, file, head).fit(prefix);
}

std::vector<std::string> load_weights(torch::nn::Module& network, const WeightsFile& file,
                                      const std::string& prefix, const std::string& head) {
  const auto fit = fit_weights(network, file, prefix, head);
  const torch::NoGradGuard no_grad;
  for (const auto& [own, entry] : fit.taken) {
    const auto stored = entry->read();
    if (stored.is_floating_point() && !stored.isfinite().all().item<bool>())
      throw Error(fmt::format("{}: {} holds numbers that are not finite", file.path, entry->name));
    own.copy_(stored);
  }
  return fit.warnings(file.path);
}

}  // namespace ktb::run
