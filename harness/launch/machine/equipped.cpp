#include "launch/machine/equipped.hpp"

#include <cstdlib>

#include "launch/machine/libtorch.hpp"

namespace ktb::launch {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string joined(const std::string& first, const std::string& second) {
  return first.empty() || second.empty() ? first + second : first + ":" + second;
}

}  // namespace

const std::string& equipped(const std::string& worker) {
  static const bool once = [] {
    const auto path = joined(libtorch() + "/lib", variable("LD_LIBRARY_PATH"));
    const auto tunables = with_huge_pages(variable("GLIBC_TUNABLES"));
    return ::setenv("LD_LIBRARY_PATH", path.c_str(), 1) == 0 &&
           ::setenv("GLIBC_TUNABLES", tunables.c_str(), 1) == 0;
  }();
  static_cast<void>(once);
  return worker;
}

std::string with_huge_pages(const std::string& tunables) {
  const std::string own = "glibc.malloc.hugetlb";
  return tunables.find(own + "=") == std::string::npos ? joined(tunables, own + "=1") : tunables;
}

}  // namespace ktb::launch
