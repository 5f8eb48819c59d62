// The opcodes are those of Python's pickletools.
#include "core/base/pickle.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <map>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

/// A checkpoint of a thousand tensors has some ten thousand; each takes more memory than bytes.
constexpr std::size_t kMostValues = 5'000'000;
constexpr std::size_t kLongestName = 500;

}  // namespace

const Pickled* Pickled::find(std::string_view key) const {
  const auto found = std::ranges::find_if(entries, [&](const auto& entry) {
    return entry.first->is(Kind::kText) && entry.first->text == key;
  });
  return found == entries.end() ? nullptr : found->second;
}

/// A stack machine whose instructions only ever make values.
class PickleReader {
 public:
  PickleReader(std::string_view bytes, Pickle& out) : bytes_(bytes), out_(out) {}

  void read() {
    for (;;) {
      const auto at = at_;
      const auto opcode = static_cast<unsigned char>(take(1)[0]);
      if (opcode == '.') break;
      const auto action = actions()[opcode];
      if (!action)
        throw Error(fmt::format("byte {}: opcode {:#04x} is none that data need", at, opcode));
      action(*this);
    }
    out_.root_ = pop();
    out_.size_ = at_;
  }

 private:
  using Kind = Pickled::Kind;
  using Self = PickleReader;
  using Action = void (*)(PickleReader&);
  using Actions = std::array<Action, 256>;

  /// By opcode; null: refused.
  static const Actions& actions() {
    static const Actions all = [] {
      Actions made{};
      add_constants(made);
      add_texts(made);
      add_containers(made);
      add_memory(made);
      add_calls(made);
      return made;
    }();
    return all;
  }

  static void add_constants(Actions& to) {
    to[0x80] = [](Self& s) { s.take(1); };  // PROTO
    to[0x95] = [](Self& s) { s.take(8); };  // FRAME
    to['N'] = [](Self& s) { s.make(Kind::kNone); };
    to[0x88] = [](Self& s) { s.make(Kind::kBool).whole = 1; };  // NEWTRUE
    to[0x89] = [](Self& s) { s.make(Kind::kBool); };            // NEWFALSE
    to['K'] = [](Self& s) { s.whole(static_cast<std::int64_t>(s.number(1))); };
    to['M'] = [](Self& s) { s.whole(static_cast<std::int64_t>(s.number(2))); };
    to['J'] = [](Self& s) { s.whole(static_cast<std::int32_t>(s.number(4))); };
    to[0x8a] = [](Self& s) { s.long_whole(s.take(s.number(1))); };  // LONG1
    to[0x8b] = [](Self& s) { s.long_whole(s.take(s.number(4))); };  // LONG4
    to['I'] = to['L'] = [](Self& s) { s.decimal(s.line()); };
    to['F'] = [](Self& s) { s.make(Kind::kReal).real = s.parsed<double>(s.line()); };
    to['G'] = [](Self& s) { s.big_endian_real(); };
  }

  static void add_texts(Actions& to) {
    to['X'] = to['T'] = to['B'] = [](Self& s) { s.text(s.take(s.number(4))); };
    to[0x8c] = to['U'] = to['C'] = [](Self& s) { s.text(s.take(s.number(1))); };
    to[0x8d] = to[0x8e] = to[0x96] = [](Self& s) { s.text(s.take(s.number(8))); };
    to['V'] = [](Self& s) { s.text(s.line()); };
    to['S'] = [](Self& s) { s.text(s.unquoted(s.line())); };
  }

  static void add_containers(Actions& to) {
    to['('] = [](Self& s) { s.marks_.push_back(s.stack_.size()); };
    to['0'] = [](Self& s) { s.drop(); };
    to['1'] = [](Self& s) { s.since_mark(); };
    to['2'] = [](Self& s) { s.stack_.push_back(s.top()); };
    to[')'] = to[']'] = to[0x8f] = [](Self& s) { s.make(Kind::kList); };
    to['}'] = [](Self& s) { s.make(Kind::kDict); };
    to['t'] = to['l'] = to[0x91] = [](Self& s) {
      const auto values = s.since_mark();
      append(values, s.make(Kind::kList));
    };
    to['d'] = [](Self& s) {
      const auto values = s.since_mark();
      s.set(values, s.make(Kind::kDict));
    };
    to[0x85] = [](Self& s) { s.tuple(1); };
    to[0x86] = [](Self& s) { s.tuple(2); };
    to[0x87] = [](Self& s) { s.tuple(3); };
    to['a'] = [](Self& s) {
      auto* value = s.pop();
      append({value}, *s.top());
    };
    to['e'] = to[0x90] = [](Self& s) {
      const auto values = s.since_mark();
      append(values, *s.top());
    };
    to['s'] = [](Self& s) {
      auto* value = s.pop();
      auto* key = s.pop();
      s.set({key, value}, *s.top());
    };
    to['u'] = [](Self& s) {
      const auto values = s.since_mark();
      s.set(values, *s.top());
    };
  }

  static void add_memory(Actions& to) {
    to['q'] = [](Self& s) { s.memo_[s.number(1)] = s.top(); };
    to['r'] = [](Self& s) { s.memo_[s.number(4)] = s.top(); };
    to['p'] = [](Self& s) { s.memo_[s.parsed<std::uint64_t>(s.line())] = s.top(); };
    to[0x94] = [](Self& s) {  // MEMOIZE
      const auto next = s.memo_.size();
      s.memo_[next] = s.top();
    };
    to['h'] = [](Self& s) { s.recall(s.number(1)); };
    to['j'] = [](Self& s) { s.recall(s.number(4)); };
    to['g'] = [](Self& s) { s.recall(s.parsed<std::uint64_t>(s.line())); };
  }

