#pragma once
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ktb::core {

/// One value of a pickle. A call that the pickle asks for is kept as what it is, a name and its
/// arguments, and never made.
struct Pickled {
  enum class Kind {
    kNone,
    kBool,     ///< in `whole`
    kWhole,    ///< in `whole`; beyond 64 bits in `text`, as little-endian bytes
    kReal,     ///< in `real`
    kText,     ///< or bytes, in `text`
    kList,     ///< or a tuple or a set, in `items`
    kDict,     ///< in `entries`
    kGlobal,   ///< a class or function: `module.name` in `text`
    kCall,     ///< of `callee` with `of`; what its result was given is in the other members
    kForeign,  ///< a persistent id, in `of`
  };
  using Entries = std::vector<std::pair<const Pickled*, const Pickled*>>;

  Kind kind = Kind::kNone;
  std::int64_t whole = 0;
  double real = 0;
  std::string text;
  std::vector<const Pickled*> items;
  Entries entries;
  const Pickled *callee = nullptr, *of = nullptr, *state = nullptr;

  bool is(Kind what) const { return kind == what; }
  /// Whether it is a call of that function or class.
  bool calls(std::string_view name) const { return callee && callee->text == name; }
  /// The arguments of a call, the parts of a persistent id.
  const std::vector<const Pickled*>& arguments() const { return of ? of->items : items; }
  /// The value of a text key; null where there is none.
  const Pickled* find(std::string_view key) const;
};

/// A Python pickle, read as data: protocols 0 to 5 as far as PyTorch, NumPy and plain Python use
/// them. Nothing that it names is looked up or run. Values may be shared, and may even contain
/// themselves: whoever walks through them counts steps.
class Pickle {
 public:
  /// Reads one from the start of `bytes`. Throws Error where it is cut off or malformed, or has an
  /// opcode beyond data.
  explicit Pickle(std::string_view bytes);

  const Pickled& root() const { return *root_; }
  /// The bytes that it took; another may follow.
  std::size_t size() const { return size_; }
  /// The classes and functions that it would call, in alphabetical order.
  const std::set<std::string>& calls() const { return calls_; }

 private:
  friend class PickleReader;
  std::deque<Pickled> values_;
  const Pickled* root_ = nullptr;
  std::size_t size_ = 0;
  std::set<std::string> calls_;
};

}  // namespace ktb::core
