#include "launch/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "core/base/output/escape.hpp"
#include "core/base/output/print.hpp"
#include "core/base/unicode.hpp"
#include "core/score/metrics.hpp"

namespace ktb::launch {
namespace {

constexpr int kBar = 20;

std::size_t width_of(std::FILE* out) {
  winsize size{};
  return ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

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

Progress::Progress(std::FILE* out, std::size_t total)
    : out_(out), total_(total), terminal_(::isatty(::fileno(out)) == 1) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (drawn_) fmt::print(out_, "\r\033[K");
  drawn_ = false;
}

void Progress::note(const std::string& text) {
  clear();
  core::print(out_, "{}\n", core::one_line(text));
  std::fflush(out_);
}

void Progress::finished(const core::Trial& trial, const core::Record& record, double seconds,
                        std::optional<double> left) {
  ++done_;
  if (terminal_ && record.ok()) return;
  const auto digits = std::to_string(total_).size();
  std::string line = fmt::format("[{:>{}}/{}] {}   {}", done_, digits, total_, title(trial),
                                 core::word(record.status));
  for (const auto& part : {headline(record), first_line(record.ok() ? "" : record.reason),
                           duration(seconds), left_text(done_ < total_ ? left : std::nullopt)})
    if (!part.empty()) line += "   " + part;
  note(line);
}

void Progress::running(const std::vector<Running>& trials, std::optional<double> left) {
  if (!terminal_ || total_ == 0) return;
  double share = static_cast<double>(done_);
  for (const auto& trial : trials) share += trial.share;
  const int filled = std::min(kBar, static_cast<int>(share / static_cast<double>(total_) * kBar));
  std::string line = fmt::format("[{}/{}] {:.<{}}", done_, total_, std::string(filled, '#'), kBar);
  if (left) line += "  " + left_text(left);
  for (const auto& trial : trials)
    line += fmt::format("  {} {:.0f} %", trial.title, 100 * trial.share);
  fmt::print(out_, "\r\033[K{}", core::cut_utf8(core::one_line(line), 0, width_of(out_) - 1));
  std::fflush(out_);
  drawn_ = true;
}

}  // namespace ktb::launch
