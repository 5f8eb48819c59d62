#include "run/weights/torch_file.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/from_file.h>
#include <c10/util/Exception.h>
#include <caffe2/serialize/inline_container.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/pickle.hpp"
#include "ktb/error.hpp"

namespace ktb::run {
namespace {

using core::Pickle, core::Pickled;
using Kind = Pickled::Kind;

constexpr std::string_view kZip("PK\3\4", 4);
/// With which files before PyTorch 1.6 begin, as a pickle of its own: 0x1950a86a20f9469cfc6c.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);

constexpr int kDeepest = 256;
constexpr std::size_t kMostSteps = 5'000'000;
constexpr std::size_t kMostAxes = 64;

/// By the end of a storage's class, and of a type's name.
constexpr std::array<std::pair<std::string_view, at::ScalarType>, 24> kStoredTypes = {{
    {"FloatStorage", at::kFloat},
    {"DoubleStorage", at::kDouble},
    {"HalfStorage", at::kHalf},
    {"BFloat16Storage", at::kBFloat16},
    {"LongStorage", at::kLong},
    {"IntStorage", at::kInt},
    {"ShortStorage", at::kShort},
    {"CharStorage", at::kChar},
    {"ByteStorage", at::kByte},
    {"BoolStorage", at::kBool},
    {"ComplexFloatStorage", at::kComplexFloat},
    {"ComplexDoubleStorage", at::kComplexDouble},
    {"QInt8Storage", at::kQInt8},
    {"QUInt8Storage", at::kQUInt8},
    {"QInt32Storage", at::kQInt32},
    {"UntypedStorage", at::kByte},
    {"float8_e4m3fn", at::kFloat8_e4m3fn},
    {"float8_e4m3fnuz", at::kFloat8_e4m3fnuz},
    {"float8_e5m2", at::kFloat8_e5m2},
    {"float8_e5m2fnuz", at::kFloat8_e5m2fnuz},
    {"float8_e8m0fnu", at::kFloat8_e8m0fnu},
    {"uint16", at::kUInt16},
    {"uint32", at::kUInt32},
    {"uint64", at::kUInt64},
}};

std::optional<at::ScalarType> stored_type(std::string_view name) {
  const auto word = name.substr(name.rfind('.') + 1);
  for (const auto& [known, type] : kStoredTypes)
    if (word == known) return type;
  return std::nullopt;
}

/// As a persistent id describes it.
struct Storage {
  std::string key;
  at::ScalarType type = at::kByte;
  std::int64_t size = 0;  ///< elements
};

/// Where the bytes of storages are.
class Storages {
 public:
  virtual ~Storages() = default;
  /// Its bytes, as far as the file has them; -1: it has no such storage.
  virtual std::int64_t bytes(const std::string& key) = 0;
  virtual Tensor read(const std::string& key) = 0;  ///< [bytes] of kByte
};

[[noreturn]] void malformed() { throw Error("one of its tensors is malformed"); }

std::vector<std::int64_t> extents(const Pickled& list) {
  std::vector<std::int64_t> out;
  if (!list.is(Kind::kList) || list.items.size() > kMostAxes) malformed();
  for (const auto* item : list.items) {
    if (!item->is(Kind::kWhole) || item->whole < 0) malformed();
    out.push_back(item->whole);
  }
  return out;
}

/// One more than the last element that a view reaches, or 0.
std::int64_t reach(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& stride,
                   std::int64_t offset) {
  std::int64_t last = offset, elements = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    std::int64_t step = 0;
    if (shape[i] == 0) return 0;
    if (__builtin_mul_overflow(elements, shape[i], &elements) ||
        __builtin_mul_overflow(shape[i] - 1, stride[i], &step) ||
        __builtin_add_overflow(last, step, &last))
      malformed();
  }
  return last + 1;
}

/// ("storage", torch.FloatStorage, key, location, elements), and in old files a view.
Storage storage_of(const Pickled& id) {
  const auto& parts = id.arguments();
  if (parts.size() < 5 || parts[0]->text != "storage" || !parts[2]->is(Kind::kText) ||
      !parts[4]->is(Kind::kWhole))
    malformed();
  if (parts.size() > 5 && !parts[5]->is(Kind::kNone))
    throw Error("it has views of storages, which only PyTorch before 0.4 wrote: save it anew");
  const auto type = stored_type(parts[1]->text);
  if (!type) throw Error(fmt::format("storages of class {} are not known", parts[1]->text));
  return {parts[2]->text, *type, parts[4]->whole};
}

/// Finds the tensors in what was pickled.
class Collector {
 public:
  Collector(std::shared_ptr<Storages> storages, WeightsFile& out)
      : storages_(std::move(storages)), out_(out) {}

  void collect(const Pickled& value, const std::string& name, int depth = 0) {
    if (++steps_ > kMostSteps || depth > kDeepest)
      throw Error("it is nested too deeply, or has too many values, for a file of weights");
    if (add_tensor(value, name, depth)) return;
    if (value.state && value.state->find("_parameters")) return collect_module(value, name, depth);
    for (const auto& [key, item] : value.entries)
      if (key->is(Kind::kText)) collect(*item, below(name, key->text), depth + 1);
    if (value.is(Kind::kList))
      for (std::size_t i = 0; i < value.items.size(); ++i)
        if (!value.items[i]->entries.empty())
          collect(*value.items[i], below(name, std::to_string(i)), depth + 1);
  }

