#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace ktb::core {

/// Where something was written; line 0: nowhere in a file (`--set`, a default).
struct Place {
  std::string file;
  int line = 0;
  int column = 0;  ///< from 1, in bytes
  int width = 1;   ///< what a caret underlines

  std::string text() const;  ///< `x.toml:12`
};

/// A settings file as JSON that remembers how it was written. A path is dotted: `when.0.target`.
class Document {
 public:
  struct Node {
    Place key, value;
    std::size_t order = 0;  ///< toml++ sorts tables; this is the order of the file
  };
  enum class At { kKey, kValue };

  Json data = Json::object();
  Place root{"default", 0, 0, 1};  ///< the file as a whole
  std::map<std::string, Node> nodes;
  std::map<std::string, std::vector<std::string>> lines;  ///< file -> its text, for quoting

  /// The keys of a table, as the file has them; none where it is absent.
  std::vector<std::string> keys(const std::string& path) const;

  /// Null where absent.
  const Json* find(const std::string& path) const;

  /// The nearest place known: of the path itself or what holds it.
  const Place& place(const std::string& path, At at = At::kKey) const;

  /// `x.toml:12: r20 = { plugin = "resnet" }`, where `path` was written; of a `--set` itself alone.
  std::string line(const std::string& path) const;

  /// The absolute path of a file that stands at `path`: it counts from the file that names it, or,
  /// where that is a `--set`, from here.
  std::string beside(const std::string& path, const std::string& file) const;

  /// Lays a table of `top` over one of this: tables merge, everything else is replaced, and so is a
  /// table whose `plugin` or `name` changes. `"x2"` epochs multiply what they cover.
  void overlay(const Document& top, const std::string& top_path = "", const std::string& path = "");

  /// Takes a value out; nothing happens where it is absent.
  void erase(const std::string& path);

  /// Throws SuiteError: the place, the message,
  /// the quoted line with `under` beside the caret, `last`.
  [[noreturn]] void fail(const std::string& path, At at, const std::string& message,
                         const std::string& under = "", const std::string& last = "") const;

 private:
  void merge(Json& base, const std::string& path, const Document& top, const Json& value,
             const std::string& top_path);
  std::size_t last_order() const;
  void adopt_one(const std::string& path, const Document& top, const std::string& top_path);
  void adopt(const std::string& path, const Document& top, const std::string& top_path);
  void drop(const std::string& path);
};

/// `a` + `b` -> `a.b`; an empty side is left out.
std::string join_path(const std::string& a, const std::string& b);

/// A value as an axis shows it: 0.5, 3, name, [1, 2].
std::string show_value(const Json& value);

}  // namespace ktb::core
