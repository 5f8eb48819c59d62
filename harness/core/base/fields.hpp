#pragma once
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/json_file.hpp"

/// One description of a struct's members serves reading and writing:
///
///   template <Of<Part> Self, class Ar>
///   void fields(Self& part, Ar& ar) {
///     ar("name", part.name);
///     ar.optional("weight", part.weight);  // may be missing: then it stays as the struct has it
///   }
///
/// An enum has `constexpr auto words_of(Enum)`: pairs of a value and its word.
namespace ktb::core {

/// `Self` is T or const T.
template <class Self, class T>
concept Of = std::same_as<std::remove_const_t<Self>, T>;

template <class T>
concept Worded = std::is_enum_v<T> && requires(T value) {
  words_of(value);
};

/// The word of an enum's value.
template <Worded T>
std::string word(T value) {
  for (const auto& [known, text] : words_of(value))
    if (known == value) return text;
  return "";
}

/// The value that a word stands for; none: there is no such word.
template <Worded T>
std::optional<T> from_word(const std::string& text) {
  for (const auto& [value, known] : words_of(T{}))
    if (text == known) return value;
  return std::nullopt;
}

template <class T>
Json write_json(const T& value);
template <class T>
void read_json(const JsonView& view, T& value);

class JsonWriter {
 public:
  template <class T>
  void operator()(const char* name, const T& value) {
    json_[name] = write_json(value);
  }
  template <class T>
  void optional(const char* name, const T& value) {
    (*this)(name, value);
  }
  /// Left out where there is none, unlike `optional`, which writes null.
  template <class T>
  void present(const char* name, const std::optional<T>& value) {
    if (value) (*this)(name, *value);
  }
  Json take() && { return std::move(json_); }

 private:
  Json json_ = Json::object();
};

/// Throws Error with file and place for what is missing or of another type.
class JsonReader {
 public:
  explicit JsonReader(const JsonView& view) : view_(view) {}

  template <class T>
  void operator()(const char* name, T& value) {
    read_json(view_[name], value);
  }
  template <class T>
  void optional(const char* name, T& value) {
    if (const auto member = view_.find(name)) read_json(*member, value);
  }
  template <class T>
  void present(const char* name, std::optional<T>& value) {
    optional(name, value);
  }

 private:
  const JsonView& view_;
};

/// How one type is spelled in JSON; a struct with `fields` is an object of its members.
template <class T>
struct Spelling {
  static Json write(const T& value) {
    if constexpr (Worded<T>) {
      return word(value);
    } else if constexpr (std::floating_point<T>) {
      return write_number(value);
    } else if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string> ||
                         std::same_as<T, Json>) {
      return value;
    } else {
      JsonWriter writer;
      fields(value, writer);
      return std::move(writer).take();
    }
  }

  static void read(const JsonView& view, T& value) {
    if constexpr (Worded<T>) {
      read_word(view, value);
    } else if constexpr (std::same_as<T, bool>) {
      value = view.truth();
    } else if constexpr (std::floating_point<T>) {
      value = read_number(view);
    } else if constexpr (std::unsigned_integral<T>) {
      value = static_cast<T>(view.count());
    } else if constexpr (std::integral<T>) {
      value = static_cast<T>(view.whole());
    } else if constexpr (std::same_as<T, std::string>) {
      value = view.text();
    } else if constexpr (std::same_as<T, Json>) {
      value = view.json();
    } else {
      JsonReader reader(view);
      fields(value, reader);
    }
  }

 private:
  /// NaN and infinity, which JSON has no numbers for, travel as texts.
  static Json write_number(T value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    return value;
  }

  static T read_number(const JsonView& view) {
    using Limits = std::numeric_limits<T>;
    const Json& json = view.json();
    if (json == "nan" || json.is_null()) return Limits::quiet_NaN();
    if (json == "inf") return Limits::infinity();
    if (json == "-inf") return -Limits::infinity();
    return view.number();
  }

  static void read_word(const JsonView& view, T& value) {
    const auto known = from_word<T>(view.text());
    if (known) {
      value = *known;
      return;
    }
    std::string all;
    for (const auto& [one, text] : words_of(T{}))
      all += (all.empty() ? "" : ", ") + std::string(text);
    view.refuse("`" + view.text() + "` is none of " + all);
  }
};

/// Null: none.
template <class T>
struct Spelling<std::optional<T>> {
  static Json write(const std::optional<T>& value) { return value ? write_json(*value) : Json(); }
  static void read(const JsonView& view, std::optional<T>& value) {
    value.reset();
    if (!view.json().is_null()) read_json(view, value.emplace());
  }
};

template <class T>
struct Spelling<std::vector<T>> {
  static Json write(const std::vector<T>& values) {
    Json json = Json::array();
    for (const auto& value : values) json.push_back(write_json<T>(value));
    return json;
  }
  static void read(const JsonView& view, std::vector<T>& values) {
    values.clear();
    for (const auto& item : view.items()) {
      T value{};
      read_json(item, value);
      values.push_back(std::move(value));
    }
  }
};

template <class T, std::size_t N>
struct Spelling<std::array<T, N>> {
  static Json write(const std::array<T, N>& values) {
    Json json = Json::array();
    for (const auto& value : values) json.push_back(write_json(value));
    return json;
  }
  static void read(const JsonView& view, std::array<T, N>& values) {
    const auto items = view.items();
    if (items.size() != N) view.refuse("expected an array of " + std::to_string(N));
    for (std::size_t i = 0; i < N; ++i) read_json(items[i], values[i]);
  }
};

template <class T>
struct Spelling<std::map<std::string, T>> {
  static Json write(const std::map<std::string, T>& values) {
    Json json = Json::object();
    for (const auto& [name, value] : values) json[name] = write_json(value);
    return json;
  }
  static void read(const JsonView& view, std::map<std::string, T>& values) {
    values.clear();
    for (const auto& [name, member] : view.members()) read_json(member, values[name]);
  }
};

template <class T>
Json write_json(const T& value) {
  return Spelling<T>::write(value);
}

/// `view` is what a file's reader gives: its faults name the file and the place.
template <class T>
void read_json(const JsonView& view, T& value) {
  Spelling<T>::read(view, value);
}

template <class T>
T read_json(const JsonView& view) {
  T value{};
  read_json(view, value);
  return value;
}

}  // namespace ktb::core
