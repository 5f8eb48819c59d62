#include "run/check/case_options.hpp"

#include <algorithm>

#include "run/plugins/loader.hpp"

namespace ktb::run {

std::map<std::string, Value> plain_options(const StoredCase& stored) {
  core::Json plain = core::Json::object();
  for (const auto& [name, value] : stored.options.items()) {
    const bool nested =
        value.is_array() &&
        std::any_of(value.begin(), value.end(), [](const auto& x) { return x.is_structured(); });
    if (!value.is_object() && !value.is_null() && !nested) plain[name] = value;
  }
  return values_from_json(plain);
}

std::map<std::string, Value> case_options(const StoredCase& stored, const Options& probe) {
  auto values = plain_options(stored);
  std::erase_if(values, [&](const auto& value) {
    const auto& declared = probe.declared();
    return std::none_of(declared.begin(), declared.end(),
                        [&](const OptionInfo& info) { return info.name == value.first; });
  });
  return values;
}

}  // namespace ktb::run
