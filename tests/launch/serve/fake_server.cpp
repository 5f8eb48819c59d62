// Stands for `ktbench-worker serve` where tests have no LibTorch: a child becomes the program that
// its command names.
#include <pthread.h>
#include <unistd.h>

#include <cstring>
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

void* stay(void*) {
  while (true) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  pthread_t thread{};
  if (argc > 1 && std::strcmp(argv[1], "thread") == 0)
    pthread_create(&thread, nullptr, stay, nullptr);
  ktb::launch::Server(STDIN_FILENO, become).run();
  ::_exit(0);
}
