#include "launch/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/output/escape.hpp"
#include "core/base/utf8.hpp"
#include "core/score/metrics.hpp"

namespace ktb::launch {
namespace {

constexpr int kBar = 20;
constexpr double kSilence = 10, kSignOfLife = 60;  // seconds between lines where nothing is drawn
constexpr auto kRed = "\033[31m", kPlain = "\033[0m";

/// The task's main metric, as tables show it: `top-1 83.1`.
std::string headline(const core::Record& record) {
  if (record.metrics.empty()) return "";
  auto metric = record.metrics.find(core::main_metric(record));
  if (metric == record.metrics.end()) metric = record.metrics.begin();
  const auto info = core::metric_info(metric->first);
  return fmt::format("{} {:.{}f}", info.title, metric->second * info.scale,
                     1 + info.further_digits);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string left_text(std::optional<double> left) { return left ? about(*left) + " left" : ""; }

}  // namespace

std::string duration(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long>(std::lround(seconds));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string about(double seconds) {
  if (seconds < 10) return "a few s";
  if (seconds < 55) return fmt::format("about {:.0f} s", std::ceil(seconds / 10) * 10);
  if (seconds < 5400)
    return fmt::format("about {:.0f} min", std::max(1.0, std::round(seconds / 60)));
  if (seconds < 172800) return fmt::format("about {:.0f} h", std::round(seconds / 3600));
  return fmt::format("about {:.0f} days", std::round(seconds / 86400));
}

std::string title(const core::Trial& trial) {
  const auto axis = [&](const char* name) {
    const auto& axes = trial.outline().axes;
    const auto found = axes.find(name);
    return found != axes.end() ? found->second : "";
  };
  const std::string pair = axis("pair"), labels = axis("labels");
  std::string text = axis("method") + " " + (pair.empty() ? axis("target") : pair);
  if (!labels.empty() && labels != "1") text += " labels " + labels;
  return fmt::format("{} s{}", text, trial.seed());
}

double Running::share() const {
  return steps == 0 ? 0 : std::min(1.0, static_cast<double>(step) / static_cast<double>(steps));
}

Progress::Progress(std::FILE* out, std::size_t total, Options options)
    : out_(out),
      total_(total),
      options_(std::move(options)),
      start_(options_.now()),
      spoken_(start_ - kSilence) {}

Progress::~Progress() { clear(); }

core::Terminal Progress::terminal() const {
  return options_.terminal ? *options_.terminal : core::terminal_of(out_);
}

void Progress::clear() {
  if (drawn_) fmt::print(out_, "\r\033[K");
  drawn_ = false;
}

/// `marked`, a word of the line, is red where there are colours.
void Progress::write(const std::string& line, const std::string& marked) {
  clear();
  const core::Terminal terminal = this->terminal();
  std::string text = core::one_line(line);
  if (terminal.ascii) text = core::to_ascii(text);
  if (const auto at = text.rfind(marked); terminal.colours && !marked.empty() && at != text.npos)
    text = text.substr(0, at) + kRed + marked + kPlain + text.substr(at + marked.size());
  fmt::print(out_, "{}\n", text);
  std::fflush(out_);
  spoken_ = options_.now();
}

void Progress::note(const std::string& text) { write(text, ""); }

void Progress::finished(const core::Trial& trial, const core::Record& record, double seconds,
                        std::optional<double> left) {
  ++done_;
  const bool last = done_ == total_, redraws = terminal().redraws;
  const bool held_back = !redraws && !last && options_.now() < spoken_ + kSilence;
  if (record.ok() && (options_.quiet || held_back)) {
    ++unsaid_;
    return;
  }
  const std::string status = core::word(record.status);
  const auto digits = std::to_string(total_).size();
  std::string line =
      fmt::format("[{:>{}}/{}] {}   {}", done_, digits, total_, title(trial), status);
  for (const auto& part :
       {headline(record), first_line(record.ok() ? "" : record.reason), duration(seconds),
        left_text(last || redraws ? std::nullopt : left),
        unsaid_ > 0 && !options_.quiet ? fmt::format("and {} before it", unsaid_) : ""})
    if (!part.empty()) line += "   " + part;
  unsaid_ = 0;
  write(line, record.ok() ? "" : status);
  if (last && total_ > 1 && !options_.quiet) note(all_in_all());
}

std::string Progress::all_in_all() const {
  const double seconds = std::max(1e-3, options_.now() - start_);
  const double rate = static_cast<double>(total_) / seconds;
  return fmt::format("{} trials in {}, {}", total_, duration(seconds),
                     rate >= 1        ? fmt::format("{:.1f} a second", rate)
                     : rate * 60 >= 1 ? fmt::format("{:.1f} a minute", rate * 60)
                                      : fmt::format("{:.1f} an hour", rate * 3600));
}

double Progress::rate(const std::vector<Running>& trials) {
  std::map<std::string, Mark> seen;
  double rate = 0;
  const double now = options_.now();
  for (const auto& trial : trials) {
    if (trial.step == 0) continue;
    const auto known = first_seen_.find(trial.title);
    const bool fresh = known == first_seen_.end() || known->second.step > trial.step;
    const Mark first = fresh ? Mark{now, trial.step} : known->second;
    seen[trial.title] = first;
    if (now > first.time) rate += static_cast<double>(trial.step - first.step) / (now - first.time);
  }
  first_seen_ = std::move(seen);
  return rate;
}

std::string Progress::state(const std::vector<Running>& trials, std::optional<double> left) {
  std::string line;
  if (left) line += "  " + left_text(left);
  if (const double steps = rate(trials); steps > 0)
    line += fmt::format("  {:.{}f} steps/s", steps, steps < 10 ? 1 : 0);
  for (const auto& trial : trials)
    line += fmt::format("  {} {:.0f} %", trial.title, 100 * trial.share());
  return line;
}

void Progress::running(const std::vector<Running>& trials, std::optional<double> left) {
  if (options_.quiet || total_ == 0) return;
  const core::Terminal terminal = this->terminal();
  const std::string text = state(trials, left);
  if (!terminal.redraws) {
    if (!trials.empty() && options_.now() >= spoken_ + kSignOfLife)
      note(fmt::format("[{}/{}]{}", done_, total_, text));
    return;
  }
  double share = static_cast<double>(done_);
  for (const auto& trial : trials) share += trial.share();
  const int filled = std::min(kBar, static_cast<int>(share / static_cast<double>(total_) * kBar));
  std::string line = core::one_line(
      fmt::format("[{}/{}] {:.<{}}{}", done_, total_, std::string(filled, '#'), kBar, text));
  if (terminal.ascii) line = core::to_ascii(line);
  fmt::print(out_, "\r\033[K{}", core::cut_columns(line, terminal.columns - 1));
  std::fflush(out_);
  drawn_ = true;
}

}  // namespace ktb::launch