  static void add_calls(Actions& to) {
    to['c'] = [](Self& s) {
      const auto module = s.line();
      s.global(module, s.line());
    };
    to[0x93] = [](Self& s) {  // STACK_GLOBAL
      const auto* name = s.pop();
      s.global(s.pop()->text, name->text);
    };
    to['P'] = [](Self& s) { s.make(Kind::kForeign).text = s.line(); };
    to['Q'] = [](Self& s) {
      const auto* id = s.pop();
      s.make(Kind::kForeign).of = id;
    };
    to['R'] = to[0x81] = [](Self& s) { s.call(); };  // REDUCE, NEWOBJ
    to[0x92] = [](Self& s) {                         // NEWOBJ_EX
      s.pop();
      s.call();
    };
    to['b'] = [](Self& s) {
      const auto* state = s.pop();
      s.top()->state = state;
    };
  }

  [[noreturn]] void malformed() const {
    throw Error(fmt::format("byte {}: the pickle is malformed", at_));
  }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) throw Error("the pickle is cut off");
    const auto out = bytes_.substr(at_, count);
    at_ += count;
    return out;
  }
  /// Little-endian.
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    const auto digits = take(width);
    for (std::size_t i = width; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(digits[i]);
    return value;
  }
  std::string_view line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) throw Error("the pickle is cut off");
    const auto out = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return out;
  }
  std::string_view unquoted(std::string_view text) const {
    if (text.size() < 2 || text.front() != text.back()) malformed();
    return text.substr(1, text.size() - 2);
  }
  template <class T>
  T parsed(std::string_view text) const {
    T value{};
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc() || end != text.data() + text.size()) malformed();
    return value;
  }

  Pickled& make(Kind kind) {
    if (out_.values_.size() >= kMostValues) throw Error("the pickle has too many values");
    auto& made = out_.values_.emplace_back();
    made.kind = kind;
    stack_.push_back(&made);
    return made;
  }
  Pickled* top() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) malformed();
    return stack_.back();
  }
  Pickled* pop() {
    auto* value = top();
    stack_.pop_back();
    return value;
  }
  /// What was pushed since the last mark, which goes as well.
  std::vector<const Pickled*> since_mark() {
    if (marks_.empty()) malformed();
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const Pickled*> values(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return values;
  }
  /// POP takes a mark as well where nothing lies on it.
  void drop() {
    if (!marks_.empty() && stack_.size() == marks_.back())
      marks_.pop_back();
    else
      pop();
  }

  void whole(std::int64_t value) { make(Kind::kWhole).whole = value; }
  /// Little-endian, in two's complement.
  void long_whole(std::string_view digits) {
    auto& made = make(Kind::kWhole);
    if (digits.size() > 8) {
      made.text = digits;
      return;
    }
    const bool negative = !digits.empty() && (digits.back() & 0x80) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = digits.size(); i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(digits[i]);
    made.whole = std::bit_cast<std::int64_t>(value);
  }
  /// 00 and 01 are false and true.
  void decimal(std::string_view digits) {
    if (digits.ends_with('L')) digits.remove_suffix(1);
    if (digits == "00" || digits == "01")
      make(Kind::kBool).whole = digits == "01";
    else
      whole(parsed<std::int64_t>(digits));
  }
  void big_endian_real() {
    std::uint64_t bits = 0;
    for (const char byte : take(8)) bits = bits << 8 | static_cast<unsigned char>(byte);
    make(Kind::kReal).real = std::bit_cast<double>(bits);
  }
  void text(std::string_view content) { make(Kind::kText).text = content; }

  void tuple(std::size_t count) {
    std::vector<const Pickled*> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    make(Kind::kList).items = std::move(items);
  }
  static void append(const std::vector<const Pickled*>& values, Pickled& list) {
    list.items.insert(list.items.end(), values.begin(), values.end());
  }
  void set(const std::vector<const Pickled*>& values, Pickled& dict) const {
    if (values.size() % 2 != 0) malformed();
    for (std::size_t i = 0; i < values.size(); i += 2)
      dict.entries.emplace_back(values[i], values[i + 1]);
  }
  void recall(std::uint64_t number) {
    const auto found = memo_.find(number);
    if (found == memo_.end()) malformed();
    stack_.push_back(found->second);
  }
  void global(std::string_view module, std::string_view name) {
    if (module.size() + name.size() > kLongestName) malformed();
    auto text = fmt::format("{}.{}", module, name);
    make(Kind::kGlobal).text = std::move(text);
  }
  void call() {
    const auto* arguments = pop();
    const auto* callee = pop();
    if (callee->is(Kind::kGlobal)) out_.calls_.insert(callee->text);
    auto& made = make(Kind::kCall);
    made.callee = callee;
    made.of = arguments;
  }

  std::string_view bytes_;
  Pickle& out_;
  std::size_t at_ = 0;
  std::vector<Pickled*> stack_;
  std::vector<std::size_t> marks_;  ///< heights of the stack
  std::map<std::uint64_t, Pickled*> memo_;
};

Pickle::Pickle(std::string_view bytes) { PickleReader(bytes, *this).read(); }

}  // namespace ktb::core
