#include "core/base/digest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ktb::core {
namespace {

TEST(Digest, IsThatOfTheStandards) {
  EXPECT_EQ(sha256_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_text(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(md5_text(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_text("abc"), "900150983cd24fb0d6963f7d28e17f72");
}

TEST(Digest, OfPartsIsThatOfTheWhole) {
  const std::string text(200, 'x');
  Sha256 digest;
  for (std::size_t at = 0; at < text.size(); at += 50) digest.add(text.data() + at, 50);
  EXPECT_EQ(digest.hex(), sha256_text(text));
}

}  // namespace
}  // namespace ktb::core
