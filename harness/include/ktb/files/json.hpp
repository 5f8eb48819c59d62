#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ktb/files.hpp"

namespace ktb {

/// A value of a JSON document, to be read only; copies are cheap and keep the document alive. What
/// is not there or of another type throws Error with the file and the place in it:
/// `train.json, data[3].title`.
class KTB_API Json {
 public:
  /// `name` is the file, for Error: no JSON (with line and column), or no UTF-8.
  Json(const Bytes& text, std::string name);
  ~Json();
  Json(const Json&);
  Json& operator=(const Json&);

  bool has(const std::string& key) const;  ///< of an object
  Json operator[](const std::string& key) const;
  std::vector<Json> items() const;  ///< of an array
  std::vector<std::pair<std::string, Json>> members() const;

  std::string text() const;
  std::int64_t integer() const;
  double number() const;  ///< of any kind
  bool truth() const;
  bool is_null() const;

  /// Throws Error: the file, this value's place, and `what` is wrong with it.
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  struct Document;
  Json(std::shared_ptr<const Document> document, std::size_t node);
  template <class Wanted>
  const Wanted& get(const char* wanted) const;
  std::vector<Json> children() const;
  std::size_t find(const std::string& key) const;  ///< 0, which is no child: not there

  std::shared_ptr<const Document> document_;
  std::size_t node_ = 0;
};

}  // namespace ktb
