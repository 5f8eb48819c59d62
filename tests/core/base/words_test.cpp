#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/glob.hpp"
#include "core/base/seed.hpp"
#include "core/base/suggest.hpp"
#include "core/suite/pair.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

TEST(Suggest, CountsASwapAsOneEdit) {
  EXPECT_EQ(edit_distance("seeds", "sedes"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggest, NamesOnlyWhatIsNear) {
  EXPECT_EQ(nearest("temprature", {"alpha", "temperature"}), "temperature");
  EXPECT_EQ(nearest("Depth", {"depth"}), "depth");
  EXPECT_EQ(nearest("zzz", {"alpha", "temperature"}), "");
}

TEST(Glob, StarsRunAndBacktrack) {
  EXPECT_TRUE(glob_match("shufflenet*", "shufflenetv2"));
  EXPECT_TRUE(glob_match("*a*b", "xaxaab"));
  EXPECT_TRUE(glob_match("r?? -> *", "r56 -> r20"));
  EXPECT_FALSE(glob_match("r??", "r5"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_any({}, "a"));
}

TEST(Digest, IsSha256) {
  EXPECT_EQ(sha256_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const TemporaryFolder folder;
  const std::string path = folder.path() / "digest.bin";
  std::ofstream(path) << "abc";
  EXPECT_EQ(sha256_file(path), sha256_text("abc"));
  EXPECT_THROW(sha256_file(path + ".absent"), Error);
}

TEST(Seed, IsAPureFunctionOfAxesAndPosition) {
  EXPECT_EQ(axis_seed({"7", "order"}, 3), axis_seed({"7", "order"}, 3));
  EXPECT_NE(axis_seed({"7", "order"}, 3), axis_seed({"7", "order"}, 4));
  EXPECT_NE(axis_seed({"ab", "c"}), axis_seed({"a", "bc"}));
  EXPECT_NE(axis_seed({"a", "b"}), axis_seed({"b", "a"}));
  EXPECT_NE(axis_seed({"a"}), axis_seed({"a", ""}));
}

TEST(Seed, NeighboursShareNothing) {
  std::set<std::uint64_t> seen;
  int bits = 0;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(axis_seed({"0", "order"}, i));
    bits += __builtin_popcountll(axis_seed({"0", "order"}, i) ^ axis_seed({"0", "order"}, i + 1));
  }
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_NEAR(bits / 1000.0, 32, 1);
}

TEST(Pair, ReadsWhatTheGrammarHas) {
  const auto pair = parse_pair("cnn@pictures -> bigru@gloss");
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->source.name, "cnn");
  EXPECT_EQ(pair->target.dataset, "gloss");
  EXPECT_TRUE(parse_pair("a <-> b")->both);
  EXPECT_EQ(parse_pair("four.*->self")->source.name, "four.*");
  for (const char* wrong : {"a", "a ->", "-> b", "a b -> c", "a@ -> b", "a <-> self"}) {
    EXPECT_FALSE(parse_pair(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace ktb::core
