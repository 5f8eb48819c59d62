#include "core/store/index.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <system_error>
#include <utility>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

constexpr int kPatience = 1000;  // ms, while another process writes

/// A file that was written so short a while ago may be written again within the same tick of the
/// file system's clock, which no stamp would show.
constexpr std::int64_t kSettled = 2'000'000'000;  // ns

bool settled(const FileStamp& stamp) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return stamp.changed <
         std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - kSettled;
}

FileStamp without_path(FileStamp stamp) {
  stamp.path.clear();
  return stamp;
}

/// Of an entry as a whole: SQLite sees damage to its pages' order, not to what stands in them.
std::int64_t checksum(std::string_view name, const FileStamp& stamp, std::string_view bytes) {
  const std::array<std::int64_t, 4> numbers{stamp.size, stamp.written, stamp.changed,
                                            static_cast<std::int64_t>(stamp.inode)};
  const auto add = [](uLong sum, const void* part, std::size_t size) {
    return crc32_z(sum, static_cast<const Bytef*>(part), size);
  };
  const uLong head = add(add(0, numbers.data(), sizeof numbers), name.data(), name.size());
  return static_cast<std::int64_t>(add(head, bytes.data(), bytes.size()));
}

/// What SQLite says of a file that is none of its own, or is damaged, and so not worth keeping.
struct Damaged : Error {
  using Error::Error;
};

/// SQLite's calls by the few that are needed here. Throws Error in SQLite's words.
class Database {
 public:
  Database(const fs::path& file, int flags) {
    const int code = sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr);
    owner_.reset(handle_);  // there even where it could not be opened
    check(code);
    sqlite3_busy_timeout(handle_, kPatience);
  }
  void run(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }
  void check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
    const char* text = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
    // an unknown table or column is another program's layout
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR)
      throw Damaged(text);
    throw Error(text);
  }
  sqlite3* handle() const { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> owner_{nullptr, sqlite3_close};
};

