#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/output/terminal.hpp"
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
  std::uint64_t step = 0, steps = 0;  ///< 0: nothing is known yet

  double share() const;  ///< 0 to 1
};

/// How a run goes on. On a terminal a line for each trial that has finished, and below them one
/// that is drawn again and again. Elsewhere lines alone: every failure and the last trial at once,
/// of the others at most one in 10 seconds, and a sign of life every minute.
class Progress {
 public:
  struct Options {
    bool quiet = false;                                     ///< failures and notes only
    std::optional<core::Terminal> terminal = std::nullopt;  ///< in the place of what `out` leads to
    std::function<double()> now = core::seconds_now;
  };

  Progress(std::FILE* out, std::size_t total) : Progress(out, total, Options()) {}
  Progress(std::FILE* out, std::size_t total, Options options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void finished(const core::Trial& trial, const core::Record& record, double seconds,
                std::optional<double> left);
  /// One that others have finished.
  void passed() { ++done_; }
  /// Those at work, as often as they are looked at.
  void running(const std::vector<Running>& trials, std::optional<double> left);
  /// A line of its own.
  void note(const std::string& text);

 private:
  struct Mark {
    double time = 0;
    std::uint64_t step = 0;
  };

  core::Terminal terminal() const;
  void clear();
  void write(const std::string& line, const std::string& marked);
  /// Steps a second of all that are at work, since each was seen first.
  double rate(const std::vector<Running>& trials);
  std::string state(const std::vector<Running>& trials, std::optional<double> left);
  std::string all_in_all() const;

  std::FILE* out_;
  std::size_t total_, done_ = 0, unsaid_ = 0;
  Options options_;
  double start_, spoken_;
  std::map<std::string, Mark> first_seen_;
  bool drawn_ = false;
};

}  // namespace ktb::launch
