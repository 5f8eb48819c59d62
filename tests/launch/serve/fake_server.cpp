// Stands for `ktbench-worker serve` where tests have no LibTorch: a child becomes the program that
// its command names. One that stays has it as a child, and ends as it does where a signal ends it.
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "launch/serve/server.hpp"

namespace {

int become(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  return 127;
}

int run(const std::vector<std::string>& command) {
  ::signal(SIGTERM, [](int) {});  // which the command has as it was
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(become(command));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) continue;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  ::signal(WTERMSIG(status), SIG_DFL);
  ::raise(WTERMSIG(status));
  return 127;
}

std::optional<std::string> spent(int code) {
  if (code == 0) return std::nullopt;
  return code == 3 ? "it left something behind" : "";
}

void* stay(void*) {
  while (true) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  const auto asked = [&](const char* word) { return argc > 1 && std::strcmp(argv[1], word) == 0; };
  pthread_t thread{};
  if (asked("thread")) pthread_create(&thread, nullptr, stay, nullptr);
  ktb::launch::Server(STDIN_FILENO, asked("stays") ? run : become, spent).run();
  ::_exit(0);
}
