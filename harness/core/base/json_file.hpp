#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.hpp"

namespace ktb::core {

/// A value of a JSON file, to be read only while the file is kept. What is missing or of another
/// type throws Error with file and place:
/// `dev.json, data[3].title: expected a text, found a number`.
class JsonView {
 public:
  JsonView(const Json& value, std::string file, std::string path = "")
      : value_(&value), file_(std::move(file)), path_(std::move(path)) {}

  JsonView operator[](const std::string& key) const;              ///< of an object
  std::optional<JsonView> find(const std::string& key) const;     ///< likewise; none: not there
  std::vector<std::pair<std::string, JsonView>> members() const;  ///< of an object
  std::vector<JsonView> items() const;                            ///< of an array

  const std::string& text() const;
  double number() const;
  std::int64_t whole() const;
  std::uint64_t count() const;  ///< a whole number of at least 0
  std::string id() const;       ///< a text or a whole number, as text
  bool truth() const;
  const Json& json() const { return *value_; }

  /// Throws Error: file, place, and `what` is wrong there.
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  [[noreturn]] void expected(const char* wanted) const;

  const Json* value_;
  std::string file_, path_;
};

/// A JSON text of any origin. Throws Error that names `file`: no JSON (with line and column), or
/// deeper than anything that is written here, so that nothing that walks it can run out of stack.
Json parse_json(std::string_view text, const std::string& file);

struct JsonFile {
  Json data;
  std::string path;
  std::vector<std::string> keys;  ///< of the outermost object, in the file's order

  JsonView root() const { return {data, path}; }
};

/// Throws Error: no such file, no JSON (with line and column), no UTF-8,
/// a key of the outermost object twice.
JsonFile read_json_file(const std::string& path);

}  // namespace ktb::core