 private:
  static std::string below(const std::string& name, const std::string& key) {
    return name.empty() ? key : name + "." + key;
  }

  /// A pickled torch.nn.Module: its members stand in the order of Module::state_dict().
  void collect_module(const Pickled& module, const std::string& name, int depth) {
    for (const char* part : {"_parameters", "_buffers", "_modules"})
      if (const auto* members = module.state->find(part)) collect(*members, name, depth + 1);
  }

  bool add_tensor(const Pickled& value, const std::string& name, int depth) {
    if (!value.callee) return false;
    const std::string& callee = value.callee->text;
    const auto& given = value.arguments();
    if (callee.starts_with("torch._utils._rebuild_parameter")) {
      if (given.empty()) malformed();
      collect(*given[0], name, depth + 1);
      return true;
    }
    const bool named_type = callee == "torch._utils._rebuild_tensor_v3";
    if (!named_type && callee != "torch._utils._rebuild_tensor_v2" &&
        callee != "torch._utils._rebuild_tensor" && callee != "torch._utils._rebuild_qtensor")
      return false;
    if (given.size() < (named_type ? 7 : 4) || !given[0]->is(Kind::kForeign) ||
        !given[1]->is(Kind::kWhole) || given[1]->whole < 0)
      malformed();
    Storage storage = storage_of(*given[0]);
    if (named_type) retype(storage, *given[6]);
    add_view(storage, given[1]->whole, extents(*given[2]), extents(*given[3]), name);
    return true;
  }

  /// Bytes whose type stands beside them.
  static void retype(Storage& storage, const Pickled& type) {
    const auto known = stored_type(type.text);
    if (!known) throw Error(fmt::format("tensors of type {} are not known", type.text));
    storage.type = *known;
    storage.size /= static_cast<std::int64_t>(c10::elementSize(*known));
  }

  void add_view(const Storage& storage, std::int64_t offset, std::vector<std::int64_t> shape,
                const std::vector<std::int64_t>& stride, const std::string& name) {
    if (shape.size() != stride.size()) malformed();
    const auto width = static_cast<std::int64_t>(c10::elementSize(storage.type));
    const auto held = storages_->bytes(storage.key) / width;
    if (storage.size < 0 || storage.size > held || reach(shape, stride, offset) > storage.size)
      throw Error(fmt::format("tensor \"{}\" is larger than its data", name));
    auto read = [path = out_.path, storages = storages_, storage, offset, shape, stride] {
      try {
        return storages->read(storage.key)
            .slice(0, 0, storage.size * static_cast<std::int64_t>(c10::elementSize(storage.type)))
            .view(storage.type)
            .as_strided(shape, stride, offset);
      } catch (const c10::Error& problem) {
        throw Error(fmt::format("{}: {}", path, problem.what_without_backtrace()));
      }
    };
    auto place = fmt::format("{} {} {} {}", storage.key, offset, fmt::join(shape, "x"),
                             fmt::join(stride, "x"));
    out_.tensors.push_back(
        {name, storage.type, std::move(shape), std::move(place), std::move(read)});
  }

  std::shared_ptr<Storages> storages_;
  WeightsFile& out_;
  std::size_t steps_ = 0;
};

/// A zip's records, kept once they were read: views of one storage are common.
class ZippedStorages final : public Storages {
 public:
  ZippedStorages(const std::string& path, std::int64_t size) : reader_(path), size_(size) {
    reader_.setShouldLoadDebugSymbol(false);
  }

  std::int64_t bytes(const std::string& key) override {
    const auto name = "data/" + key;
    return reader_.hasRecord(name) ? checked_size(name) : -1;
  }
  Tensor read(const std::string& key) override {
    auto& known = read_[key];
    if (!known.defined()) known = record("data/" + key);
    return known;
  }
  bool has(const std::string& name) { return reader_.hasRecord(name); }
  std::string text(const std::string& name) {
    const auto bytes = record(name);
    return {static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes()};
  }

 private:
  /// Records lie there as they are, so none is larger than its file.
  std::int64_t checked_size(const std::string& name) {
    const auto size = static_cast<std::int64_t>(reader_.getRecordSize(name));
    if (size < 0 || size > size_) throw Error("a record of it is larger than the file");
    return size;
  }
  Tensor record(const std::string& name) {
    checked_size(name);
    auto [data, size] = reader_.getRecord(name);
    auto kept = std::make_shared<at::DataPtr>(std::move(data));
    return at::from_blob(
        kept->get(), {static_cast<std::int64_t>(size)}, [kept](void*) {}, at::kByte);
  }

  caffe2::serialize::PyTorchStreamReader reader_;
  std::int64_t size_;
  std::map<std::string, Tensor> read_;
};

/// Storages that follow the pickles, one after the other: [count, bytes].
class TrailingStorages final : public Storages {
 public:
  explicit TrailingStorages(Tensor file) : file_(std::move(file)) {}

