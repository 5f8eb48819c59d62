#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/fields.hpp"
#include "core/base/json.hpp"

/// Structs with `fields` as bytes: for what is kept beside the JSON that is the truth, to be read a
/// hundred thousand times. The bytes say nothing of their layout, so whoever keeps them keeps
/// `shape_of` the struct with them, and takes none of another shape.
namespace ktb::core {

class ByteWriter {
 public:
  template <class T>
  void operator()(const char*, const T& value) {
    put(value);
  }
  template <class T>
  void optional(const char*, const T& value) {
    put(value);
  }
  template <class T>
  void present(const char*, const std::optional<T>& value) {
    put(value);
  }
  std::string take() && { return std::move(bytes_); }

  template <class T>
  void put(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      count(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_arithmetic_v<T>) {
      raw(&value, sizeof value);
    } else if constexpr (std::same_as<T, Json>) {
      std::string packed;
      Json::to_cbor(value, packed);
      put(packed);
    } else {
      fields(value, *this);
    }
  }
  void put(const std::string& text) {
    count(text.size());
    bytes_ += text;
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    count(values.size());
    for (const T& value : values) put(value);
  }
  template <class T, std::size_t N>
  void put(const std::array<T, N>& values) {
    for (const T& value : values) put(value);
  }
  template <class T>
  void put(const std::map<std::string, T>& values) {
    count(values.size());
    for (const auto& [name, value] : values) put(name), put(value);
  }

 private:
  /// Seven bits a byte, the lowest first; the highest bit says that more follow.
  void count(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) bytes_ += static_cast<char>(number | 0x80);
    bytes_ += static_cast<char>(number);
  }
  void raw(const void* value, std::size_t size) {
    bytes_.append(static_cast<const char*>(value), size);
  }

  std::string bytes_;
};

/// Throws Error where the bytes end too early. Bytes that no ByteWriter made mean anything.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}

  template <class T>
  void operator()(const char*, T& value) {
    get(value);
  }
  template <class T>
  void optional(const char*, T& value) {
    get(value);
  }
  template <class T>
  void present(const char*, std::optional<T>& value) {
    get(value);
  }
  bool at_end() const { return left_.empty(); }
  /// A text as it lies there.
  std::string_view text() { return raw(length()); }

  template <class T>
  void get(T& value) {
    if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(count());
    } else if constexpr (std::is_arithmetic_v<T>) {
      std::memcpy(&value, raw(sizeof value).data(), sizeof value);
    } else if constexpr (std::same_as<T, Json>) {
      value = Json::from_cbor(text(), true, /*allow_exceptions=*/false);
      if (value.is_discarded()) throw Error("the bytes of a JSON value are damaged");
    } else {
      fields(value, *this);
    }
  }
  void get(std::string& value) { value = text(); }
  template <class T>
  void get(std::optional<T>& value) {
    bool there = false;
    get(there);
    value.reset();
    if (there) get(value.emplace());
  }
  template <class T>
  void get(std::vector<T>& values) {
    const std::size_t size = length();
    values.clear();
    values.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
      T value{};
      get(value);
      values.push_back(std::move(value));
    }
  }
  template <class T, std::size_t N>
  void get(std::array<T, N>& values) {
    for (T& value : values) get(value);
  }
  template <class T>
  void get(std::map<std::string, T>& values) {
    values.clear();
    for (std::size_t left = length(); left > 0; --left) {
      const std::string_view name = text();
      get(values.emplace_hint(values.end(), name, T{})->second);
    }
  }

 private:
  std::uint64_t count() {
    std::uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(raw(1).front());
      number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return number;
  }
  /// Of a list, of whose members none takes less than a byte.
  std::size_t length() {
    const std::uint64_t size = count();
    if (size > left_.size()) throw Error("bytes end too early");
    return size;
  }
  std::string_view raw(std::size_t size) {
    if (size > left_.size()) throw Error("bytes end too early");
    const std::string_view found = left_.substr(0, size);
    left_.remove_prefix(size);
    return found;
  }

  std::string_view left_;
};

/// Names and types of a struct's members and theirs, so that bytes of another layout are seen.
class ShapeWriter {
 public:
  template <class T>
  void operator()(const char* name, const T& value) {
    text_ += name;
    text_ += ' ';
    add(value);
  }
  template <class T>
  void optional(const char* name, const T& value) {
    (*this)(name, value);
  }
  template <class T>
  void present(const char* name, const std::optional<T>& value) {
    (*this)(name, value);
  }
  std::string take() && { return std::move(text_); }

  template <class T>
  void add(const T& value) {
    if constexpr (Worded<T>) {
      for (const auto& [known, word] : words_of(T{})) text_ += std::string(word) + "|";
      text_ += ' ';
    } else if constexpr (std::is_arithmetic_v<T>) {
      text_ += std::floating_point<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
      text_ += std::to_string(sizeof value) + " ";
    } else if constexpr (std::same_as<T, std::string>) {
      text_ += "text ";
    } else if constexpr (std::same_as<T, Json>) {
      text_ += "json ";
    } else {
      text_ += "{ ";
      fields(value, *this);
      text_ += "} ";
    }
  }
  template <class T>
  void add(const std::optional<T>&) {
    text_ += "? ", add(T{});
  }
  template <class T>
  void add(const std::vector<T>&) {
    text_ += "list ", add(T{});
  }
  template <class T, std::size_t N>
  void add(const std::array<T, N>&) {
    text_ += std::to_string(N) + " times ", add(T{});
  }
  template <class T>
  void add(const std::map<std::string, T>&) {
    text_ += "map ", add(T{});
  }

 private:
  std::string text_;
};

template <class T>
std::string shape_of() {
  ShapeWriter writer;
  writer.add(T{});
  return std::move(writer).take();
}

template <class T>
std::string to_bytes(const T& value) {
  ByteWriter writer;
  writer.put(value);
  return std::move(writer).take();
}

/// Throws Error where the bytes are not those of one such struct.
template <class T>
T from_bytes(std::string_view bytes) {
  ByteReader reader(bytes);
  T value{};
  reader.get(value);
  if (!reader.at_end()) throw Error("bytes go on behind their end");
  return value;
}

}  // namespace ktb::core
