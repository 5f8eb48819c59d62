#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/plan/file_stamp.hpp"

namespace ktb::core {

/// What was read of a store's files before, as bytes, in one file: it saves opening and parsing a
/// hundred thousand small ones. Never the truth: an entry serves as long as its file has the stamp
/// that it had, whatever is wrong with the index is left out, and losing it loses time only.
class Index {
 public:
  using Warn = std::function<void(const std::string&)>;

  /// `layout` names what the bytes mean: a file of another layout is none. Nothing is opened yet.
  Index(std::filesystem::path file, std::string layout, Warn warn);
  /// Writes what came to be known, where it is worth it.
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  /// Of a trial's record as its file is now; none: it must be read. The first calls find none, so
  /// that who asks for a few records opens no index.
  std::optional<std::string_view> record(const std::string& id, const FileStamp& now);
  void keep_record(const std::string& id, const FileStamp& stamp, std::string bytes);
  /// Of a plan's file, each asked for by itself.
  std::optional<std::string> plan(const std::string& name, const FileStamp& now);
  void keep_plan(const std::string& name, const FileStamp& stamp, std::string bytes);

  /// Calls that find none, and new records that are worth a write.
  static constexpr std::size_t kFew = 64, kWorthwhile = 500;
  /// Bytes of a plan that is worth a write.
  static constexpr std::size_t kLargePlan = 1 << 20;

 private:
  struct Entry {
    FileStamp stamp;  ///< without its path
    std::string bytes;
  };
  using Entries = std::unordered_map<std::string, Entry>;

  void read_records();
  void write();
  void leave_out(const std::string& why);

  std::filesystem::path file_;
  std::string layout_;
  Warn warn_;
  std::size_t calls_ = 0;
  bool read_ = false;
  bool broken_ = false;  ///< is to be made anew
  Entries records_, new_records_, new_plans_;
};

}  // namespace ktb::core