class Statement {
 public:
  Statement(const Database& database, const char* sql) : database_(database) {
    sqlite3_stmt* made = nullptr;
    database_.check(sqlite3_prepare_v2(database_.handle(), sql, -1, &made, nullptr));
    statement_.reset(made);
  }
  void bind(int place, std::string_view text) {
    database_.check(
        sqlite3_bind_blob64(statement_.get(), place, text.data(), text.size(), SQLITE_STATIC));
  }
  void bind(int place, std::int64_t number) {
    database_.check(sqlite3_bind_int64(statement_.get(), place, number));
  }
  /// Whether there is a further row.
  bool step() {
    const int code = sqlite3_step(statement_.get());
    database_.check(code);
    return code == SQLITE_ROW;
  }
  void again() { sqlite3_reset(statement_.get()); }
  std::string_view bytes(int column) const {
    const void* data = sqlite3_column_blob(statement_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return {static_cast<const char*>(data), data != nullptr ? size : 0};
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

 private:
  const Database& database_;
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_{nullptr, sqlite3_finalize};
};

/// What a table of the file is called: those of `Index::Table`, and that of plans.
constexpr std::array kNames{"results", "records", "specs"};
static_assert(kNames.size() == Index::kTables);
constexpr auto kPlans = "plans";

/// A table's row, whose columns are these.
struct Row {
  std::string_view name;
  FileStamp stamp;
  std::string_view bytes;
};
constexpr auto kColumns = "name, size, written, changed, inode, sum, bytes";

void make_tables(Database& database) {
  database.run("DROP TABLE IF EXISTS layout; CREATE TABLE layout (text BLOB)");
  const auto make = [&](const char* name) {
    database.run(fmt::format("DROP TABLE IF EXISTS {0}; CREATE TABLE {0} (name BLOB PRIMARY KEY,"
                             " size INT, written INT, changed INT, inode INT, sum INT, bytes BLOB)",
                             name)
                     .c_str());
  };
  for (const char* name : kNames) make(name);
  make(kPlans);
}

Row row_of(const Statement& found) {
  Row row{found.bytes(0), {}, found.bytes(6)};
  row.stamp.size = found.number(1);
  row.stamp.written = found.number(2);
  row.stamp.changed = found.number(3);
  row.stamp.inode = static_cast<std::uint64_t>(found.number(4));
  if (checksum(row.name, row.stamp, row.bytes) != found.number(5))
    throw Damaged("an entry is damaged");
  return row;
}

/// None has one that another process is just making.
bool has_layout(const Database& database, const std::string& layout) {
  Statement known(database, "SELECT 1 FROM sqlite_master WHERE name = 'layout'");
  if (!known.step()) return false;
  Statement found(database, "SELECT text FROM layout");
  return found.step() && found.bytes(0) == layout;
}

void insert(const Database& database, const char* table, const auto& entries) {
  const auto sql = fmt::format("INSERT OR REPLACE INTO {} VALUES (?, ?, ?, ?, ?, ?, ?)", table);
  Statement into(database, sql.c_str());
  for (const auto& [name, entry] : entries) {
    const FileStamp& stamp = entry.stamp;
    into.bind(1, name);
    into.bind(2, stamp.size);
    into.bind(3, stamp.written);
    into.bind(4, stamp.changed);
    into.bind(5, static_cast<std::int64_t>(stamp.inode));
    into.bind(6, checksum(name, stamp, entry.bytes));
    into.bind(7, entry.bytes);
    into.step();
    into.again();
  }
}

void remove_files(const fs::path& file) {
  std::error_code ignored;
  fs::remove(file.string() + "-journal", ignored);  // else SQLite would play it into the new one
  fs::remove(file, ignored);
}

}  // namespace

Index::Index(fs::path file, std::string layout, Warn warn)
    : file_(std::move(file)), layout_(std::move(layout)), warn_(std::move(warn)) {}

Index::~Index() {
  const auto fresh = [&](std::size_t many) {
    return std::ranges::any_of(parts_, [&](const Part& part) { return part.fresh.size() >= many; });
  };
  if (!fresh(kWorthwhile) && new_plans_.empty() && !(broken_ && fresh(1))) return;
  try {
    try {
      write();
    } catch (const Damaged&) {
      broken_ = true;
      write();
    }
  } catch (const std::exception&) {
    return;  // a folder that cannot be written, or another process at it: it costs time only
  }
}

void Index::leave_out(const std::string& why) {
  broken_ = true;
  for (Part& part : parts_) part.known.clear();
  warn_(fmt::format("{} is left out and made anew: {}", file_.string(), why));
}

void Index::read(Table table) {
  Part& part = parts_[table];
  part.read = true;
  std::error_code none;
  if (broken_ || !fs::exists(file_, none)) return;
  try {
    const Database database(file_, SQLITE_OPEN_READONLY);
    broken_ = !has_layout(database, layout_);
    if (broken_) return;
    const auto sql = fmt::format("SELECT {} FROM {}", kColumns, kNames[table]);
    Statement all(database, sql.c_str());
    while (all.step()) {
      const Row row = row_of(all);
      part.known.insert_or_assign(std::string(row.name), Entry{row.stamp, std::string(row.bytes)});
    }
  } catch (const Damaged& error) {
    leave_out(error.what());
  } catch (const Error&) {
    part.known.clear();  // cannot be opened, or another process has it for long: without it then
  }
}

std::optional<std::string_view> Index::find(Table table, const std::string& id,
                                            const FileStamp& now) {
  Part& part = parts_[table];
  if (++part.calls <= kFew) return std::nullopt;
  if (!part.read) read(table);
  const auto found = part.known.find(id);
  if (found == part.known.end() || found->second.stamp != without_path(now)) return std::nullopt;
  return found->second.bytes;
}

void Index::keep(Table table, const std::string& id, const FileStamp& stamp, std::string bytes) {
  if (settled(stamp)) parts_[table].fresh[id] = {without_path(stamp), std::move(bytes)};
}

std::optional<std::string> Index::plan(const std::string& name, const FileStamp& now) {
  std::error_code none;
  if (broken_ || !fs::exists(file_, none)) return std::nullopt;
  try {
    const Database database(file_, SQLITE_OPEN_READONLY);
    if (!has_layout(database, layout_)) return std::nullopt;
    const auto sql = fmt::format("SELECT {} FROM {} WHERE name = ?", kColumns, kPlans);
    Statement found(database, sql.c_str());
    found.bind(1, name);
    if (!found.step()) return std::nullopt;
    const Row row = row_of(found);
    if (row.stamp == without_path(now)) return std::string(row.bytes);
  } catch (const Damaged& error) {
    leave_out(error.what());
  } catch (const Error&) {
    return std::nullopt;
  }
  return std::nullopt;
}

void Index::keep_plan(const std::string& name, const FileStamp& stamp, std::string bytes, How how) {
  if ((how == How::kWritten || settled(stamp)) && bytes.size() >= kLargePlan)
    new_plans_[name] = {without_path(stamp), std::move(bytes)};
}

void Index::write() {
  fs::create_directories(file_.parent_path());
  if (broken_) remove_files(file_);
  Database database(file_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  // After a crash of the machine it may be damaged, which is seen, and then it is made anew.
  database.run("PRAGMA synchronous = OFF; BEGIN IMMEDIATE");
  if (!has_layout(database, layout_)) {
    make_tables(database);
    Statement layout(database, "INSERT INTO layout VALUES (?)");
    layout.bind(1, layout_);
    layout.step();
  }
  for (std::size_t i = 0; i < kTables; ++i) insert(database, kNames[i], parts_[i].fresh);
  insert(database, kPlans, new_plans_);
  database.run("COMMIT");
}

}  // namespace ktb::core
