#pragma once
#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/fields.hpp"
#include "core/base/json.hpp"
#include "core/base/output/escape.hpp"

namespace ktb::core {

/// The text of a struct with `fields`, byte for byte `json_text(write_json(value), indent)`,
/// without the tree of JSON values between, which takes ten times the memory of a large plan.
class JsonPrinter {
 public:
  explicit JsonPrinter(int indent = -1) : indent_(indent) {}

  template <class T>
  std::string print(const T& value) && {
    add(value);
    return std::move(text_);
  }

  template <class T>
  void operator()(const char* name, const T& value) {
    begin_member(name);
    add(value);
  }
  template <class T>
  void optional(const char* name, const T& value) {
    (*this)(name, value);
  }
  template <class T>
  void present(const char* name, const std::optional<T>& value) {
    if (value) (*this)(name, *value);
  }

 private:
  /// Where a member of the innermost open object begins in the text.
  struct Member {
    std::string_view name;
    std::size_t begin;
  };

  template <class T>
  void add(const T& value) {
    if constexpr (std::same_as<T, bool>) {
      text_ += value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
      text_ += std::to_string(value);
    } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || std::same_as<T, Json>) {
      add_tree(write_json(value));
    } else {
      add_object(value);
    }
  }
  void add(const std::string& text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
      return c >= ' ' && c <= '~' && c != '"' && c != '\\';
    });
    if (plain)
      text_.append(1, '"').append(text).append(1, '"');
    else
      text_ += json_text(Json(text));
  }
  template <class T>
  void add(const std::optional<T>& value) {
    if (value)
      add(*value);
    else
      text_ += "null";
  }
  template <class T>
  void add(const std::vector<T>& values) {
    list('[', ']', values, [&](const T& value) { add(value); });
  }
  template <class T>
  void add(const std::map<std::string, T>& values) {
    list('{', '}', values, [&](const auto& member) {
      add(member.first);
      text_ += indent_ < 0 ? ":" : ": ";
      add(member.second);
    });
  }

  template <class Values, class Add>
  void list(char open, char close, const Values& values, Add add_one) {
    text_ += open;
    ++depth_;
    const char* comma = "";
    for (const auto& value : values) {
      text_ += comma;
      new_line();
      add_one(value);
      comma = ",";
    }
    --depth_;
    if (!values.empty()) new_line();
    text_ += close;
  }

  /// Members stand in the order of their names, whatever the order of `fields`.
  template <class T>
  void add_object(const T& value) {
    std::vector<Member> outer = std::exchange(members_, {});
    text_ += '{';
    const std::size_t begin = text_.size();
    ++depth_;
    fields(value, *this);
    --depth_;
    sort_members(begin);
    if (!members_.empty()) new_line();
    text_ += '}';
    members_ = std::move(outer);
  }
  void begin_member(std::string_view name) {
    if (!members_.empty()) text_ += ',';
    members_.push_back({name, text_.size()});
    new_line();
    text_.append(1, '"').append(name).append(indent_ < 0 ? "\":" : "\": ");
  }
  void sort_members(std::size_t begin) {
    const auto by_name = [](const Member& a, const Member& b) { return a.name < b.name; };
    if (std::is_sorted(members_.begin(), members_.end(), by_name)) return;
    const std::string written = text_.substr(begin) + ",";
    std::vector<std::pair<std::string_view, std::string_view>> parts;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const std::size_t from = members_[i].begin - begin;
      const std::size_t to =
          i + 1 < members_.size() ? members_[i + 1].begin - begin : written.size();
      parts.emplace_back(members_[i].name, std::string_view(written).substr(from, to - from));
    }
    std::sort(parts.begin(), parts.end());
    text_.resize(begin);
    for (const auto& [name, part] : parts) text_ += part;
    text_.pop_back();  // each part ends in its comma
  }

  void add_tree(const Json& tree) {
    for (const char c : json_text(tree, indent_)) {
      if (c == '\n')
        new_line();
      else
        text_ += c;
    }
  }
  void new_line() {
    if (indent_ < 0) return;
    text_ += '\n';
    text_.append(static_cast<std::size_t>(depth_ * indent_), ' ');
  }

  int indent_, depth_ = 0;
  std::string text_;
  std::vector<Member> members_;
};

}  // namespace ktb::core
