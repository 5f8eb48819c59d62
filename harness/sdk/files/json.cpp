#include "ktb/files/json.hpp"

#include "core/base/json.hpp"

#include <limits>
#include <unordered_map>
#include <variant>

namespace ktb {
/// The values in the order of the file: a tenth of what a tree of maps would take.
struct Json::Document {
  struct Null {};
  struct Text {
    std::uint32_t index = 0;  ///< into `texts`
  };
  struct Array {};
  struct Object {};
  /// A value; those that it contains follow it, up to `end`.
  struct Node {
    std::variant<Null, bool, std::int64_t, double, Text, Array, Object> value;
    std::uint32_t key = 0;  ///< into `texts`, where the value belongs to an object
    std::uint32_t end = 0;
  };

  std::string name;
  std::vector<Node> nodes;
  std::vector<std::string> texts;

  const Node& at(std::size_t node) const { return nodes[node]; }

  /// How one gets from the root to a value: `data[3].title`.
  std::string place(std::size_t wanted) const {
    std::string path;
    for (std::size_t node = 0; node != wanted;) {
      const bool array = std::holds_alternative<Array>(nodes[node].value);
      std::size_t child = node + 1, position = 0;
      for (; nodes[child].end <= wanted; child = nodes[child].end) ++position;
      if (array) {
        path += '[' + std::to_string(position) + ']';
      } else {
        path += (path.empty() ? "" : ".") + texts[nodes[child].key];
      }
      node = child;
    }
    return path;
  }

  /// What the parser of nlohmann-json calls as it reads.
  struct Builder {
    explicit Builder(Document& made) : document(made) {}

    template <class Value>
    bool add(Value value) {
      const auto place = static_cast<std::uint32_t>(document.nodes.size());
      document.nodes.push_back({value, key_, place + 1});
      return true;
    }
    template <class Value>
    bool open(Value value) {
      open_.push_back(document.nodes.size());
      return add(value);
    }
    bool close() {
      document.nodes[open_.back()].end = static_cast<std::uint32_t>(document.nodes.size());
      open_.pop_back();
      return true;
    }
    std::uint32_t keep(std::string&& text) {
      document.texts.push_back(std::move(text));
      return static_cast<std::uint32_t>(document.texts.size() - 1);
    }

    bool null() { return add(Null()); }
    bool boolean(bool value) { return add(value); }
    bool number_integer(std::int64_t value) { return add(value); }
    bool number_unsigned(std::uint64_t value) {
      if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
        return add(static_cast<double>(value));
      return add(static_cast<std::int64_t>(value));
    }
    bool number_float(double value, const std::string&) { return add(value); }
    bool string(std::string& value) { return add(Text{keep(std::move(value))}); }
    bool binary(core::Json::binary_t&) { return false; }  // JSON text has none
    bool start_array(std::size_t) { return open(Array()); }
    bool end_array() { return close(); }
    bool start_object(std::size_t) { return open(Object()); }
    bool end_object() { return close(); }
    bool key(std::string& value) {
      const auto [found, fresh] = keys_.try_emplace(value, 0);
      if (fresh) found->second = keep(std::move(value));
      key_ = found->second;
      return true;
    }
    bool parse_error(std::size_t, const std::string&, const core::Json::exception& error) {
      const std::string text = error.what();
      throw Error(document.name + " is no JSON, or cut off: " + text.substr(text.find(']') + 2) +
                  "\nGet the file again, or mend it there.");
    }

    Document& document;
    std::uint32_t key_ = 0;
    std::vector<std::size_t> open_;
    std::unordered_map<std::string, std::uint32_t> keys_;
  };
};

Json::Json(const Bytes& text, std::string name) {
  auto document = std::make_shared<Document>();
  document->name = std::move(name);
  Document::Builder builder(*document);
  core::Json::sax_parse(text.begin(), text.end(), &builder);
  document_ = std::move(document);
}
Json::Json(std::shared_ptr<const Document> document, std::size_t node)
    : document_(std::move(document)), node_(node) {}
Json::~Json() = default;
Json::Json(const Json&) = default;
Json& Json::operator=(const Json&) = default;

void Json::refuse(const std::string& what) const {
  const auto place = document_->place(node_);
  throw Error(document_->name + (place.empty() ? "" : ", " + place) + ": " + what);
}

template <class Wanted>
const Wanted& Json::get(const char* wanted) const {
  const auto* value = std::get_if<Wanted>(&document_->at(node_).value);
  if (value == nullptr) refuse(std::string("expected ") + wanted);
  return *value;
}

std::vector<Json> Json::children() const {
  std::vector<Json> all;
  const auto end = document_->at(node_).end;
  for (std::size_t child = node_ + 1; child < end; child = document_->at(child).end)
    all.push_back(Json(document_, child));
  return all;
}

std::size_t Json::find(const std::string& key) const {
  get<Document::Object>("an object");
  const auto end = document_->at(node_).end;
  for (std::size_t child = node_ + 1; child < end; child = document_->at(child).end)
    if (document_->texts[document_->at(child).key] == key) return child;
  return 0;
}

bool Json::has(const std::string& key) const { return find(key) != 0; }

Json Json::operator[](const std::string& key) const {
  const auto child = find(key);
  if (child == 0) refuse("expected a member `" + key + "`");
  return Json(document_, child);
}

std::vector<Json> Json::items() const {
  get<Document::Array>("an array");
  return children();
}

std::vector<std::pair<std::string, Json>> Json::members() const {
  get<Document::Object>("an object");
  std::vector<std::pair<std::string, Json>> all;
  for (const auto& child : children())
    all.emplace_back(document_->texts[document_->at(child.node_).key], child);
  return all;
}

std::string Json::text() const { return document_->texts[get<Document::Text>("a text").index]; }
bool Json::truth() const { return get<bool>("true or false"); }
std::int64_t Json::integer() const { return get<std::int64_t>("a whole number"); }
bool Json::is_null() const {
  return std::holds_alternative<Document::Null>(document_->at(node_).value);
}

double Json::number() const {
  const auto* whole = std::get_if<std::int64_t>(&document_->at(node_).value);
  return whole != nullptr ? static_cast<double>(*whole) : get<double>("a number");
}

}  // namespace ktb
