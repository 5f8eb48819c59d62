#pragma once
#include <cstdint>
#include <string>

namespace ktb::run {

/// A call into a method. The innermost stays known where it throws or crashes, so that the record
/// of the fault can name it. A worker runs one trial, so there is one for the whole process.
class Hook {
 public:
  static constexpr std::int64_t kNoStep = -1;

  /// `name` as in ktb/method.hpp; `method` the plugin's name. Both must outlive the call.
  Hook(const char* name, const std::string& method, std::int64_t step = kNoStep);
  /// Forgotten where the call came back, and kept where it threw.
  ~Hook();
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;

  /// `losses() of kd at step 17`; empty: none runs, nor did the last one throw.
  static std::string current();
  static void forget();

 private:
  int exceptions_;
};

}  // namespace ktb::run
