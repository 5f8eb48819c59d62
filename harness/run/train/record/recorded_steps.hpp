#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "run/train/session.hpp"
#include "run/train/step.hpp"

namespace ktb::run {

/// Takes training steps: on a CPU as they are, on a GPU from recordings, which queue by one call
/// what otherwise takes a few hundred.
///
/// There is one recording for each Method::graph_key() and shape of batches, made after three steps
/// of the kind. Forward, losses, backward and the method's after() are in it; the optimisers'
/// kernels, which follow rates of the host, run between its parts. What sources give that do not
/// learn is computed on a second stream, beside the target, from the start of the losses until the
/// method asks. Batches are copied into the memory that was recorded. Before a recording serves,
/// two steps of it are compared with two that are taken as they are: what a method keeps where no
/// recording sees it shows there. A method that cannot be recorded is not, and told() says why.
class RecordedSteps {
 public:
  RecordedSteps(Session& session, LiveStep& step);
  ~RecordedSteps();
  RecordedSteps(const RecordedSteps&) = delete;
  RecordedSteps& operator=(const RecordedSteps&) = delete;

  /// The step that LiveStep::begin() has begun. Returns detached losses, which the next
  /// step may write over.
  Losses take(std::int64_t at);

  /// Whether in the last step a recording was made and compared, for which the host has to wait.
  bool compared() const { return compared_; }
  /// `yes`, with what is on a second stream, or `no: ` and the reason; empty where there is nothing
  /// to record with.
  std::string told() const;

 private:
  class Recording;
  using Kind = std::vector<std::int64_t>;

  std::optional<Kind> kind(std::int64_t at);
  Losses as_it_is();
  Losses first(Recording& recording, std::int64_t at);
  /// Why a recording does not do what the step does; empty: it does.
  std::string differs(Recording& recording, std::int64_t at);

  Session& session_;
  LiveStep& step_;
  std::map<Kind, std::unique_ptr<Recording>> recordings_;
  bool compared_ = false;
  std::string refused_;  ///< why nothing is recorded from here on
};

}  // namespace ktb::run
