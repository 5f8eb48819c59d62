#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <set>
#include <utility>

#include "ktb/files/delimited.hpp"
#include "ktb/plugin.hpp"
#include "npy.hpp"

namespace {
using namespace ktb;
namespace fs = std::filesystem;

constexpr char kGet[] =
    "arrays reads what numpy.save wrote: ROOT/train_image.npy (uint8 [N, channels, height, "
    "width]), "
    "train_state.npy\n"
    "(floats [N, ...]) or train_tokens.npy (ids [N, length], 0 is padding), with train_label.npy "
    "(classes [N]),\n"
    "train_labels.npy (0 or 1 [N, classes]) or train_value.npy (numbers [N]); the same of test; "
    "classes.txt may\n"
    "name the classes, one a line. `root` is an absolute path or relative to a data directory "
    "(--data-dir,\n"
    "$KTBENCH_DATA)";

const std::vector<std::string> kInputs = {"image", "state", "tokens"};
const std::map<std::string, std::string> kKinds = {
    {"label", "classification"}, {"labels", "multi_label"}, {"value", "regression"}};

std::string shape_of(const Tensor& array) {
  std::string text;
  for (const auto extent : array.sizes())
    text += (text.empty() ? "[" : ", ") + std::to_string(extent);
  return text.empty() ? "[]" : text + "]";
}

/// One array of a split, with the file's name for Error.
struct Found {
  std::string name;
  Tensor values;

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(name + ", " + shape_of(values) + ": " + what + "\n" + kGet);
  }
  bool whole() const { return at::isIntegralType(values.scalar_type(), false); }
  void demand_axes(std::int64_t axes, const std::string& what) const {
    if (values.dim() != axes) refuse("expected " + what);
  }
  /// As floats, each of which is finite.
  Tensor floats() const {
    auto all = values.to(at::kFloat).contiguous();
    const auto bad = at::isfinite(all).flatten().logical_not().nonzero();
    if (bad.size(0) > 0)
      refuse("element " + std::to_string(bad[0][0].item<std::int64_t>()) +
             " of all is not finite, or too large for a float");
    return all;
  }
  /// As whole numbers from 0 on.
  Tensor ids(const std::string& what) const {
    if (!whole()) refuse(what + " are whole numbers");
    auto all = values.to(at::kLong).contiguous();
    if (all.numel() > 0 && all.min().item<std::int64_t>() < 0) refuse(what + " start at 0");
    return all;
  }
};

Tensor image(const Found& found) {
  if (found.values.scalar_type() != at::kByte)
    found.refuse(
        "images are uint8, 0 to 255; of floats in [0, 1]: (x * 255).round().astype('uint8')");
  if (found.values.dim() == 3) return found.values.unsqueeze(1);
  found.demand_axes(4, "[N, channels, height, width]");
  const auto colours = [&](std::int64_t axis) {
    return found.values.size(axis) == 1 || found.values.size(axis) == 3;
  };
  if (colours(3) && !colours(1))
    found.refuse("channels come before height and width: x.transpose(0, 3, 1, 2)");
  return found.values;
}

Tensor input_of(const std::string& what, const Found& found) {
  if (what == "image") return image(found);
  if (found.values.dim() < 2) found.refuse("expected one row or more axes for each example");
  if (what == "state") return found.floats();
  found.demand_axes(2, "[N, length]");
  return found.ids("ids of tokens");
}

Tensor target_of(const std::string& what, const Found& found) {
  if (what == "value") {
    const auto values = found.floats();
    if (values.dim() == 2 && values.size(1) == 1) return values.squeeze(1);
    found.demand_axes(1, "[N]");
    return values;
  }
  if (what == "label") {
    found.demand_axes(1, "[N]; of [N, classes] with 0 and 1 the file is called labels");
    return found.ids("classes");
  }
  found.demand_axes(2, "[N, classes]");
  auto values = found.floats();
  if (!values.eq(0).logical_or(values.eq(1)).all().item<bool>()) found.refuse("a label is 0 or 1");
  return values;
}

