#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/bytes.hpp"

namespace ktb::core {

/// Values of which many are the same, each made once, by the bytes that spell it.
template <class T>
class Pool {
 public:
  /// Throws Error where the bytes are not those of a T.
  std::shared_ptr<const T> of(std::string_view bytes) {
    auto found = known_.find(bytes);
    if (found == known_.end()) {
      auto made = std::make_shared<const T>(from_bytes<T>(bytes));
      found = known_.emplace(bytes, std::move(made)).first;
    }
    return found->second;
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, std::shared_ptr<const T>, Hash, std::equal_to<>> known_;
};

}  // namespace ktb::core
