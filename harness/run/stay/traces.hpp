#pragma once
#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace ktb::run {

/// What trials leave behind in a process that runs one after another. Each is to find what it would
/// find in a process of its own, so that its record is the same to the last bit.
class Traces {
 public:
  /// Of a process that is set up and has run no trial.
  explicit Traces(at::Device device);

  /// Takes away what the last trial may leave: random streams, memory. Gives what cannot be taken
  /// away, for which this process is to run no other trial; empty: there is nothing.
  std::string clear();

 private:
  struct Setting {
    const char* name;
    std::string value;
  };
  /// All that LibTorch and the C library keep for the whole process.
  static std::vector<Setting> settings();
  static double resident_mib();

  const at::Device device_;
  const std::vector<Setting> before_ = settings();
  double most_mib_ = 0;  ///< of memory that the process may hold between trials
};

}  // namespace ktb::run
