#include "app/plugin_new.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>

#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "launch/process.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;

constexpr auto kCMake = R"(cmake_minimum_required(VERSION 3.25)
project(@name@ LANGUAGES CXX)

find_package(ktbench REQUIRED@hints@)
ktb_add_plugin(@kind@ @name@)
)";

constexpr auto kMethod = R"(// @name@: what it does, in one sentence, and the paper it comes from.
#include "ktb/plugin.hpp"

namespace {

class @Type@ final : public ktb::Method {
 public:
  // An option is declared where it is read: `ktbench plugin show @name@` prints what stands here.
  explicit @Type@(ktb::Options& options)
      : temperature_(options.get("temperature", 4.0, "softens both distributions", {.least = 1e-3})),
        weight_(options.get("weight", 0.9, "weight of the source's opinion", {.least = 0})) {}

  // Why a pairing cannot be run, or "": this becomes a hole in the table with a footnote.
  ktb::Reason unsuited(const ktb::Pairing& pairing) const override {
    return pairing.unlike_outputs();
  }

  // The loss of one step, by name. The harness adds the terms up, differentiates them once and steps.
  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto target = lane.logits(step.target().pred);
    const auto source = lane.logits(step.source().pred);
    return {{"task", (1 - weight_) * step.task_loss()},
            {"@name@", weight_ * ktb::kl_divergence(target, source, temperature_)}};
  }

 private:
  double temperature_, weight_;
};

}  // namespace

KTB_METHOD(@Type@, "one line for `ktbench list`", "Authors, title, where and when")
)";

constexpr auto kModel = R"(// @name@: what it is, in one sentence, and the paper it comes from.
#include "ktb/nn/blocks.hpp"
#include "ktb/nn/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

// A network on images that ends in one linear layer. Other inputs: derive from ktb::Model.
class @Type@ final : public ktb::ImageModel {
 public:
  // An option is declared where it is read: `ktbench plugin show @name@` prints what stands here.
  @Type@(const ktb::TaskSpec& task, ktb::Options& options) : ImageModel(task) {
    const auto width = options.get("width", 128, "width of the hidden layers", {.least = 1});
    const auto& image = image_shape();
    const auto pixels = image[0] * image[1] * image[2];
    // Dotted names, as the ecosystem has them: safetensors weights load by name.
    first_ = ktb::add_layer(*this, "hidden.0", torch::nn::Linear(pixels, width));
    second_ = ktb::add_layer(*this, "hidden.1", torch::nn::Linear(width, width));
    add_head("fc", width);
  }

  // Where knowledge enters by default; it leaves at the head's weight.
  std::string takes() const override { return "hidden.1.weight"; }

 protected:
  // Everything but the prediction: feature maps from shallow to deep, and what the head reads.
  ktb::Output forward_trunk(const ktb::Batch& batch) override {
    ktb::Output out;
    out.features.push_back(first_->forward(batch.x.at("image").flatten(1)).relu());
    out.features.push_back(second_->forward(out.features.back()).relu());
    out.pooled = out.features.back();
    return out;
  }

 private:
  torch::nn::Linear first_{nullptr}, second_{nullptr};
};

}  // namespace

// The last argument names presets: "alias @name@_wide width=512\n".
KTB_MODEL(@Type@, "one line for `ktbench list`", "Authors, title, where and when", "")
)";

constexpr auto kDataset = R"(// @name@: what it shows, in one sentence, and where it comes from.
#include <torch/types.h>

#include "ktb/plugin.hpp"

namespace {

// Noisy stripes in one of four directions: a data set without files. One with files lists them, with their digests, in
// files(), says in get() how a person comes by them, and reads them in load() with ktb::read_data().
class @Type@ final : public ktb::Dataset {
 public:
  // An option is declared where it is read: `ktbench plugin show @name@` prints what stands here.
  explicit @Type@(ktb::Options& options)
      : noise_(options.get("noise", 60.0, "deviation of the noise, of 255", {.least = 0})) {}

  // What is to be predicted, known without loading anything.
  ktb::TaskSpec task(const ktb::DataFolder&) const override {
    ktb::TaskSpec spec;
    spec.name = spec.labels = "@name@";  // equal label spaces have equal ids
    spec.kind = "classification";
    spec.inputs = {{"image", {1, kSide, kSide}, "grey", {0.5}, {0.3}}};
    spec.classes = {"horizontal", "vertical", "falling", "rising"};
    spec.outputs = static_cast<std::int64_t>(spec.classes.size());
    spec.categorical = true;
    spec.train_size = kTrain;
    spec.test_size = kTest;
    return spec;
  }

  std::vector<ktb::DataFile> files(const ktb::DataFolder&) const override { return {}; }
  std::string get() const override { return "nothing to get: it is drawn"; }

  // Images are uint8 [N, channels, height, width], labels int64 [N].
  ktb::Split load(const ktb::DataFolder&, const std::string& split) const override {
    const bool train = split == "train";
    const auto count = train ? kTrain : kTest;
    auto draw = at::make_generator<at::CPUGeneratorImpl>(train ? 1 : 2);
    const auto label = torch::arange(count) % 4;
    const auto at = torch::arange(kSide, torch::kFloat);
    const auto row = at.view({1, kSide, 1}), column = at.view({1, 1, kSide});
    const auto phase = 6.28 * torch::rand({count, 1, 1}, draw);
    const auto along = [&](int a, int b) { return torch::sin(0.8 * (a * row + b * column) + phase); };
    const auto kinds = torch::stack({along(1, 0), along(0, 1), along(1, -1), along(1, 1)});
    const auto stripes = kinds.index({label, torch::arange(count)});
    const auto noise = noise_ * torch::randn({count, kSide, kSide}, draw);
    const auto image = (127 + 80 * stripes + noise).clamp(0, 255).to(torch::kByte).unsqueeze(1);
    return {{{"image", image}}, {{"label", label}}};
  }

