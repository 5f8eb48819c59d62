#pragma once
#include <memory>
#include <string>

#include "launch/process.hpp"

namespace ktb::launch {

/// NVIDIA's Multi-Process Service, with which kernels of several processes run on one GPU at the
/// same time; without it they take turns. What it does not keep apart: a process that breaks the
/// GPU's context may break those of the others.
class Mps {
 public:
  /// Starts one, which this process and all that it starts from now on use, and which ends with
  /// this. Where one runs already that is used. Throws core::Error where there can be none.
  Mps();
  ~Mps();
  Mps(const Mps&) = delete;
  Mps& operator=(const Mps&) = delete;

 private:
  std::string folder_;  ///< of its pipe and its log; empty: it was there before
  std::unique_ptr<Process> control_;
};

}  // namespace ktb::launch
