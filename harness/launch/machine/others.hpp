#pragma once
#include <filesystem>
#include <string>

#include "launch/local.hpp"

namespace ktb::launch {

/// What other programs do on this machine while it lives: what its cores did, less what this
/// process did and the children that it has waited for.
class Others {
 public:
  explicit Others(std::filesystem::path stat = "/proc/stat");

  /// How many cores they kept busy, a mean; 0 where the kernel does not tell.
  double busy() const;
  /// The same, once there is a fifth of a second to look at.
  double busy_by_now() const;
  int cores() const { return cores_; }  ///< that the machine has

 private:
  std::filesystem::path stat_;
  int cores_ = 0;
  double before_ = 0, own_ = 0, since_ = 0;  ///< seconds
};

/// What a run says before it starts where there are fewer free cores than it wants, and at its end
/// where that was so; empty: nothing.
std::string busy_before(double busy, int cores, const PoolOptions& pool);
std::string busy_meanwhile(double busy, int cores, const PoolOptions& pool);

}  // namespace ktb::launch