/// Mean and deviation of each channel, in [0, 1], from how often each of the 256 values is there.
std::pair<std::vector<double>, std::vector<double>> statistics(const Tensor& images) {
  const auto whole = images.contiguous();
  const auto channels = whole.size(1), pixels = whole.size(2) * whole.size(3);
  std::vector<std::array<std::int64_t, 256>> counts(static_cast<std::size_t>(channels));
  const auto* value = whole.const_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < whole.size(0); ++i)
    for (auto& channel : counts)
      for (std::int64_t p = 0; p < pixels; ++p) ++channel[*value++];
  std::vector<double> mean, deviation;
  for (const auto& channel : counts) {
    double n = 0, sum = 0, squares = 0;
    for (std::size_t v = 0; v < channel.size(); ++v) {
      const auto count = static_cast<double>(channel[v]), x = static_cast<double>(v) / 255;
      n += count, sum += count * x, squares += count * x * x;
    }
    mean.push_back(sum / n);
    deviation.push_back(std::sqrt(std::max(squares / n - mean.back() * mean.back(), 0.0)));
    if (deviation.back() < 1e-6) deviation.back() = 1;  // all pixels are equal
  }
  return {mean, deviation};
}

class Arrays final : public Dataset {
 public:
  explicit Arrays(Options& options)
      : root_(options.get("root", "", "folder of the arrays, absolute or below a data directory")),
        target_(options.get("target", "any",
                            "what is to be predicted, where there are several: label, labels or "
                            "value",
                            {"any", "label", "labels", "value"})),
        space_(options.get("space", "",
                           "what ids of tokens or states mean, as others call it: wordpiece:bert")),
        vocabulary_(options.get("vocabulary", 0, "above all ids of tokens; 0: the largest and 1",
                                {.least = 0})),
        mean_(options.get("mean", std::vector<double>{},
                          "of images per channel, of [0, 1]; []: measured")),
        deviation_(options.get("deviation", std::vector<double>{}, "likewise", {.least = 1e-6})) {}

  TaskSpec task(const DataFolder& folder) const override {
    const auto train = load(folder, "train"), test = load(folder, "test");
    TaskSpec spec;
    spec.name = "arrays";
    for (const auto& [name, x] : train.x) spec.inputs.push_back(input(name, x, test.x.at(name)));
    const auto& [what, y] = *train.y.begin();
    spec.kind = kKinds.at(what);
    spec.categorical = what == "label";
    spec.classes = what == "value" ? std::vector<std::string>() : class_names(folder);
    spec.outputs = outputs(y, test.y.at(what), spec.classes);
    spec.labels = labels(what, spec);
    spec.train_size = train.size();
    spec.test_size = test.size();
    return spec;
  }

  std::vector<DataFile> files(const DataFolder& folder) const override {
    std::vector<DataFile> all;
    for (const auto* split : {"train", "test"}) {
      for (const auto& what : inputs(folder)) all.push_back({file(split, what), "", 0});
      all.push_back({file(split, target(folder)), "", 0});
    }
    if (!folder.find(class_list()).empty()) all.push_back({class_list(), "", 0});
    return all;
  }

  std::vector<std::string> notes(const DataFolder& folder) const override {
    const auto path = fs::path(folder.require(file("train", target(folder)))).parent_path();
    std::set<std::string> read;
    for (const auto& file : files(folder)) read.insert(fs::path(file.name).filename().string());
    std::string left;
    for (const auto& name : files_below(path.string(), {".npy", ".npz"}))
      if (!read.contains(name)) left += (left.empty() ? "" : ", ") + name;
    if (left.empty()) return {};
    return {"not read: " + left};
  }

  std::string get() const override { return kGet; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    Split all;
    const auto what = target(folder);
    all.y[what] = target_of(what, read(folder, split, what));
    for (const auto& name : inputs(folder)) {
      const auto found = read(folder, split, name);
      all.x[name] = input_of(name, found);
      if (all.x[name].size(0) != all.size())
        found.refuse("as many rows as " + file(split, what) + ", which has " +
                     std::to_string(all.size()));
    }
    return all;
  }

 private:
  std::string file(const std::string& split, const std::string& what) const {
    if (root_.empty()) throw OptionError("root", std::string("root is not set\n") + kGet);
    return root_ + "/" + split + "_" + what + ".npy";
  }
  std::string class_list() const { return root_ + "/classes.txt"; }

  Found read(const DataFolder& folder, const std::string& split, const std::string& what) const {
    const auto name = file(split, what);
    Found found{name, arrays::read_npy(read_data(folder, {name, "", 0}, kGet), name)};
    if (found.values.dim() == 0 || found.values.numel() == 0) found.refuse("it holds no example");
    return found;
  }

