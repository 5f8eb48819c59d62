#include "mock/waits.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace ktb::mock {
namespace {

std::atomic<std::int64_t> count{0};

/// The innermost three calls outside LibTorch.
std::string caller() {
  void* frames[96];
  const int depth = backtrace(frames, 96);
  Dl_info own{}, info{};
  dladdr(reinterpret_cast<void*>(&caller), &own);
  std::string out;
  for (int i = 0, found = 0; i < depth && found < 3; ++i) {
    if (!dladdr(frames[i], &info) || info.dli_fbase == own.dli_fbase) continue;
    const std::string path = info.dli_fname, file = path.substr(path.rfind('/') + 1);
    if (file.starts_with("libtorch") || file.starts_with("libc")) continue;
    const auto offset = static_cast<char*>(frames[i]) - static_cast<char*>(info.dli_fbase) - 1;
    out += fmt::format("{}{}+{:#x}", found++ ? " < " : "", file, offset);
  }
  return out.empty() ? "a thread of LibTorch's" : out;
}

struct Places {
  std::mutex mutex;
  std::map<std::string, std::int64_t> counts;
};

/// None where nobody asked for them. Never destroyed: threads may still note something then.
Places* places() {
  static auto* const all = std::getenv("KTB_MOCK_PLACES") != nullptr ? new Places : nullptr;
  return all;
}

}  // namespace

void waited(const std::string& what) {
  ++count;
  auto* all = places();
  if (all == nullptr) return;
  const auto place = what + "  " + caller();
  const std::lock_guard lock(all->mutex);
  ++all->counts[place];
}

std::int64_t waits() { return count; }

std::string wait_places(std::size_t most) {
  auto* all = places();
  if (all == nullptr) return {};
  const std::lock_guard lock(all->mutex);
  std::multimap<std::int64_t, std::string, std::greater<>> sorted;
  for (const auto& [place, times] : std::exchange(all->counts, {})) sorted.emplace(times, place);
  std::string out;
  for (const auto& [times, place] : sorted)
    if (most-- > 0)
      out += fmt::format("{:8} {}\n", times, place);
    else
      break;
  return out;
}

}  // namespace ktb::mock
