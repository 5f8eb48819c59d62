#include "core/base/output/event_file.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <type_traits>

namespace ktb::core {
namespace {

static_assert(std::endian::native == std::endian::little);  // as the format has it

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0x82F63B78U : 0);
    table[i] = value;
  }
  return table;
}

/// TFRecords turn and shift their checksums, so that one of a text with a checksum in it is none.
std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xA282EAD8U; }

template <class T>
std::string raw(T value) {
  const auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
  return {bytes.data(), bytes.size()};
}

// Protobuf's wire format: a field is its number with the type of its value, then the value.

std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number > 127; number >>= 7) bytes += static_cast<char>((number & 127) | 128);
  return bytes + static_cast<char>(number);
}

std::string key(std::uint64_t number, std::uint64_t type) { return varint(number << 3 | type); }

std::string whole(std::uint64_t number, std::int64_t value) {
  return key(number, 0) + varint(static_cast<std::uint64_t>(value));
}
std::string real(std::uint64_t number, double value) { return key(number, 1) + raw(value); }
std::string single(std::uint64_t number, float value) { return key(number, 5) + raw(value); }
/// A text, or a message of its own.
std::string part(std::uint64_t number, std::string_view bytes) {
  return key(number, 2) + varint(bytes.size()) + std::string(bytes);
}

/// google.protobuf.Value
std::string value_of(const Json& value) {
  if (value.is_number()) return real(2, value.get<double>());
  if (value.is_boolean()) return whole(4, value.get<bool>() ? 1 : 0);
  return part(3, value.is_string() ? value.get<std::string>() : value.dump());
}

/// An entry of a map
std::string setting(const std::string& name, const Json& value) {
  return part(1, name) + part(2, value_of(value));
}

// Event: wall_time 1, step 2, file_version 3, summary 5. Summary: value 1. Its Value: tag 1,
// simple_value 2, tensor 8, metadata 9.

constexpr std::string_view kVersion = "brain.Event:2";
constexpr std::int64_t kSucceeded = 1, kFailed = 2;

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t crc = ~0U;
  for (const char c : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 255];
  return ~crc;
}

EventFile::EventFile() { add(real(1, 0) + part(3, kVersion)); }

void EventFile::add(const std::string& event) {
  const std::string size = raw(static_cast<std::uint64_t>(event.size()));
  bytes_ += size + raw(masked(crc32c(size))) + event + raw(masked(crc32c(event)));
}

void EventFile::scalar(double time, std::int64_t step, const std::string& tag, double value) {
  const std::string shown = part(1, tag) + single(2, static_cast<float>(value));
  add(real(1, time) + whole(2, step) + part(5, part(1, shown)));
}

void EventFile::add_hparams(double time, const std::string& tag, const std::string& data) {
  const std::string plugin = part(1, part(1, "hparams") + part(2, data));
  // TensorBoard reads what has a tensor: an empty one of type float, without dimensions
  const std::string none = whole(1, 1) + part(2, "") + part(5, raw(0.0F));
  add(real(1, time) + part(5, part(1, part(1, tag) + part(8, none) + part(9, plugin))));
}

void EventFile::settings(double time, const Json& settings, const std::string& group, bool ended) {
  std::string start;  // SessionStartInfo: hparams 1, group_name 4, start_time_secs 5
  for (const auto& [name, value] : settings.items()) start += part(1, setting(name, value));
  start += part(4, group) + real(5, time);
  const std::string end = whole(1, ended ? kSucceeded : kFailed);  // SessionEndInfo: status 1
  // HParamsPluginData: version 1, session_start_info 3, session_end_info 4
  add_hparams(time, "_hparams_/session_start_info", whole(1, 0) + part(3, start));
  add_hparams(time, "_hparams_/session_end_info", whole(1, 0) + part(4, end));
}

}  // namespace ktb::core
