// source_digest HARNESS [OUTPUT]: twelve digits of a SHA-256 over the code of the files that
// HARNESS/tools/numerics.txt names. Comments do not count, nor does white space outside literals
// where the tokens are the same without it. With OUTPUT it writes the unit that carries them.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.hpp"

namespace {

namespace fs = std::filesystem;

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$'; }

bool is_quote(char c) { return c == '"' || c == '\''; }

/// Two of these side by side may be one operator.
bool in_operator(char c) {
  return std::string_view("+-*/%&|^<>=!:.#").find(c) != std::string_view::npos;
}

/// Whether two tokens would be read otherwise without the blank between them.
bool must_part(char before, char after) {
  const auto joins = [](char c) { return in_word(c) || is_quote(c); };
  return (joins(before) && joins(after)) || (in_operator(before) && in_operator(after));
}

/// The code of one file, token by token as the compiler's first phases see it.
class Code {
 public:
  explicit Code(std::string_view text) : text_(text) {}

  std::string read() && {
    while (at_ < text_.size()) {
      if (skip_splice() || skip_comment()) continue;
      const char c = text_[at_];
      if (c == '\n') {
        end_line();
      } else if (std::isspace(static_cast<unsigned char>(c))) {
        blank_ = true;
        ++at_;
      } else if (is_quote(c) && !in_number()) {
        literal(c);
      } else {
        token_character(c);
      }
    }
    end_line();
    return std::move(code_);
  }

 private:
  /// A backslash at the end of a line joins it with the next.
  bool skip_splice() {
    for (const std::string_view splice : {"\\\n", "\\\r\n"}) {
      if (text_.substr(at_, splice.size()) != splice) continue;
      at_ += splice.size();
      return true;
    }
    return false;
  }

  bool skip_comment() {
    if (text_.substr(at_, 2) == "/*") {
      const auto end = text_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? text_.size() : end + 2;
      blank_ = true;
      return true;
    }
    if (text_.substr(at_, 2) != "//") return false;
    while (at_ < text_.size() && text_[at_] != '\n')
      if (!skip_splice()) ++at_;
    return true;
  }

  /// Lines mean something in directives only.
  void end_line() {
    if (directive_) code_ += '\n';
    directive_ = false;
    fresh_line_ = true;
    blank_ = true;
    word_.clear();
    ++at_;
  }

  /// Within a directive every blank counts, as `#define F (x)` is not `#define F(x)`.
  void part(char next) {
    const bool follows = !code_.empty() && code_.back() != '\n';
    if (blank_ && follows && (directive_ || must_part(code_.back(), next))) code_ += ' ';
    if (blank_) word_.clear();
    blank_ = false;
  }

  void token_character(char c) {
    if (c == '#' && fresh_line_) {
      if (!code_.empty() && code_.back() != '\n') code_ += '\n';
      directive_ = true;
    }
    fresh_line_ = false;
    part(c);
    const bool goes_on = in_word(c) || (in_number() && (c == '\'' || c == '.'));
    word_ = goes_on ? word_ + c : "";
    code_ += c;
    ++at_;
  }

  /// Whether a quote here separates digits, as in 1'000.
  bool in_number() const {
    return !blank_ && !word_.empty() && std::isdigit(static_cast<unsigned char>(word_.front()));
  }

  void literal(char quote) {
    fresh_line_ = false;
    part(quote);
    const bool raw = quote == '"' && (word_ == "R" || word_ == "LR" || word_ == "uR" ||
                                      word_ == "UR" || word_ == "u8R");
    const auto start = at_;
    at_ = raw ? raw_end() : plain_end(quote);
    code_ += text_.substr(start, at_ - start);
    word_.clear();
  }

  std::size_t raw_end() const {
    const auto open = text_.find('(', at_);
    const std::string close = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    const auto end = open == std::string_view::npos ? open : text_.find(close, open);
    return end == std::string_view::npos ? text_.size() : end + close.size();
  }

  /// A literal that its line does not close is none (`#error don't`).
  std::size_t plain_end(char quote) const {
    auto end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n')
      end += text_[end] == '\\' ? 2 : 1;
    const bool closed = end < text_.size() && text_[end] == quote;
    return std::min(end + closed, text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string code_, word_;  ///< word_: of the token at work, where it is a word or a number
  bool blank_ = false, directive_ = false, fresh_line_ = true;
};

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + " cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// All files behind the list, by their paths below `harness`.
std::vector<std::string> files_of(const fs::path& harness) {
  std::vector<std::string> files;
  std::ifstream list(harness / "tools" / "numerics.txt");
  if (!list) throw std::runtime_error((harness / "tools/numerics.txt").string() + " is missing");
  for (std::string line; std::getline(list, line);) {
    if (line.empty() || line.front() == '#') continue;
    const fs::path path = harness / line;
    if (!fs::exists(path))
      throw std::runtime_error(path.string() + " is gone: mend harness/tools/numerics.txt");
    if (!fs::is_directory(path)) files.push_back(line);
    if (!fs::is_directory(path)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (const auto kind = entry.path().extension(); kind == ".hpp" || kind == ".cpp")
        files.push_back(fs::relative(entry.path(), harness).generic_string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string digest(const fs::path& harness) {
  std::string all;
  for (const auto& file : files_of(harness))
    all += file + "\n" + Code(bytes_of(harness / file)).read() + '\0';
  return ktb::core::sha256_text(all).substr(0, 12);
}

/// Leaves a file that says the same untouched, so that nothing is compiled anew.
void write_unit(const fs::path& path, const std::string& hash) {
  const std::string unit =
      "// Written by source_digest.\n#include \"core/base/version.hpp\"\n\n"
      "std::string_view ktb::core::build_hash() { return \"" +
      hash + "\"; }\n";
  if (fs::exists(path) && bytes_of(path) == unit) return;
  std::ofstream file(path, std::ios::binary);
  if (!(file << unit)) throw std::runtime_error(path.string() + " cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2) throw std::runtime_error("usage: source_digest HARNESS [OUTPUT]");
    const std::string hash = digest(argv[1]);
    if (argc > 2)
      write_unit(argv[2], hash);
    else
      std::cout << hash << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "source_digest: " << error.what() << "\n";
    return 1;
  }
}
