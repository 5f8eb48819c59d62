#include "npy.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <string_view>

namespace ktb::arrays {
namespace {

/// How elements lie in the file. Unsigned types that torch's operators hardly know become wider.
struct Element {
  at::ScalarType stored;
  std::size_t bytes;
};

const std::map<std::string, Element>& elements() {
  static const auto& all = *new std::map<std::string, Element>{
      {"b1", {at::kBool, 1}},  {"u1", {at::kByte, 1}},  {"i1", {at::kChar, 1}},
      {"i2", {at::kShort, 2}}, {"i4", {at::kInt, 4}},   {"i8", {at::kLong, 8}},
      {"u2", {at::kShort, 2}}, {"u4", {at::kInt, 4}},   {"u8", {at::kLong, 8}},
      {"f2", {at::kHalf, 2}},  {"f4", {at::kFloat, 4}}, {"f8", {at::kDouble, 8}}};
  return all;
}

/// What is between brackets or quotes behind `'key': ` in the header, a Python dictionary as text.
class Header {
 public:
  Header(const Bytes& bytes, const std::string& name) : name_(name) {
    const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    constexpr std::string_view kMagic = "\x93NUMPY";
    if (!all.starts_with(kMagic) || all.size() < 10) refuse("no file of numpy.save");
    const std::size_t width = all[6] == 1 ? 2 : 4;  // version 1 has lengths of two bytes
    start_ = kMagic.size() + 2 + width;
    std::size_t length = 0;
    for (std::size_t i = 0; i < width && start_ <= all.size(); ++i)
      length |= std::size_t{bytes[start_ - width + i]} << (8 * i);
    if (start_ > all.size() || length > all.size() - start_) refuse("the header is cut off");
    text_ = all.substr(start_, length);
    start_ += length;
  }

  [[noreturn]] void refuse(const std::string& what) const { throw Error(name_ + ": " + what); }
  std::size_t end() const { return start_; }

  /// `<f4`
  std::string type() const {
    const auto at = behind("descr");
    if (at >= text_.size() || text_[at] != '\'')
      refuse("its elements are records; save one array for each of their fields");
    return text_.substr(at + 1, text_.find('\'', at + 1) - at - 1);
  }
  bool columns_first() const { return text_.compare(behind("fortran_order"), 4, "True") == 0; }
  std::vector<std::int64_t> shape() const {
    std::vector<std::int64_t> shape;
    auto at = behind("shape");
    for (++at; at < text_.size() && text_[at] != ')'; ++at) {
      if (text_[at] < '0' || text_[at] > '9') continue;
      std::int64_t extent = 0;
      for (; at < text_.size() && text_[at] >= '0' && text_[at] <= '9'; ++at)
        if (extent < kMost) extent = 10 * extent + (text_[at] - '0');
      shape.push_back(extent);
      --at;
    }
    return shape;
  }

 private:
  static constexpr std::int64_t kMost = std::int64_t{1} << 50;

  std::size_t behind(const std::string& key) const {
    const auto at = text_.find("'" + key + "':");
    if (at == std::string::npos) refuse("the header has no `" + key + "`");
    return std::min(text_.size(), text_.find_first_not_of(' ', at + key.size() + 3));
  }

  const std::string& name_;
  std::string text_;
  std::size_t start_ = 0;
};

/// The bytes of an element in the order of this machine.
void swap_ends(std::uint8_t* data, std::size_t count, std::size_t width) {
  for (std::size_t i = 0; i < count; ++i) std::reverse(data + i * width, data + (i + 1) * width);
}

/// Of unsigned numbers that were read as signed ones.
Tensor widened(const Tensor& values, const std::string& kind, const Header& header) {
  if (kind == "u2") return values.to(at::kInt).bitwise_and(0xFFFF);
  if (kind == "u4") return values.to(at::kLong).bitwise_and(std::int64_t{0xFFFFFFFF});
  if (kind == "u8" && values.numel() > 0 && values.min().item<std::int64_t>() < 0)
    header.refuse("a number is above 2^63 - 1");
  return values;
}

}  // namespace

Tensor read_npy(const Bytes& bytes, const std::string& name) {
  const Header header(bytes, name);
  const auto type = header.type();
  const auto kind = type.empty() ? type : type.substr(1);
  const auto element = elements().find(kind);
  if (element == elements().end())
    header.refuse("elements of type `" + type + "`" +
                  (kind.starts_with("O") ? ", Python objects, which would have to be run" : "") +
                  "; whole numbers, floats and truth values are read: convert them by astype");
  auto shape = header.shape();
  std::size_t expected = element->second.bytes;
  for (const auto extent : shape)
    if (__builtin_mul_overflow(expected, static_cast<std::size_t>(extent), &expected))
      header.refuse("its shape is larger than any file");
  if (expected != bytes.size() - header.end())
    header.refuse("cut off or too long: its header promises " + std::to_string(expected) +
                  " bytes of data, there are " + std::to_string(bytes.size() - header.end()));
  if (header.columns_first()) std::reverse(shape.begin(), shape.end());
  auto values = at::empty(shape, element->second.stored);
  auto* data = static_cast<std::uint8_t*>(values.data_ptr());
  if (expected > 0) std::memcpy(data, bytes.data() + header.end(), expected);
  const bool big = type[0] == '>';
  if (big != (std::endian::native == std::endian::big) && type[0] != '|')
    swap_ends(data, expected / element->second.bytes, element->second.bytes);
  if (kind == "b1" && expected > 0)
    std::for_each_n(data, expected, [](std::uint8_t& byte) { byte = byte != 0; });
  values = widened(values, kind, header);
  return header.columns_first() && values.dim() > 1
             ? values
                   .permute([&] {
                     std::vector<std::int64_t> axes(shape.size());
                     for (std::size_t i = 0; i < axes.size(); ++i)
                       axes[i] = static_cast<std::int64_t>(axes.size() - 1 - i);
                     return axes;
                   }())
                   .contiguous()
             : values;
}

}  // namespace ktb::arrays
