#include "ktb/nn/residual.hpp"

namespace ktb {

namespace {
constexpr std::int64_t kBottleneck = 4;  ///< the last layer of a bottleneck is as much wider
}

ResidualNet::~ResidualNet() = default;

ResidualNet::Block::Block(torch::nn::Module& root, const std::string& at, const Names& names,
                          std::int64_t in, std::int64_t width, std::int64_t stride) {
  const bool deep = names.layers.size() == 3;
  const auto out = deep ? kBottleneck * width : width;
  std::vector<ConvShape> shapes = {{.in = in, .out = width, .kernel = 3, .stride = stride},
                                   {.in = width, .out = width, .kernel = 3}};
  if (deep)
    shapes = {{.in = in, .out = width},
              {.in = width, .out = width, .kernel = 3, .stride = stride},
              {.in = width, .out = out}};
  for (std::size_t i = 0; i < shapes.size(); ++i)
    layers.emplace_back(root, at, names.layers[i], shapes[i]);
  if (stride != 1 || in != out)
    shortcut.emplace(root, at + names.shortcut + ".0", at + names.shortcut + ".1",
                     ConvShape{.in = in, .out = out, .stride = stride});
}

Tensor ResidualNet::Block::operator()(const Tensor& x) const {
  auto sum = layers[0](x);
  for (std::size_t i = 1; i < layers.size(); ++i) sum = layers[i](sum.relu_());
  return sum.add_(shortcut ? (*shortcut)(x) : x);
}

void ResidualNet::add_stem(const ConvNormNames& names, const ConvShape& shape) {
  stem_.emplace(*this, "", names, shape);
  width_ = shape.out;
  preact_norms_ = {""};  // as in the originals, the stem offers no map before its activation
}

void ResidualNet::add_stage(const std::string& at, const Names& names, std::int64_t blocks,
                            std::int64_t width, std::int64_t stride) {
  auto& stage = stages_.emplace_back();
  std::string place;
  for (std::int64_t i = 0; i < blocks; ++i) {
    place = at + "." + std::to_string(i) + ".";
    stage.emplace_back(*this, place, names, width_, width, i == 0 ? stride : 1);
    width_ = names.layers.size() == 3 ? kBottleneck * width : width;
  }
  takes_ = place + names.layers.back().conv + ".weight";
  preact_norms_.push_back(place + names.layers.back().norm);
}

Output ResidualNet::forward_trunk(const Batch& batch) {
  Output out;
  out.features = {(*stem_)(batch.x.at("image")).relu_()};
  out.preacts.resize(1);
  Tensor sum, x = after_stem(out.features[0]);
  for (const auto& stage : stages_) {
    for (const auto& block : stage) {
      sum = block(x);
      // The last sum is handed out, so it must stay.
      x = &block == &stage.back() ? sum.relu() : sum.relu_();
    }
    out.preacts.push_back(sum);
    out.features.push_back(x);
  }
  out.pooled = averaged(x);
  return out;
}

}  // namespace ktb
