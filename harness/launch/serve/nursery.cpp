#include "launch/serve/nursery.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/system/packet_socket.hpp"
#include "launch/machine/gpus.hpp"
#include "launch/serve/protocol.hpp"

namespace ktb::launch {
namespace {

constexpr int kMoment = 100;  // ms of waiting at a time

using Ends = std::pair<core::PacketSocket, core::PacketSocket>;

/// A packet wakes who waits for children (Signals), as a child of our own would.
core::PacketSocket waking(core::PacketSocket end) {
  ::fcntl(end.number(), F_SETOWN, ::getpid());
  ::fcntl(end.number(), F_SETSIG, SIGCHLD);
  ::fcntl(end.number(), F_SETFL, O_ASYNC);
  return end;
}

}  // namespace

/// A worker that stays, and what it has said so far.
class Nursery::Parent {
 public:
  Parent(const std::vector<std::string>& command, Note note)
      : Parent(command, std::move(note), core::PacketSocket::pair()) {}

  /// The answer to a request; none: it is gone, or says nothing for so long.
  std::optional<ServeAnswer> ask(ServeRequest request, std::chrono::milliseconds patience) {
    request.number = ++count_;
    socket_.send(packed(request));  // where it is gone, that is soon read
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!socket_.closed() && std::chrono::steady_clock::now() < end)
      if (const auto answer = next(kMoment); answer && answer->number == request.number)
        return answer;
    return std::nullopt;
  }

  /// How one ended that it started. With the worker all of them are killed.
  std::optional<Exit> ended(std::uint64_t number, Wait wait) {
    while (!ends_.contains(number) && !socket_.closed())
      if (!next(wait == Wait::kYes ? kMoment : 0) && wait == Wait::kNo) break;
    if (const auto its = ends_.extract(number)) return its.mapped();
    return socket_.closed() ? std::optional(Exit{0, SIGKILL}) : std::nullopt;
  }

  bool gone() const { return socket_.closed(); }
  /// With all that it started.
  void end() { process_.send(SIGKILL); }

 private:
  Parent(const std::vector<std::string>& command, Note note, Ends ends)
      : note_(std::move(note)),
        socket_(waking(std::move(ends.first))),
        process_(command, "/dev/null", ends.second.number()) {}

  /// The next packet, kept where it says how one ended.
  std::optional<ServeAnswer> next(int milliseconds) {
    const auto packet = socket_.receive(milliseconds);
    if (!packet) return std::nullopt;
    const auto answer = unpacked<ServeAnswer>(packet->text);
    if (answer.note && told_.insert(*answer.note).second) note_(*answer.note);
    if (answer.exit) ends_[answer.number] = *answer.exit;
    return answer;
  }

  Note note_;
  std::set<std::string> told_;
  core::PacketSocket socket_;
  Process process_;
  std::uint64_t count_ = 0;
  std::map<std::uint64_t, Exit> ends_;  ///< of those that nobody has asked about yet
};

Nursery::Nursery(std::vector<std::string> server, Note note, std::chrono::milliseconds patience)
    : server_(std::move(server)), note_(std::move(note)), patience_(patience) {}
Nursery::~Nursery() = default;

std::unique_ptr<Process> Nursery::start(const std::vector<std::string>& command,
                                        const std::string& log,
                                        const std::optional<std::string>& gpu) {
  open_log(log);
  if (!server_.empty())
    if (auto process = forked(command, log, gpu)) return process;
  return std::make_unique<Process>(gpu && !gpu->empty() ? on_gpu(*gpu, command) : command, log);
}

std::unique_ptr<Process> Nursery::forked(const std::vector<std::string>& command,
                                         const std::string& log,
                                         const std::optional<std::string>& gpu) {
  const Mark mark = Mark::next();
  const auto answer = ask({0, command, log, mark.text(), gpu});
  if (answer && answer->pid)
    return std::make_unique<Process>(static_cast<pid_t>(*answer->pid), mark,
                                     [parent = parent_, number = answer->number](Wait wait) {
                                       return parent->ended(number, wait);
                                     });
  note_("each trial loads LibTorch anew: " +
        (answer ? answer->fault.value_or("") : "no ktbench-worker stays that forks it"));
  server_.clear();
  parent_.reset();
  return nullptr;
}

/// Of a second worker where the first is gone: it may have been killed.
std::optional<ServeAnswer> Nursery::ask(const ServeRequest& request) {
  for (int tries = 0; tries < 2; ++tries) {
    if (!parent_) parent_ = std::make_shared<Parent>(server_, note_);
    if (const auto answer = parent_->ask(request, patience_)) return answer;
    const bool gone = parent_->gone();
    parent_->end();
    parent_.reset();
    if (!gone) break;
  }
  return std::nullopt;
}

}  // namespace ktb::launch
