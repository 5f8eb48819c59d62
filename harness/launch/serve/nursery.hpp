#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "launch/process.hpp"
#include "launch/serve/protocol.hpp"

namespace ktb::launch {

/// Starts commands of the worker, each as a Process of its own. A worker that has loaded LibTorch
/// once and stays forks them; where there is none, or it cannot, they start from nothing. Those of
/// a GPU that come after one another run in a process that stays.
class Nursery {
 public:
  using Note = std::function<void(const std::string&)>;
  /// `server`: the command of the worker that stays; empty: none does. `note` is told, each thing
  /// once, why there is none where there should be one, and why a process was not to run another
  /// trial. An answer may take the time that LibTorch takes to be loaded over a network.
  Nursery(std::vector<std::string> server, Note note,
          std::chrono::milliseconds patience = std::chrono::minutes(1));
  ~Nursery();
  Nursery(const Nursery&) = delete;
  Nursery& operator=(const Nursery&) = delete;

  /// `gpu`: as in ServeRequest. Throws core::Error where the log cannot be written.
  std::unique_ptr<Process> start(const std::vector<std::string>& command, const std::string& log,
                                 const std::optional<std::string>& gpu = {});

 private:
  class Parent;
  /// None: this one is to start from nothing, and so are those after it.
  std::unique_ptr<Process> forked(const std::vector<std::string>& command, const std::string& log,
                                  const std::optional<std::string>& gpu);
  std::optional<ServeAnswer> ask(const ServeRequest& request);

  std::vector<std::string> server_;  ///< empty: none stays, or none any more
  Note note_;
  std::chrono::milliseconds patience_;
  std::shared_ptr<Parent> parent_;  ///< what it started still needs it to know how it ended
};

}  // namespace ktb::launch
