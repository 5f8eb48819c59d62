#include "ktb/files/cifar.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/pickle.hpp"

namespace ktb {
namespace {

using core::Pickled;
using Kind = Pickled::Kind;

constexpr std::int64_t kCifarPixels = 3 * 32 * 32;

core::Pickle unpickled(const Bytes& bytes, const std::string& name) {
  try {
    return core::Pickle({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  } catch (const core::Error& error) {
    throw Error(name + " is no whole pickle, as CIFAR's Python version has them: " + error.what());
  }
}

/// The items of a list in the dictionary, all of that kind.
const std::vector<const Pickled*>& list_in(const core::Pickle& pickle, const std::string& key,
                                           Kind kind, const std::string& name) {
  const auto* list = pickle.root().find(key);
  const bool fits =
      list != nullptr && list->is(Kind::kList) &&
      std::ranges::all_of(list->items, [&](const auto* one) { return one->is(kind); });
  if (!fits)
    throw Error(name + " has no list `" + key + "` of " +
                (kind == Kind::kText ? "texts" : "whole numbers"));
  return list->items;
}

/// NumPy pickles an array as a call that makes an empty one, and a state for it.
struct PickledArray {
  explicit PickledArray(const Pickled* value) {
    const auto* parts = value != nullptr && value->is(Kind::kCall) ? value->state : nullptr;
    if (parts == nullptr || !parts->is(Kind::kList) || parts->items.size() != 5) return;
    const auto& type = *parts->items[2];
    if (!type.calls("numpy.dtype") || type.arguments().empty()) return;
    shape = parts->items[1];
    element = &type.arguments().front()->text;
    columns_first = parts->items[3]->whole != 0;
    content = &parts->items[4]->text;
  }
  /// Whether it is `rows` pictures of bytes.
  bool holds(std::int64_t rows) const {
    return content != nullptr && (*element == "u1" || *element == "|u1") &&
           shape->items.size() == 2 && shape->items[0]->whole == rows &&
           shape->items[1]->whole == kCifarPixels && std::ssize(*content) / kCifarPixels == rows &&
           std::ssize(*content) % kCifarPixels == 0;
  }
  std::uint8_t at(std::int64_t row, std::int64_t column) const {
    const auto rows = std::ssize(*content) / kCifarPixels;
    const auto place = columns_first ? column * rows + row : row * kCifarPixels + column;
    return static_cast<std::uint8_t>((*content)[static_cast<std::size_t>(place)]);
  }

  const Pickled* shape = nullptr;
  const std::string *element = nullptr, *content = nullptr;
  bool columns_first = false;
};

}  // namespace

Bytes cifar_records(const Bytes& bytes, const std::string& name,
                    const std::vector<std::string>& labels) {
  const auto pickle = unpickled(bytes, name);
  std::vector<const std::vector<const Pickled*>*> lists;
  for (const auto& key : labels) lists.push_back(&list_in(pickle, key, Kind::kWhole, name));
  const auto count = std::ssize(*lists.at(0));
  if (count == 0) throw Error(name + " holds no picture");
  const PickledArray pixels(pickle.root().find("data"));
  if (!pixels.holds(count))
    throw Error(name + ": expected an array `data` of " + std::to_string(count) + " times " +
                std::to_string(kCifarPixels) + " bytes, one row for each of its labels");
  Bytes records;
  records.reserve(static_cast<std::size_t>(count * (std::ssize(labels) + kCifarPixels)));
  for (std::int64_t row = 0; row < count; ++row) {
    for (const auto* list : lists) {
      const auto label = list->size() == lists[0]->size()
                             ? (*list)[static_cast<std::size_t>(row)]->whole
                             : std::int64_t{-1};
      if (label < 0 || label > 255)
        throw Error(name + ": row " + std::to_string(row) + " has no label that could be one");
      records.push_back(static_cast<std::uint8_t>(label));
    }
    for (std::int64_t column = 0; column < kCifarPixels; ++column)
      records.push_back(pixels.at(row, column));
  }
  return records;
}

std::vector<std::string> cifar_names(const Bytes& bytes, const std::string& name,
                                     const std::string& list) {
  const auto pickle = unpickled(bytes, name);
  std::vector<std::string> names;
  for (const auto* one : list_in(pickle, list, Kind::kText, name)) names.push_back(one->text);
  return names;
}

}  // namespace ktb