  /// Those that are there; images where none is, for them to be missed.
  std::vector<std::string> inputs(const DataFolder& folder) const {
    std::vector<std::string> all;
    for (const auto& what : kInputs)
      if (!folder.find(file("train", what)).empty()) all.push_back(what);
    return all.empty() ? std::vector{kInputs[0]} : all;
  }

  std::string target(const DataFolder& folder) const {
    if (target_ != "any") return target_;
    std::vector<std::string> found;
    for (const auto& [what, kind] : kKinds)
      if (!folder.find(file("train", what)).empty()) found.push_back(what);
    if (found.size() > 1)
      throw Error(root_ + " holds both train_" + found[0] + ".npy and train_" + found[1] +
                  ".npy; the option `target` says which is to be predicted\n" + kGet);
    return found.empty() ? kKinds.begin()->first : found[0];
  }

  InputSpec input(const std::string& name, const Tensor& train, const Tensor& test) const {
    if (train.sizes().slice(1) != test.sizes().slice(1))
      throw Error(file("train", name) + " and " + file("test", name) +
                  " differ in shape: " + shape_of(train) + " and " + shape_of(test) + "\n" + kGet);
    const auto own = "arrays:" + fs::path(root_).filename().string();
    InputSpec spec;
    spec.name = name;
    spec.shape = train.sizes().slice(1).vec();
    spec.space = space_.empty() ? own : space_;
    if (name == "image") {
      spec.space = spec.shape[0] == 1 ? "grey" : spec.shape[0] == 3 ? "rgb" : own;
      std::tie(spec.mean, spec.deviation) = statistics(train);
      if (!mean_.empty()) spec.mean = given("mean", mean_, spec.shape[0]);
      if (!deviation_.empty()) spec.deviation = given("deviation", deviation_, spec.shape[0]);
    } else if (name == "tokens") {
      const auto most = std::max(train.max().item<std::int64_t>(), test.max().item<std::int64_t>());
      if (vocabulary_ > 0 && most >= vocabulary_)
        throw OptionError("vocabulary", "vocabulary = " + std::to_string(vocabulary_) +
                                            ", but there is a token " + std::to_string(most));
      spec.vocabulary = vocabulary_ > 0 ? vocabulary_ : most + 1;
    }
    return spec;
  }

  static std::vector<double> given(const std::string& option, const std::vector<double>& values,
                                   std::int64_t channels) {
    if (std::ssize(values) != channels)
      throw OptionError(option, option + " has " + std::to_string(values.size()) + " entries for " +
                                    std::to_string(channels) + " channels");
    return values;
  }

  std::vector<std::string> class_names(const DataFolder& folder) const {
    std::vector<std::string> names;
    const auto path = folder.find(class_list());
    if (path.empty()) return names;
    for (auto& row : read_tsv(read_file(path), path, 1)) names.push_back(std::move(row.fields[0]));
    return names;
  }

  std::int64_t outputs(const Tensor& train, const Tensor& test,
                       const std::vector<std::string>& names) const {
    std::int64_t found = 1;  // a number
    if (train.dim() == 2) {
      found = train.size(1);
      if (test.size(1) != found)
        throw Error(root_ + ": train has " + std::to_string(found) + " labels an example, test " +
                    std::to_string(test.size(1)) + "\n" + kGet);
    } else if (train.scalar_type() == at::kLong) {
      found = std::max(train.max().item<std::int64_t>(), test.max().item<std::int64_t>()) + 1;
      if (!names.empty() && found <= std::ssize(names)) return std::ssize(names);
    }
    if (!names.empty() && found != std::ssize(names))
      throw Error(class_list() + " names " + std::to_string(names.size()) +
                  " classes, the arrays have " + std::to_string(found) + "\n" + kGet);
    return found;
  }

  /// Of equal names, equal labels; else nobody knows what a number means elsewhere.
  std::string labels(const std::string& what, const TaskSpec& spec) const {
    if (spec.classes.empty())
      return "arrays:" + fs::path(root_).filename().string() + ":" + what + ":" +
             std::to_string(spec.outputs);
    std::string names;
    for (const auto& name : spec.classes) names += name + "\n";
    return "classes:" + digest({names.begin(), names.end()}).substr(7, 12);
  }

  std::string root_, target_, space_;
  std::int64_t vocabulary_;
  std::vector<double> mean_, deviation_;
};

}  // namespace

KTB_DATASET(Arrays, "pictures, states or tokens that Python wrote with numpy.save (user-supplied)",
            "")
