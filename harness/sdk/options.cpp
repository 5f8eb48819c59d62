#include "ktb/options.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/base/suggest.hpp"

namespace ktb {
namespace {

const char* type_name(const Value& value) {
  static constexpr const char* kNames[] = {
      "true or false",           "a whole number",    "a number",       "a text",
      "a list of whole numbers", "a list of numbers", "a list of texts"};
  return kNames[value.index()];
}

std::string text_of(const Value& value) {
  return std::visit(
      [](const auto& v) {
        if constexpr (
            requires { fmt::join(v, ", "); } && !requires { v.substr(); })
          return fmt::format("[{}]", fmt::join(v, ", "));
        else
          return fmt::format("{}", v);
      },
      value);
}

bool is_empty_list(const Value& value) {
  return std::visit(
      [](const auto& v) {
        if constexpr (requires { v.empty(); }) return v.empty();
        return false;
      },
      value);
}

/// `given` in the type of `wanted`: whole numbers serve as numbers,
/// one value serves as a list of one.
Value convert(const std::string& name, const Value& given, const Value& wanted) {
  if (given.index() == wanted.index()) return given;
  if (std::holds_alternative<double>(wanted) && std::holds_alternative<std::int64_t>(given))
    return static_cast<double>(std::get<std::int64_t>(given));
  if (std::holds_alternative<std::vector<double>>(wanted)) {
    if (const auto* whole = std::get_if<std::vector<std::int64_t>>(&given))
      return std::vector<double>(whole->begin(), whole->end());
  }
  if (wanted.index() >= 4 && given.index() >= 4 && is_empty_list(given)) {
    if (wanted.index() == 4) return std::vector<std::int64_t>{};
    if (wanted.index() == 5) return std::vector<double>{};
    return std::vector<std::string>{};
  }
  throw OptionError(
      name, fmt::format("option `{}` wants {}, not {}", name, type_name(wanted), type_name(given)));
}

void check_range(const OptionInfo& info) {
  const auto check = [&](double x) {
    if (x >= info.range.least && x <= info.range.most) return;
    throw OptionError(info.name, fmt::format("option `{}` is {}, outside {} .. {}", info.name, x,
                                             info.range.least, info.range.most));
  };
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::int64_t>) {
          check(static_cast<double>(v));
        } else if constexpr (std::is_same_v<T, std::vector<double>> ||
                             std::is_same_v<T, std::vector<std::int64_t>>) {
          for (const auto x : v) check(static_cast<double>(x));
        }
      },
      info.value);
}

}  // namespace

Options::Options(std::map<std::string, Value> given) : given_(std::move(given)) {}
Options::~Options() = default;

Value Options::declare(OptionInfo info) {
  const auto given = given_.find(info.name);
  info.value =
      given == given_.end() ? info.fallback : convert(info.name, given->second, info.fallback);
  const auto known = std::find_if(declared_.begin(), declared_.end(),
                                  [&](const OptionInfo& d) { return d.name == info.name; });
  if (known == declared_.end()) declared_.push_back(info);
  check_range(info);
  return info.value;
}

double Options::get(const std::string& name, double fallback, const std::string& help,
                    Range range) {
  return std::get<double>(declare({name, help, fallback, {}, range, {}, false}));
}

std::int64_t Options::get(const std::string& name, std::int64_t fallback, const std::string& help,
                          Range range) {
  return std::get<std::int64_t>(declare({name, help, fallback, {}, range, {}, false}));
}

std::int64_t Options::get(const std::string& name, int fallback, const std::string& help,
                          Range range) {
  return get(name, static_cast<std::int64_t>(fallback), help, range);
}

bool Options::get(const std::string& name, bool fallback, const std::string& help) {
  return std::get<bool>(declare({name, help, fallback, {}, {}, {}, false}));
}

std::string Options::get(const std::string& name, const char* fallback, const std::string& help,
                         std::vector<std::string> choices) {
  const auto value =
      std::get<std::string>(declare({name, help, std::string(fallback), {}, {}, choices, false}));
  if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end())
    throw OptionError(name,
                      fmt::format("option `{}` is \"{}\", not one of {}{}", name, value,
                                  fmt::join(choices, ", "), core::did_you_mean(value, choices)));
  return value;
}

std::vector<std::int64_t> Options::get(const std::string& name, std::vector<std::int64_t> fallback,
                                       const std::string& help, Range range) {
  return std::get<std::vector<std::int64_t>>(
      declare({name, help, std::move(fallback), {}, range, {}, false}));
}

std::vector<double> Options::get(const std::string& name, std::vector<double> fallback,
                                 const std::string& help, Range range) {
  return std::get<std::vector<double>>(
      declare({name, help, std::move(fallback), {}, range, {}, false}));
}

std::vector<std::string> Options::get(const std::string& name, std::vector<std::string> fallback,
                                      const std::string& help) {
  return std::get<std::vector<std::string>>(
      declare({name, help, std::move(fallback), {}, {}, {}, false}));
}

std::string Options::file(const std::string& name, const std::string& help) {
  return std::get<std::string>(declare({name, help, std::string(), {}, {}, {}, true}));
}

void Options::published(const std::map<std::string, std::string>& keys) {
  for (const auto& [option, key] : keys) {
    const auto found = config_.values.find(key);
    if (found == config_.values.end()) continue;
    const auto [given, fresh] = given_.emplace(option, found->second);
    if (!fresh && given->second != found->second)
      throw OptionError(
          option,
          fmt::format("option `{}` is {}, and {} says {} = {}; leave the option out, or "
                      "name its file of weights alone to take what fits of it",
                      option, text_of(given->second), config_.origin, key, text_of(found->second)));
  }
}

void Options::preset(const std::map<std::string, Value>& values) {
  given_.insert(values.begin(), values.end());
}

void Options::reject_unknown() const {
  std::vector<std::string> known;
  for (const auto& info : declared_) known.push_back(info.name);
  for (const auto& [name, value] : given_) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw OptionError(
        name, known.empty() ? fmt::format("there is no option `{}`: there are none", name)
                            : fmt::format("there is no option `{}`{}; known: {}", name,
                                          core::did_you_mean(name, known), fmt::join(known, ", ")));
  }
}

}  // namespace ktb