  /// Where each of these lies, from byte `at` on.
  void locate(const std::vector<Storage>& order, std::int64_t at) {
    for (const auto& storage : order) {
      std::int64_t count = 0;
      if (file_.numel() - at < 8) throw Error("the file is cut off");
      std::memcpy(&count, file_.const_data_ptr<std::uint8_t>() + at, 8);
      at += 8;
      const auto width = static_cast<std::int64_t>(c10::elementSize(storage.type));
      if (count < 0 || count > (file_.numel() - at) / width) throw Error("the file is cut off");
      places_[storage.key] = {at, count * width};
      at += count * width;
    }
  }

  std::int64_t bytes(const std::string& key) override {
    const auto found = places_.find(key);
    return found == places_.end() ? -1 : found->second.second;
  }
  /// A copy, since storages lie at any byte.
  Tensor read(const std::string& key) override {
    const auto [at, size] = places_.at(key);
    return file_.slice(0, at, at + size).clone();
  }

 private:
  Tensor file_;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> places_;  ///< byte and bytes
};

[[noreturn]] void refuse_empty(const Pickle& pickle) {
  const auto& calls = pickle.calls();
  throw Error(calls.empty() ? std::string("it holds no tensors by name")
                            : fmt::format("it holds no tensors by name, but objects of {}",
                                          fmt::join(calls, ", ")));
}

void open_zip(WeightsFile& out, std::int64_t size) {
  const auto storages = std::make_shared<ZippedStorages>(out.path, size);
  if (storages->has("constants.pkl"))
    throw Error(
        "a program that torch.jit.save wrote, not weights alone: as a model it is the plugin "
        "`torchscript`, and torch.save(model.state_dict(), ...) writes its weights");
  if (!storages->has("data.pkl")) throw Error("a zip file that torch.save did not write");
  if (storages->has("byteorder") && storages->text("byteorder") != "little")
    throw Error("it was written on a big-endian machine");
  const auto bytes = storages->text("data.pkl");
  const Pickle pickle(bytes);
  Collector(storages, out).collect(pickle.root(), "");
  if (out.tensors.empty()) refuse_empty(pickle);
}

/// Every storage that a pickle names.
class StorageList {
 public:
  explicit StorageList(const Pickled& root) { visit(root, 0); }
  const std::map<std::string, Storage>& all() const { return all_; }

 private:
  void visit(const Pickled& value, int depth) {
    if (++steps_ > kMostSteps || depth > kDeepest) throw Error("it is nested too deeply");
    if (value.is(Kind::kForeign)) return note(value);
    for (const auto* item : value.items) visit(*item, depth + 1);
    for (const auto& [key, item] : value.entries) visit(*item, depth + 1);
    if (value.of) visit(*value.of, depth + 1);
    if (value.state) visit(*value.state, depth + 1);
  }
  void note(const Pickled& id) {
    const auto& parts = id.arguments();
    if (parts.empty() || parts[0]->text != "storage") return;  // a class, with its source
    const Storage storage = storage_of(id);
    all_[storage.key] = storage;
  }

  std::map<std::string, Storage> all_;
  std::size_t steps_ = 0;
};

/// Magic number, protocol, machine, object, keys of storages; then these.
void open_legacy(WeightsFile& out, std::int64_t size) {
  const auto file = at::from_file(out.path, /*shared=*/false, size, at::kByte);
  const std::string_view bytes(static_cast<const char*>(file.const_data_ptr()),
                               static_cast<std::size_t>(size));
  std::size_t at = 0;
  const auto next = [&] {
    Pickle pickle(bytes.substr(at));
    at += pickle.size();
    return pickle;
  };
  if (next().root().text != kMagic)
    throw Error(
        "a Python pickle that torch.save did not write: save a state_dict with torch.save, or as "
        "safetensors");
  next(), next();
  const auto object = next(), keys = next();
  const StorageList known(object.root());
  std::vector<Storage> order;
  for (const auto* key : keys.root().items) {
    const auto found = known.all().find(key->text);
    if (found == known.all().end()) throw Error("a storage of it belongs to no tensor");
    order.push_back(found->second);
  }
  const auto storages = std::make_shared<TrailingStorages>(file);
  storages->locate(order, static_cast<std::int64_t>(at));
  Collector(storages, out).collect(object.root(), "");
  if (out.tensors.empty()) refuse_empty(object);
}

}  // namespace

bool is_torch_file(const std::string& start) {
  return start.starts_with(kZip) || start.starts_with('\x80');
}

WeightsFile open_torch_file(const std::string& path) {
  WeightsFile out{.path = path};
  try {
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path));
    std::string start(kZip.size(), '\0');
    std::ifstream(path, std::ios::binary).read(start.data(), std::ssize(start));
    start == kZip ? open_zip(out, size) : open_legacy(out, size);
  } catch (const c10::Error& problem) {
    throw Error(fmt::format("{}: damaged: {}", path, problem.what_without_backtrace()));
  } catch (const std::exception& problem) {
    throw Error(fmt::format("{}: {}", path, problem.what()));
  }
  return out;
}

}  // namespace ktb::run
