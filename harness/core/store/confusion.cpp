#include "core/store/confusion.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/fields.hpp"

namespace ktb::core {
namespace {

void check(const Confusion& confusion) {
  const auto& counts = confusion.counts;
  const std::size_t classes = counts.size();
  if (classes == 0 || classes > kMostClasses)
    throw Error(fmt::format("it has {} classes, and should have 1 to {}", classes, kMostClasses));
  const bool square = std::all_of(counts.begin(), counts.end(),
                                  [&](const auto& row) { return row.size() == classes; });
  if (!square) throw Error("its counts are not square");
  const std::size_t named = confusion.classes.size();
  if (named != 0 && named != classes)
    throw Error(fmt::format("it names {} classes and counts {}", named, classes));
}

}  // namespace

template <Of<Confusion> Self, class Ar>
void fields(Self& confusion, Ar& ar) {
  ar("classes", confusion.classes);
  ar("counts", confusion.counts);
}

Json to_json(const Confusion& confusion) { return write_json(confusion); }

Confusion confusion_from_json(const Json& json) {
  auto confusion = read_json<Confusion>({json, "confusion"});
  check(confusion);
  return confusion;
}

}  // namespace ktb::core
