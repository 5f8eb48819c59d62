#include "launch/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/unicode.hpp"
#include "launch/machine/memory.hpp"

namespace ktb::launch {
namespace {

constexpr int kCannotStart = 127;

/// A pipe whose ends close themselves.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw core::Error("cannot make a pipe");
  }
  ~Pipe() { close_read(), close_write(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_read() { close_end(ends_[0]); }
  void close_write() { close_end(ends_[1]); }

 private:
  static void close_end(int& end) {
    if (end >= 0) ::close(std::exchange(end, -1));
  }
  std::array<int, 2> ends_ = {-1, -1};
};

std::vector<char*> arguments(const std::vector<std::string>& command) {
  std::vector<char*> result;
  for (const auto& word : command) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

/// What a child does between fork and exec; only async-signal-safe calls. Never returns.
[[noreturn]] void become(char* const* arguments, char* const* variables, int in, int out, int err,
                         pid_t parent, bool own_group) {
  if (own_group) ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kCannotStart);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (in >= 0) ::dup2(in, STDIN_FILENO);
  if (out >= 0) ::dup2(out, STDOUT_FILENO);
  if (err >= 0) ::dup2(err, STDERR_FILENO);
  ::execvpe(arguments[0], arguments, variables);
  const char* reason = ::strerrordesc_np(errno);
  for (const char* text :
       {"cannot start ", static_cast<const char*>(arguments[0]), ": ", reason, "\n"})
    if (::write(STDERR_FILENO, text, ::strlen(text)) < 0) break;
  ::_exit(kCannotStart);
}

/// `mark`: a further variable of its environment; empty: none.
pid_t start(const std::vector<std::string>& command, int in, int out, int err, bool own_group,
            const std::string& mark = "") {
  const auto words = arguments(command);
  std::vector<char*> variables;
  for (char** one = environ; *one != nullptr; ++one) variables.push_back(*one);
  if (!mark.empty()) variables.push_back(const_cast<char*>(mark.c_str()));
  variables.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0)
    throw core::Error(fmt::format("cannot start {}: {}", command.front(), ::strerror(errno)));
  if (pid == 0) become(words.data(), variables.data(), in, out, err, parent, own_group);
  if (own_group) ::setpgid(pid, pid);  // parent and child both set it: either may run first
  return pid;
}

Exit wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) throw core::Error("cannot wait for a child process");
  return exit_of(status);
}

/// Reads what is there; false at the end.
bool drain(int end, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t n = ::read(end, buffer.data(), buffer.size());
  if (n > 0) text.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && errno == EINTR);
}

/// Feeds `input` and collects both outputs at once, so that no side waits for the other.
void converse(Pipe& in, Pipe& out, Pipe& err, const std::string& input, Answer& answer) {
  ::fcntl(in.write_end(), F_SETFL, O_NONBLOCK);
  std::size_t sent = 0;
  bool out_open = true, err_open = true;
  if (input.empty()) in.close_write();
  while (out_open || err_open) {
    std::array<pollfd, 3> ends = {{{out_open ? out.read_end() : -1, POLLIN, 0},
                                   {err_open ? err.read_end() : -1, POLLIN, 0},
                                   {in.write_end(), POLLOUT, 0}}};
    if (::poll(ends.data(), ends.size(), -1) < 0) continue;
    if (ends[0].revents != 0) out_open = drain(out.read_end(), answer.output);
    if (ends[1].revents != 0) err_open = drain(err.read_end(), answer.errors);
    if (ends[2].revents == 0) continue;
    const ssize_t n = ::write(in.write_end(), input.data() + sent, input.size() - sent);
    if (n > 0) sent += static_cast<std::size_t>(n);
    if (sent == input.size() || (n < 0 && errno != EINTR && errno != EAGAIN)) in.close_write();
  }
}

/// A child that ends before it has read its input must not end us.
class NoBrokenPipe {
 public:
  NoBrokenPipe() : before_(::signal(SIGPIPE, SIG_IGN)) {}
  ~NoBrokenPipe() { ::signal(SIGPIPE, before_); }

 private:
  sighandler_t before_;
};

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::string& log, int in)
    : mark_(Mark::next()) {
  const core::Descriptor out = open_log(log);
  const core::Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  pid_ = start(command, in >= 0 ? in : nothing.number(), out.number(), out.number(), true,
               mark_.text());
  ended_ = [pid = pid_](Wait wait) -> std::optional<Exit> {
    int status = 0;
    if (::waitpid(pid, &status, wait == Wait::kYes ? 0 : WNOHANG) != pid) return std::nullopt;
    return exit_of(status);
  };
}

Process::Process(pid_t pid, Mark mark, Ended ended)
    : mark_(std::move(mark)), pid_(pid), ended_(std::move(ended)) {}

Process::~Process() {
  if (exit_) return;
  send(SIGKILL);
  ended_(Wait::kYes);
  mark_.end_all();
}

std::optional<Exit> Process::poll() {
  if (exit_) return exit_;
  exit_ = ended_(Wait::kNo);
  if (exit_) mark_.end_all();
  return exit_;
}

void Process::send(int signal) const {
  if (!exit_) ::kill(-pid_, signal);
}

std::size_t Process::resident_mib() const { return exit_ ? 0 : launch::resident_mib(pid_); }

Answer ask(const std::vector<std::string>& command, const std::string& input) {
  const NoBrokenPipe guard;
  Pipe in, out, err;
  const pid_t pid = start(command, in.read_end(), out.write_end(), err.write_end(), false);
  in.close_read();
  out.close_write();
  err.close_write();
  Answer answer;
  converse(in, out, err, input, answer);
  answer.exit = wait_for(pid);
  return answer;
}

int run_here(const std::vector<std::string>& command) {
  const Exit exit = wait_for(start(command, -1, -1, -1, false));
  return exit.signal != 0 ? 128 + exit.signal : exit.code;
}

core::Descriptor open_log(const std::string& path) {
  core::Descriptor log(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!log) throw core::Error(fmt::format("cannot write {}: {}", path, ::strerror(errno)));
  return log;
}

Exit exit_of(int status) {
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::string beside_this(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

std::string shell_quoted(const std::string& word) {
  constexpr auto kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  // What would steer a terminal that shows the line is left to printf.
  const bool shows = core::printable(word) == word;
  const auto piece = [&](char c) {
    if (c == '\'') return std::string("'\\''");
    const bool itself = shows || c == '\n' || (c >= ' ' && c <= '~');
    return itself ? std::string(1, c)
                  : fmt::format("'\"$(printf '\\{:03o}')\"'", static_cast<unsigned char>(c));
  };
  std::string quoted = "'";
  for (const char c : word) quoted += piece(c);
  return quoted + "'";
}

std::string shell_line(const std::vector<std::string>& command) {
  std::string line;
  for (const auto& word : command) line += (line.empty() ? "" : " ") + shell_quoted(word);
  return line;
}

}  // namespace ktb::launch