 private:
  static constexpr std::int64_t kSide = 16, kTrain = 2000, kTest = 1000;
  double noise_;
};

}  // namespace

KTB_DATASET(@Type@, "one line for `ktbench list`", "Authors, title, where and when")
)";

constexpr auto kSuite = R"(ktbench = 1
title = "@name@ on a small task"
question = "Does @name@ work at all?"
seeds = 2
datasets = "small"
methods = [@methods@]

[dataset.small]
plugin = "@dataset@"
train = 1000
test = 1000

[model]
teacher = { plugin = "resnet", depth = 8 }
student = { plugin = "@student@" }

[recipe]
epochs = 2
batch = 64
optimizer = { name = "sgd", lr = 0.05, momentum = 0.9, weight_decay = 5e-4 }
schedule = { name = "cosine" }

[grid.main]
pairs = ["teacher -> student"]

[table.main]
rows = "method"
cols = "pair"
metrics = ["top1"]
extra = ["source", "chance"]
baseline = "scratch"
)";

constexpr auto kReadme = R"(# @name@

A @kind@ for ktbench, built outside its tree.

    cmake -S . -B build@where@ && cmake --build build
    @ktbench@ plugin test build/plugins/@kind@s/@name@.so
    @ktbench@ run @name@.toml --plugins build/plugins

`@name@.cpp` is all there is; `@name@.toml` is a suite that uses it and runs in under a minute.
`ktbench plugin show @name@ --plugins build/plugins` prints its options.
)";

std::string filled(std::string text, const std::map<std::string, std::string>& words) {
  for (const auto& [word, value] : words) {
    const std::string mark = "@" + word + "@";
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size())
      text.replace(at, mark.size(), value);
  }
  return text;
}

/// my_method -> MyMethod
std::string type_name(const std::string& name) {
  std::string type;
  bool upper = true;
  for (const char c : name) {
    if (c != '_') type += upper ? static_cast<char>(std::toupper(c)) : c;
    upper = c == '_';
  }
  return type;
}

void check_name(const std::string& name) {
  const bool fits = !name.empty() && std::islower(name.front()) != 0 &&
                    std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_';
                    });
  if (!fits)
    throw core::Error(fmt::format(
        "error: `{}` is no name for a plugin: lower-case letters, digits and `_`, a letter "
        "first",
        name));
}

/// The folder with this build's ktbenchConfig.cmake: the build tree or the installed package.
std::string package_folder() {
  const fs::path home = fs::path(launch::beside_this("")).parent_path().parent_path();
  if (fs::exists(home / "ktbenchConfig.cmake")) return home.string();
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(home / "lib", none))
    if (entry.path().filename() == "ktbenchConfig.cmake")
      return entry.path().parent_path().string();
  return "";
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw core::Error(fmt::format("error: cannot write {}", path.string()));
}

std::string body(const std::string& kind) {
  return kind == "method" ? kMethod : kind == "model" ? kModel : kDataset;
}

}  // namespace

void write_plugin(const NewPlugin& plugin) {
  check_name(plugin.name);
  const fs::path folder = plugin.folder.empty() ? plugin.name : plugin.folder;
  if (fs::exists(folder) && !fs::is_empty(folder))
    throw core::Error(
        fmt::format("error: {} is there already; give another folder", folder.string()));
  const std::string package = package_folder(), kind = plugin.kind, name = plugin.name;
  const std::map<std::string, std::string> words = {
      {"kind", kind},
      {"name", name},
      {"Type", type_name(name)},
      {"hints", package.empty() ? "" : fmt::format(" HINTS \"{}\"", package)},
      {"where", package.empty() ? " -Dktbench_DIR=<ktbench's build folder>" : ""},
      {"ktbench", launch::shell_quoted(launch::beside_this("ktbench"))},
      {"methods",
       kind == "method" ? fmt::format("\"scratch\", \"kd\", \"{}\"", name) : "\"scratch\", \"kd\""},
      {"dataset", kind == "dataset" ? name : "fashion_mnist"},
      {"student", kind == "model" ? name : "mlp"}};
  fs::create_directories(folder);
  write(folder / "CMakeLists.txt", filled(kCMake, words));
  write(folder / (name + ".cpp"), filled(body(kind), words));
  write(folder / (name + ".toml"), filled(kSuite, words));
  write(folder / "README.md", filled(kReadme, words));
  core::print("{} is written. Now:\n  cd {}\n", folder.string(),
              launch::shell_quoted(folder.string()));
  core::print("{}", filled("  cmake -S . -B build@where@ && cmake --build build\n"
                           "  @ktbench@ plugin test build/plugins/@kind@s/@name@.so\n"
                           "  @ktbench@ run @name@.toml --plugins build/plugins\n",
                           words));
}

}  // namespace ktb::app
