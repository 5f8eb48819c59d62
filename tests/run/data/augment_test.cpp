#include "run/data/augment.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

#include "ktb/error.hpp"

namespace ktb::run {
namespace {

/// [n, h, w, c]; every pixel of an image differs from all others, and none is 0.
Tensor distinct(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
  return at::arange(1, n * h * w * c + 1, at::kFloat).view({n, h, w, c});
}

TEST(Augment, CropMovesEveryImageByAtMostFourAndFillsWithZeros) {
  const std::int64_t n = 64, h = 6, w = 9, c = 3;
  const auto images = distinct(n, h, w, c);
  const auto cropped = Augment({"crop4"})(images, {"toy", 1}, 0);
  ASSERT_EQ(cropped.sizes(), images.sizes());
  int moved = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    bool found = false;
    for (std::int64_t dy = -4; dy <= 4 && !found; ++dy) {
      for (std::int64_t dx = -4; dx <= 4 && !found; ++dx) {
        auto expected = at::zeros_like(images[i]);
        const auto rows = h - std::abs(dy), columns = w - std::abs(dx);
        expected.narrow(0, std::max<std::int64_t>(0, -dy), rows)
            .narrow(1, std::max<std::int64_t>(0, -dx), columns)
            .copy_(images[i]
                       .narrow(0, std::max<std::int64_t>(0, dy), rows)
                       .narrow(1, std::max<std::int64_t>(0, dx), columns));
        found = at::equal(cropped[i], expected);
        moved += found && (dy != 0 || dx != 0);
      }
    }
    EXPECT_TRUE(found) << "image " << i << " is no crop of itself";
  }
  EXPECT_GT(moved, n / 2);
}

TEST(Augment, CropOfAConstantImageIsConstantInside) {
  const auto images = at::full({16, 12, 12, 1}, 7, at::kByte);
  const auto cropped = Augment({"crop4"})(images, {"toy", 3}, 5);
  EXPECT_EQ(cropped.scalar_type(), at::kByte);
  EXPECT_TRUE(
      at::equal(cropped.narrow(1, 4, 4).narrow(2, 4, 4), at::full({16, 4, 4, 1}, 7, at::kByte)));
}

TEST(Augment, FlipMirrorsSomeImagesAndTwiceIsNothing) {
  const auto images = distinct(64, 4, 5, 3);
  const Augment flip({"flip"});
  const auto once = flip(images, {"toy", 1}, 0);
  int mirrored = 0;
  for (std::int64_t i = 0; i < 64; ++i) {
    const bool same = at::equal(once[i], images[i]);
    EXPECT_TRUE(same || at::equal(once[i], images[i].flip(1)));
    mirrored += !same;
  }
  EXPECT_GT(mirrored, 16);
  EXPECT_LT(mirrored, 48);
  EXPECT_TRUE(at::equal(flip(once, {"toy", 1}, 0), images));
}

TEST(Augment, RotationKeepsTheCentreAndTurnsByAtMostFifteenDegrees) {
  // A bright pixel on the axis, 10 from the centre: after the turn its mass lies within the arc.
  auto images = at::zeros({32, 33, 33, 1}, at::kFloat);
  images.select(1, 16).select(1, 26).fill_(1);
  images.select(1, 16).select(1, 16).fill_(1);
  const auto turned = Augment({"rotate15"})(images, {"toy", 1}, 0).squeeze(3);
  EXPECT_TRUE(turned.select(1, 16).select(1, 16).allclose(at::ones({32}), 1e-4, 1e-4));
  const auto right = turned.narrow(2, 20, 13);
  const auto mass = right.sum({1, 2});
  const auto row = (right.sum(2) * at::arange(33, at::kFloat)).sum(1) / mass - 16;
  EXPECT_LT(row.abs().max().item<double>(), 10 * 0.2588 + 0.5);
  EXPECT_GT(row.max().item<double>(), 1);
  EXPECT_LT(row.min().item<double>(), -1);
}

TEST(Augment, RotationOfAnOblongKeepsShapesAndPixelsInPlace) {
  // Angles do not depend on the shape: a constant oblong stays constant where its centre is.
  const auto images = at::full({8, 12, 30, 3}, 255, at::kByte);
  const auto turned = Augment({"rotate15"})(images, {"toy", 1}, 0);
  ASSERT_EQ(turned.sizes(), images.sizes());
  EXPECT_TRUE(
      turned.narrow(1, 4, 4).narrow(2, 9, 12).allclose(at::ones({8, 4, 12, 3}), 1e-4, 1e-4));
  EXPECT_EQ(turned.select(1, 0).select(1, 0).min().item<double>(), 0);
}

TEST(Augment, IsAFunctionOfAxisSeedAndStepAlone) {
  const auto images = distinct(32, 8, 8, 1);
  const Augment both({"crop4", "flip"});
  EXPECT_TRUE(at::equal(both(images, {"toy", 1}, 4), both(images, {"toy", 1}, 4)));
  EXPECT_FALSE(at::equal(both(images, {"toy", 1}, 4), both(images, {"toy", 1}, 5)));
  EXPECT_FALSE(at::equal(both(images, {"toy", 1}, 4), both(images, {"toy", 2}, 4)));
  EXPECT_FALSE(at::equal(both(images, {"toy", 1}, 4), both(images, {"other", 1}, 4)));
}

TEST(Augment, BytesAndFloatsMeanTheSame) {
  const auto bytes = at::arange(0, 255, at::kByte).view({1, 15, 17, 1});
  const Augment all({"rotate15", "crop4", "flip"});
  EXPECT_TRUE(to_unit(all(bytes, {"toy", 1}, 0)).allclose(all(to_unit(bytes), {"toy", 1}, 0)));
}

TEST(Augment, AnUnknownWordIsRefused) {
  try {
    Augment({"crop4", "flop"});
    FAIL() << "took a word that does not exist";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("\"flop\"; known: crop4, flip, rotate15"));
  }
}

}  // namespace
}  // namespace ktb::run
