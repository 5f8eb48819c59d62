#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/suite/document.hpp"

namespace ktb::launch {

/// What a job asks of Slurm and does before it works; empty and 0: as Slurm has it.
struct Resources {
  std::string partition, account, qos, time, memory, gres, constraint;
  std::int64_t cpus = 0;
  std::vector<std::string> options;  ///< further words for sbatch
  std::vector<std::string> modules;
  std::string scratch;              ///< a folder of the node, in the shell's words
  std::vector<std::string> before;  ///< lines of shell

  auto operator<=>(const Resources&) const = default;
};

/// A site file: how jobs are submitted at this place. docs/how-to/cluster.md has its grammar.
class SiteFile {
 public:
  /// `path` empty: the user's own, if there is one. `gres`: what a task asks for where the file
  /// says nothing. Throws core::SuiteError: file, line, cause, cure.
  SiteFile(const std::string& path, const std::string& gres);

  const std::string& path() const { return path_; }  ///< empty: there is none
  std::int64_t tasks() const { return tasks_; }      ///< of a group of trials, at most
  std::int64_t at_once() const { return at_once_; }  ///< tasks; 0: as Slurm lets them
  std::int64_t warning() const { return warning_; }  ///< seconds before the limit
  const Resources& usual() const { return usual_; }
  /// Of a trial, by the rules that are about it.
  Resources of(const core::Trial& trial);
  /// Rules that were about no trial so far: `site.toml:12`.
  std::vector<std::string> unused() const;

 private:
  struct Rule {
    std::string path, place;
    std::map<std::string, std::vector<std::string>> axes;  ///< globs
    bool used = false;
  };
  void read();
  void read_rule(const std::string& path);
  Resources resources(const std::string& path, Resources base) const;
  void check_time(const std::string& path, const std::string& time) const;

  std::string path_;
  core::Document document_;
  std::int64_t tasks_ = 100, at_once_ = 0, warning_ = 120;
  Resources usual_;
  std::vector<Rule> rules_;
};

/// Seconds of a time limit in Slurm's forms: `90` (minutes), `8:00:00`, `2-12`; 0: it is none.
std::int64_t seconds_of_limit(const std::string& text);

}  // namespace ktb::launch
