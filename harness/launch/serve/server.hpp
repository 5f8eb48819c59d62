#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ktb::launch {

/// What a process does that is there to fork others: it has loaded what they all need, starts no
/// thread, and runs nothing itself. A process with threads cannot fork safely, since whatever they
/// hold stays held in the child; so then it says so and starts nothing.
class Server {
 public:
  /// Runs a command in the child and gives its exit code.
  using Work = std::function<int(const std::vector<std::string>& command)>;
  /// `socket`: where ServeRequests come from and ServeAnswers go to. It gets another number, and
  /// under this one nothing is left to be read. Throws core::Error where it is none.
  Server(int socket, Work work);
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
