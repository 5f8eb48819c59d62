#pragma once
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/record.hpp"

namespace ktb::launch {

/// 6.2 s, 3 min 20 s, 2 h 5 min.
std::string duration(double seconds);
/// For estimates: a few s, about 40 s, about 3 min, about 2 h.
std::string about(double seconds);
/// `kd resnet8 -> mlp s1`: a trial in the suite's words.
std::string title(const core::Trial& trial);

struct Running {
  std::string title;
  double share = 0;  ///< of its steps, 0 to 1
};

/// One redrawn line on a terminal, one line a finished trial elsewhere.
class Progress {
 public:
  Progress(std::FILE* out, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void finished(const core::Trial& trial, const core::Record& record, double seconds,
                std::optional<double> left);
  /// One that others have finished.
  void passed() { ++done_; }
  /// Redraws the line; does nothing elsewhere.
  void running(const std::vector<Running>& trials, std::optional<double> left);
  /// A line of its own.
  void note(const std::string& text);

 private:
  void clear();

  std::FILE* out_;
  std::size_t total_, done_ = 0;
  bool terminal_, drawn_ = false;
};

}  // namespace ktb::launch
