#pragma once
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/system/descriptor.hpp"
#include "launch/mark.hpp"

namespace ktb::launch {

/// How a child ended: `signal` is 0 where it ended by itself with `code`.
struct Exit {
  int code = 0;
  int signal = 0;
};

/// Of the status that wait() gives.
Exit exit_of(int status);

/// Makes an empty file of it. Throws core::Error where it cannot be written.
core::Descriptor open_log(const std::string& path);

enum class Wait { kNo, kYes };

/// A process in its own group, killed when this process dies. Output and errors go to one file. All
/// that it started ends with it.
class Process {
 public:
  /// How it ended; none: it has not, and was not to be waited for.
  using Ended = std::function<std::optional<Exit>(Wait)>;

  /// A child. Its standard input is `in`, or empty. Throws core::Error where there can be none.
  Process(const std::vector<std::string>& command, const std::string& log, int in = -1);
  /// One that somebody else has started so, who knows how it ended.
  Process(pid_t pid, Mark mark, Ended ended);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  /// Kills what still runs, and waits for it.
  ~Process();

  /// None while it runs.
  std::optional<Exit> poll();
  /// To the whole group, while it runs.
  void send(int signal);
  /// Resident memory now, in MiB, of it and of what it started; 0 once it has ended.
  std::size_t resident_mib() const;

 private:
  const Mark mark_;  ///< of all that it starts
  pid_t pid_ = -1;
  Ended ended_;
  std::optional<Exit> exit_;
};

struct Answer {
  Exit exit;
  std::string output, errors;
};

/// Runs a program to its end with `input` on its standard input.
Answer ask(const std::vector<std::string>& command, const std::string& input = "");

/// Runs a program on this terminal and gives its exit code; 128 + signal where one ended it.
int run_here(const std::vector<std::string>& command);

/// SIGSEGV for 11.
std::string signal_name(int signal);

/// The program beside this one: `ktbench-worker` of the folder that holds `ktbench`.
std::string beside_this(const std::string& name);

/// Quoted for a POSIX shell where that is needed.
std::string shell_quoted(const std::string& word);
std::string shell_line(const std::vector<std::string>& command);

}  // namespace ktb::launch
