#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/fields.hpp"
#include "core/base/json.hpp"

namespace ktb::core {

/// What stands for a plugin where several data sets make up one. Its options are a UnionSpec.
inline constexpr auto kUnion = "union";

/// One of the data sets of a union: a domain.
struct UnionPart {
  std::string name, plugin;  ///< as the suite calls it; its plugin
  Json options = Json::object();
  std::int64_t train = 0, test = 0;  ///< 0: all; else a class-balanced subset
  std::string hash;                  ///< of the data; empty in a question

  bool operator==(const UnionPart&) const = default;
};

struct UnionSpec {
  bool shared = false;  ///< the parts have the same labels; else theirs stand side by side
  std::vector<UnionPart> parts;

  bool operator==(const UnionSpec&) const = default;
};

template <Of<UnionPart> Self, class Ar>
void fields(Self& part, Ar& ar) {
  ar("name", part.name);
  ar("plugin", part.plugin);
  ar("options", part.options);
  ar.optional("train", part.train);
  ar.optional("test", part.test);
  ar.optional("hash", part.hash);
}

template <Of<UnionSpec> Self, class Ar>
void fields(Self& spec, Ar& ar) {
  ar.optional("shared", spec.shared);
  ar("parts", spec.parts);
}

/// Of the options of a task or a question whose plugin is `union`.
inline UnionSpec union_of(const Json& options) { return read_json<UnionSpec>({options, kUnion}); }

}  // namespace ktb::core
