#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/json.hpp"

namespace ktb::core {

/// CRC-32C (Castagnoli), as records of TensorFlow have it.
std::uint32_t crc32c(std::string_view bytes);

/// The bytes of an event file, as TensorBoard reads it: TFRecords of `Event` messages, written here
/// in protobuf's wire format. Times are seconds since 1970.
class EventFile {
 public:
  EventFile();

  void scalar(double time, std::int64_t step, const std::string& tag, double value);
  /// For the tab HPARAMS: what this run was made with, name -> a number, true or false, or a text,
  /// and whether it came to its end. Runs of one `group` are repetitions.
  void settings(double time, const Json& settings, const std::string& group, bool ended);

  const std::string& bytes() const { return bytes_; }

 private:
  void add(const std::string& event);
  void add_hparams(double time, const std::string& tag, const std::string& data);

  std::string bytes_;
};

}  // namespace ktb::core
