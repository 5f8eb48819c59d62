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
#include <cstdlib>
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

bool write_to(const char* log) {
  const core::Descriptor out(::open(log, O_WRONLY | O_APPEND | O_CLOEXEC));
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

/// A child, as the server knows it.
struct Child {
  std::uint64_t number = 0;  ///< of the request that it runs; 0: it waits for one
  std::string gpu;           ///< that it stays on
  core::PacketSocket socket{core::Descriptor()};  ///< to it, where it stays
};

}  // namespace

struct Server::State {
  core::PacketSocket socket;
  Work work;
  Spent spent;
  core::Descriptor ends = ended_children();
  std::map<pid_t, Child> children = {};
  std::vector<std::pair<int, std::function<void()>>> watched = {};

  void say(const ServeAnswer& answer) const { socket.send(packed(answer)); }

  void start(const ServeRequest& request) {
    ServeAnswer answer;
    answer.number = request.number;
    if (request.gpu) answer.pid = given_to_one_that_stays(request);
    if (!answer.pid) fork(request, answer);
    say(answer);
  }

  std::optional<pid_t> given_to_one_that_stays(const ServeRequest& request) {
    hear();  // who has become free meanwhile
    for (auto& [pid, child] : children)
      if (child.number == 0 && child.gpu == *request.gpu && child.socket.send(packed(request))) {
        child.number = request.number;
        return pid;
      }
    return std::nullopt;
  }

  void fork(const ServeRequest& request, ServeAnswer& answer) {
    if (const auto all = threads(); all > 1) {
      answer.fault = fmt::format("ktbench-worker has {} threads, so it cannot fork", all);
      return;
    }
    auto ends_of_lane = core::PacketSocket::pair();
    const pid_t parent = ::getpid(), pid = ::fork();
    if (pid == 0) {
      ends_of_lane.first.close();
      ::_exit(be_child(request, parent, ends_of_lane.second));
    }
    if (pid < 0) {
      answer.fault = fmt::format("ktbench-worker cannot fork: {}", ::strerror(errno));
      return;
    }
    ::setpgid(pid, pid);  // parent and child both set it: either may run first
    Child& child = children[pid];
    child.number = request.number;
    if (request.gpu) child.gpu = *request.gpu, child.socket = std::move(ends_of_lane.first);
    answer.pid = pid;
  }

  /// From here on it is as if a shell had started the command.
  int be_child(const ServeRequest& request, pid_t parent, core::PacketSocket& lane) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) return kCannotStart;
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    socket.close();
    ends.close();
    children.clear();
    if (request.gpu) return stay(request, lane);
    lane.close();
    return perform(request);
  }

  int perform(const ServeRequest& request) const {
    int code = kCannotStart;
    try {
      Mark(request.mark).take();
      if (write_to(request.log.c_str())) code = work(request.command);
    } catch (const std::exception& error) {
      std::cerr << error.what() << "\n";
    }
    std::cout.flush();
    std::fflush(nullptr);
    return code;
  }

  /// One command after another. Where it is to run no other, its own end is that of the command.
  int stay(ServeRequest request, core::PacketSocket& lane) const {
    const Mark idle = Mark::current();
    if (!request.gpu->empty()) ::setenv("CUDA_VISIBLE_DEVICES", request.gpu->c_str(), 1);
    while (true) {
      const int code = perform(request);
      ServeAnswer answer;
      answer.number = request.number;
      if (const auto why = spent(code)) {
        answer.note = *why;
        if (!why->empty()) lane.send(packed(answer));
        return code;
      }
      idle.take();  // what carries the command's mark ends now
      write_to("/dev/null");
      answer.exit = Exit{code, 0};
      lane.send(packed(answer));
      const auto next = lane.receive(-1);
      if (!next) return 0;
      request = unpacked<ServeRequest>(next->text);
    }
  }

  void bury() {
    signalfd_siginfo info;
    while (::read(ends.number(), &info, sizeof info) > 0) continue;
    hear();  // what they said before they ended
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      const auto its = children.extract(pid);
      if (!its || its.mapped().number == 0) continue;
      ServeAnswer answer;
      answer.number = its.mapped().number;
      answer.exit = exit_of(status);
      say(answer);
    }
  }

  /// Those that stay.
  void hear() {
    for (auto& [pid, child] : children)
      while (const auto packet = child.socket ? child.socket.receive(0) : std::nullopt) {
        const auto answer = unpacked<ServeAnswer>(packet->text);
        if (answer.exit) child.number = 0;
        say(answer);
      }
  }

  void listen() {
    if (const auto packet = socket.receive(0)) start(unpacked<ServeRequest>(packet->text));
  }

  /// What can be read, and what is then to be done.
  std::vector<std::pair<int, std::function<void()>>> all_ends() {
    auto all = watched;
    all.emplace_back(ends.number(), [this] { bury(); });
    all.emplace_back(socket.number(), [this] { listen(); });
    for (const auto& [pid, child] : children)
      if (child.socket) all.emplace_back(child.socket.number(), [this] { hear(); });
    return all;
  }
};

Server::Server(int socket, Work work, Spent spent)
    : state_(new State{core::PacketSocket(taken(socket)), std::move(work), std::move(spent)}) {}
Server::~Server() = default;

void Server::watch(int number, std::function<void()> ready) {
  state_->watched.emplace_back(number, std::move(ready));
}

void Server::run() {
  while (!state_->socket.closed()) {
    const auto all = state_->all_ends();
    std::vector<pollfd> ends;
    for (const auto& [number, ready] : all) ends.push_back({number, POLLIN, 0});
    if (::poll(ends.data(), ends.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < ends.size(); ++i)
      if (ends[i].revents != 0) all[i].second();
  }
}

}  // namespace ktb::launch
