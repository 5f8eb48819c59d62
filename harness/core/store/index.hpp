#pragma once
#include <array>
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

/// What was read of a store's files before, as bytes, in one file: it saves opening and parsing
/// some hundred thousand small ones. Never the truth: an entry serves as long as its file has the
/// stamp that it had, whatever is wrong with the index is left out, and losing it loses time only.
class Index {
 public:
  using Warn = std::function<void(const std::string&)>;

  /// `layout` names what the bytes mean: a file of another layout is none. Nothing is opened yet.
  Index(std::filesystem::path file, std::string layout, Warn warn);
  /// Writes what came to be known, where it is worth it.
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  /// What is kept of each trial, a table each: of record.json twice, since most who look at many
  /// ask for its result only, and of trial.json.
  enum Table { kResults, kRecords, kSpecs, kTables };

  /// Of a trial, as its file is now; none: it must be read. The first calls for a table find none,
  /// so that who asks for a few trials opens no index.
  std::optional<std::string_view> find(Table table, const std::string& id, const FileStamp& now);
  void keep(Table table, const std::string& id, const FileStamp& stamp, std::string bytes);
  /// Of a plan's file, each asked for by itself.
  std::optional<std::string> plan(const std::string& name, const FileStamp& now);
  /// What was read serves if the file had lain there for a while. What was `written` does at once:
  /// who replaces that file makes another one, and none of the same stamp.
  enum class How { kRead, kWritten };
  void keep_plan(const std::string& name, const FileStamp& stamp, std::string bytes, How how);

  /// Calls that find none, and new entries of a table that are worth a write.
  static constexpr std::size_t kFew = 64, kWorthwhile = 500;
  /// Bytes of a plan that is worth a write.
  static constexpr std::size_t kLargePlan = 1 << 20;

 private:
  struct Entry {
    FileStamp stamp;  ///< without its path
    std::string bytes;
  };
  using Entries = std::unordered_map<std::string, Entry>;

  /// One of the tables, as far as it was asked for.
  struct Part {
    std::size_t calls = 0;
    bool read = false;
    Entries known, fresh;
  };

  void read(Table table);
  void write();
  void leave_out(const std::string& why);

  std::filesystem::path file_;
  std::string layout_;
  Warn warn_;
  bool broken_ = false;  ///< is to be made anew
  std::array<Part, kTables> parts_;
  Entries new_plans_;
};

}  // namespace ktb::core
