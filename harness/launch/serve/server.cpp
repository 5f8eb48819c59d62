#include "launch/serve/server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/system/packet_socket.hpp"
#include "launch/mark.hpp"
#include "launch/serve/protocol.hpp"

namespace ktb::launch {
namespace {

constexpr int kCannotStart = 127;

std::size_t threads() {
  const std::filesystem::directory_iterator own("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(own), end(own)));
}

/// The socket under another number; standard input is empty from now on, and children have it so.
core::Descriptor taken(int socket) {
  int kind = 0;
  socklen_t size = sizeof kind;
  if (::getsockopt(socket, SOL_SOCKET, SO_TYPE, &kind, &size) != 0 || kind != SOCK_SEQPACKET)
    throw core::Error(
        "standard input is no socket of packets: `ktbench run` starts `serve` itself");
  core::Descriptor away(::fcntl(socket, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  const core::Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::dup2(nothing.number(), socket);
  return away;
}

bool write_to(const std::string& log) {
  const core::Descriptor out(::open(log.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  return out && ::dup2(out.number(), STDOUT_FILENO) >= 0 &&
         ::dup2(out.number(), STDERR_FILENO) >= 0;
}

/// Children that end are a file that can be read.
core::Descriptor ended_children() {
  sigset_t ended;
  ::sigemptyset(&ended);
  ::sigaddset(&ended, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &ended, nullptr);
  return core::Descriptor(::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

struct Server::State {
  core::PacketSocket socket;
  Work work;
  core::Descriptor children = ended_children();
  std::map<pid_t, std::uint64_t> running = {};  ///< the number of its request
  std::vector<std::pair<int, std::function<void()>>> watched = {};

  void say(const ServeAnswer& answer) const { socket.send(packed(answer)); }

  void start(const ServeRequest& request) {
    ServeAnswer answer;
    answer.number = request.number;
    if (const auto all = threads(); all > 1) {
      answer.fault = fmt::format("ktbench-worker has {} threads, so it cannot fork", all);
      return say(answer);
    }
    const pid_t parent = ::getpid(), pid = ::fork();
    if (pid == 0) ::_exit(be_child(request, parent));
    if (pid < 0) {
      answer.fault = fmt::format("ktbench-worker cannot fork: {}", ::strerror(errno));
      return say(answer);
    }
    ::setpgid(pid, pid);  // parent and child both set it: either may run first
    running[pid] = request.number;
    answer.pid = pid;
    say(answer);
  }

  /// From here on it is as if a shell had started the command.
  int be_child(const ServeRequest& request, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) return kCannotStart;
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    socket.close();
    children.close();
    int code = kCannotStart;
    try {
      Mark(request.mark).take();
      if (write_to(request.log)) code = work(request.command);
    } catch (const std::exception& error) {
      std::cerr << error.what() << "\n";
    }
    std::cout.flush();
    std::fflush(nullptr);
    return code;
  }

  void bury() {
    signalfd_siginfo info;
    while (::read(children.number(), &info, sizeof info) > 0) continue;
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      const auto its = running.extract(pid);
      if (!its) continue;
      ServeAnswer answer;
      answer.number = its.mapped();
      answer.exit = exit_of(status);
      say(answer);
    }
  }

  void listen() {
    if (const auto packet = socket.receive(0)) start(unpacked<ServeRequest>(packet->text));
  }
};

Server::Server(int socket, Work work)
    : state_(new State{core::PacketSocket(taken(socket)), std::move(work)}) {}
Server::~Server() = default;

void Server::watch(int number, std::function<void()> ready) {
  state_->watched.emplace_back(number, std::move(ready));
}

void Server::run() {
  State& own = *state_;
  std::vector<std::pair<int, std::function<void()>>> all = own.watched;
  all.emplace_back(own.children.number(), [&] { own.bury(); });
  all.emplace_back(own.socket.number(), [&] { own.listen(); });
  std::vector<pollfd> ends;
  for (const auto& [number, ready] : all) ends.push_back({number, POLLIN, 0});
  while (!own.socket.closed()) {
    if (::poll(ends.data(), ends.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < ends.size(); ++i)
      if (ends[i].revents != 0) all[i].second();
  }
}

}  // namespace ktb::launch
