#pragma once
#include <string>
#include <utility>

namespace ktb::launch {

/// A variable in the environment of a trial, `KTBENCH_TRIAL=...`. What it starts has it too and,
/// unlike a group or a session, cannot leave it: so the mark finds what a trial left behind.
class Mark {
 public:
  /// One that nothing else has. All are equally long.
  static Mark next();
  /// What this process carries. Throws core::Error where it was started without one.
  static Mark current();
  explicit Mark(std::string text) : text_(std::move(text)) {}

  const std::string& text() const { return text_; }
  /// Kills all that carry it; afterwards there is none.
  void end_all() const;
  /// This process carries it from now on, in the place of current().
  void take() const;

 private:
  std::string text_;
};

}  // namespace ktb::launch
