#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "run/train/session.hpp"

namespace ktb::run {

/// A network that takes part: on the CPU, with the weights it starts from.
struct Participant {
  std::shared_ptr<Model> model;
  Pairing::Party party;
  std::vector<std::string> sites = {};  ///< where knowledge enters or leaves; empty: its own choice
  /// A source's batches, asked for only where it draws some; none: it shares the target's.
  std::function<std::shared_ptr<Feed>()> data = {};
};

/// With the card of that name, measured, and the model's own task.
Participant measured(std::shared_ptr<Model> model, const std::string& name,
                     const std::string& plugin, Mode mode);

void seat_target(Participant target, Transfer& transfer);
void seat_source(Participant source, Transfer& transfer);

/// The method says no to who would transfer to whom.
struct Unsuited : Error {
  explicit Unsuited(const std::string& reason)
      : Error("the method does not suit this pairing: " + reason), why(reason) {}
  std::string why;
};

/// What a session is made of, each part made already. Sources start as they come; the target may
/// start from one, if the method wants it.
struct SessionBuilder {
  std::string axis;
  at::Device device = at::kCPU;
  bool channels_last = false;  ///< the memory layout of convolutions
  /// Frozen sources: fold_norms(), compute_in_bf16(). Where there is no target they are what is
  /// deployed, and are computed as they are.
  bool fold_frozen = false, frozen_in_bf16 = false;

  std::shared_ptr<Method> method;
  std::string method_name = "the method";
  std::vector<Extra> extras = {};
  TaskSpec task;               ///< the target's
  std::shared_ptr<Feed> data;  ///< the target's
  std::int64_t batch = 0;      ///< examples of a step of it
  std::optional<Participant> target = {};
  std::vector<Participant> sources = {};
  Recipe recipe = {};

  /// Seats and freezes, binds the methods and sorts all that learns into optimisers, in the one
  /// order in which every method of a seed meets the same weights. Uses the parts up. Throws
  /// Unsuited, and Error where no weight of a source fits a target that starts from it.
  std::unique_ptr<Session> build();
};

}  // namespace ktb::run
