#include "run/data/augment.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/affine_grid_generator.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/grid_sampler_2d.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include <numbers>
#include <string_view>
#include <utility>

#include "core/base/seed.hpp"
#include "ktb/error.hpp"

namespace ktb::run {
namespace {

using Random = at::Generator;
constexpr std::int64_t kPad = 4;
constexpr double kMostTurn = 15 * std::numbers::pi / 180;

// Each change in two halves: what chance says of a batch [n, ...], drawn on the host and so the
// same on all devices, and what is then done to the images.

Tensor draw_crop(std::int64_t n, const Random& random) {
  return at::randint(0, 2 * kPad + 1, {2, n, 1}, random, at::kLong).transpose(0, 1).contiguous();
}

/// A row of a crop is a run of `width * c` numbers in the padded batch, so a crop is a gather of
/// rows of a view in which every number starts one.
Tensor crop(const Tensor& images, const Tensor& offset) {
  const auto n = images.size(0), h = images.size(1), w = images.size(2), c = images.size(3);
  const auto padded = at::constant_pad_nd(images, {0, 0, kPad, kPad, kPad, kPad});
  const auto options = at::TensorOptions(at::kLong).device(images.device());
  const auto image = at::arange(n, options).unsqueeze(1) * (h + 2 * kPad);
  const auto row = image + offset.select(1, 0) + at::arange(h, options);  // [n, h]
  const auto start = (row * (w + 2 * kPad) + offset.select(1, 1)) * c;
  const auto runs = padded.as_strided({padded.numel() - w * c + 1, w * c}, {1, 1});
  return runs.index_select(0, start.flatten()).view({n, h, w, c});
}

Tensor draw_flip(std::int64_t n, const Random& random) {
  return at::rand({n}, random, at::kFloat).lt(0.5).to(at::kLong);
}

/// Whole images are picked out of both versions, which is three times as fast as at::where.
Tensor flip(const Tensor& images, const Tensor& chosen) {
  const auto n = images.size(0);
  const auto rows = at::arange(n, chosen.options()) + chosen * n;
  return at::cat({images, images.flip(2)}).index_select(0, rows);
}

Tensor draw_turn(std::int64_t n, const Random& random) {
  const auto turn = at::rand({n}, random, at::kFloat).mul_(2).sub_(1).mul_(kMostTurn);
  return at::stack({turn.cos(), turn.sin()}, 1);
}

Tensor rotate(const Tensor& images, const Tensor& turn) {
  const auto n = images.size(0), h = images.size(1), w = images.size(2);
  const auto x = to_unit(images).permute({0, 3, 1, 2});
  const auto cosine = turn.select(1, 0), sine = turn.select(1, 1), zero = at::zeros_like(sine);
  const auto aspect = static_cast<double>(h) / static_cast<double>(w);
  // The grid's axes both run from -1 to 1, whatever the picture's shape.
  const auto matrix = at::stack({cosine, sine * -aspect, zero, sine / aspect, cosine, zero}, 1);
  const auto grid =
      at::affine_grid_generator(matrix.view({n, 2, 3}), {n, images.size(3), h, w}, false);
  return at::grid_sampler_2d(x, grid, 0, 0, false).permute({0, 2, 3, 1}).contiguous();
}

struct Change {
  std::string_view name;
  Tensor (*draw)(std::int64_t, const Random&);
  Tensor (*apply)(const Tensor&, const Tensor&);
};
constexpr Change kChanges[] = {
    {"crop4", draw_crop, crop}, {"flip", draw_flip, flip}, {"rotate15", draw_turn, rotate}};

const Change& find(const std::string& word) {
  std::string known;
  for (const auto& change : kChanges) {
    if (change.name == word) return change;
    known.append(known.empty() ? "" : ", ").append(change.name);
  }
  throw Error("augment has no \"" + word + "\"; known: " + known);
}

}  // namespace

Tensor to_unit(const Tensor& images) {
  return images.is_floating_point() ? images : images.to(at::kFloat).mul_(1.0 / 255);
}

Augment::Augment(std::vector<std::string> words) : words_(std::move(words)) {
  for (const auto& word : words_) find(word);
}

Tensor Augment::numbers(const std::string& word, const Stream& stream, std::int64_t step,
                        std::int64_t rows) const {
  const auto seed =
      core::axis_seed({"augment", word, stream.axis, std::to_string(stream.seed)}, step);
  return find(word).draw(rows, at::detail::createCPUGenerator(seed));
}

Tensor Augment::operator()(Tensor images, const Stream& stream, std::int64_t step) const {
  for (const auto& word : words_) {
    const auto known = ahead_.find({word, step});
    const auto rows = images.size(0);
    const auto numbers =
        known != ahead_.end() && known->second.size(0) == rows
            ? known->second
            : this->numbers(word, stream, step, rows).to(images.device(), /*non_blocking=*/true);
    images = find(word).apply(images, numbers);
  }
  return images;
}

void Augment::ahead(const Stream& stream, std::int64_t first, const std::vector<std::int64_t>& rows,
                    at::Device device) {
  ahead_.clear();
  for (const auto& word : words_) {
    std::vector<Tensor> drawn;
    for (std::size_t i = 0; i < rows.size(); ++i)
      drawn.push_back(numbers(word, stream, first + static_cast<std::int64_t>(i), rows[i]));
    const auto all = at::cat(drawn).pin_memory().to(device, /*non_blocking=*/true);
    std::int64_t at = 0;
    for (std::size_t i = 0; i < rows.size(); ++i, at += drawn[i - 1].size(0))
      ahead_[{word, first + static_cast<std::int64_t>(i)}] = all.narrow(0, at, rows[i]);
  }
}

}  // namespace ktb::run
