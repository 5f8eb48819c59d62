#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ktb::launch {

/// What a process does that is there to fork others: it has loaded what they all need, starts no
/// thread, and runs nothing itself. A process with threads cannot fork safely, since whatever they
/// hold stays held in the child; so then it says so and starts nothing.
///
/// A GPU's state no child can share, and to make it anew takes longer than a short trial: there a
/// child stays, and runs one command after another for as long as they leave nothing behind.
class Server {
 public:
  /// Runs a command in the child and gives its exit code.
  using Work = std::function<int(const std::vector<std::string>& command)>;
  /// In a child that stays, after a command that ended with this code: why it is to run no other
  /// (empty: there is nothing to say of it); none: it may.
  using Spent = std::function<std::optional<std::string>(int code)>;
  /// `socket`: where ServeRequests come from and ServeAnswers go to. It gets another number, and
  /// under this one nothing is left to be read. Throws core::Error where it is none.
  Server(int socket, Work work, Spent spent);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Something further to look after: `ready` is called when `number` can be read, in this process
  /// and never in a child.
  void watch(int number, std::function<void()> ready);

  /// Until the socket is closed. What still runs then is killed with this process.
  void run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ktb::launch
