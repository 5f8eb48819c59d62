#pragma once
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace ktb::tests {

/// How a command ended, and all that it printed on both streams.
struct Outcome {
  int code = -1;  ///< 128 + signal where a signal ended it
  std::string text;
};

/// Through the shell, so arguments with blanks need quotes.
inline Outcome run_command(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return outcome;
  std::array<char, 4096> part{};
  while (const auto n = fread(part.data(), 1, part.size(), pipe))
    outcome.text.append(part.data(), n);
  const int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

}  // namespace ktb::tests
