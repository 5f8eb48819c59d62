#include "core/base/pickle.hpp"

#include <gmock/gmock.h>

#include <string>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using Kind = Pickled::Kind;
using namespace std::string_literals;

std::vector<std::int64_t> wholes(const Pickled& list) {
  std::vector<std::int64_t> out;
  for (const auto* item : list.items) out.push_back(item->whole);
  return out;
}

// pickle.dumps({"a": [1, -2, 300, 70000, 2**40], "b": (True, None), "c": 1.5, "d": "ü"}, protocol)
const auto kTwo =
    "\x80\x02}q\x00(X\x01\x00\x00\x00"
    "aq\x01]q\x02(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00\x8a\x06\x00"
    "\x00\x00\x00\x00\x01"
    "eX\x01\x00\x00\x00"
    "bq\x03\x88N\x86q\x04X\x01\x00\x00\x00"
    "cq\x05G?\xf8\x00\x00\x00"
    "\x00\x00\x00X\x01\x00\x00\x00"
    "dq\x06X\x02\x00\x00\x00\xc3\xbcq\x07u."s;
const auto kFour =
    "\x80\x04\x95"
    "B\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01"
    "a\x94]\x94(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00"
    "\x8a\x06\x00\x00\x00\x00\x00\x01"
    "e\x8c\x01"
    "b\x94\x88N\x86\x94\x8c\x01"
    "c\x94G?\xf8\x00\x00\x00\x00\x00\x00"
    "\x8c\x01"
    "d\x94\x8c\x02\xc3\xbc\x94u."s;
const auto kZero =
    "(dp0\nVa\np1\n(lp2\nI1\naI-2\naI300\naI70000\naL1099511627776L\nasVb\np3\n(I01\nNtp4\nsVc\np5\nF1.5\nsVd\np6\nV\xfc\np7\ns."s;

TEST(Pickle, ReadsDataOfEveryProtocol) {
  for (const auto& bytes : {kTwo, kFour, kZero}) {
    const Pickle pickle(bytes + "more");
    EXPECT_EQ(pickle.size(), bytes.size());
    EXPECT_TRUE(pickle.calls().empty());
    const auto& root = pickle.root();
    ASSERT_TRUE(root.is(Kind::kDict));
    EXPECT_THAT(wholes(*root.find("a")), ElementsAre(1, -2, 300, 70000, std::int64_t{1} << 40));
    ASSERT_EQ(root.find("b")->items.size(), 2);
    EXPECT_EQ(root.find("b")->items[0]->whole, 1);
    EXPECT_TRUE(root.find("b")->items[1]->is(Kind::kNone));
    EXPECT_EQ(root.find("c")->real, 1.5);
    EXPECT_TRUE(root.find("d")->is(Kind::kText));
    EXPECT_EQ(root.find("e"), nullptr);
  }
}

TEST(Pickle, MakesNoCallAndNamesIt) {
  // class Evil: __reduce__ = lambda self: (os.system, ("touch here",))
  const auto bytes =
      "\x80\x02"
      "cposix\nsystem\nq\x00X\x0a\x00\x00\x00touch hereq\x01\x85q\x02Rq\x03."s;
  const Pickle pickle(bytes);
  EXPECT_THAT(pickle.calls(), ElementsAre("posix.system"));
  EXPECT_TRUE(pickle.root().calls("posix.system"));
  ASSERT_EQ(pickle.root().arguments().size(), 1);
  EXPECT_EQ(pickle.root().arguments()[0]->text, "touch here");
}

TEST(Pickle, KeepsWhatAnObjectIsGiven) {
  // OrderedDict(a=1) with _metadata, as a state_dict is.
  const auto bytes =
      "\x80\x02"
      "ccollections\nOrderedDict\n)RX\x01\x00\x00\x00"
      "aK\x01s}X\x09\x00\x00\x00_metadataK\x05sb."s;
  const Pickle pickle(bytes);
  const auto& root = pickle.root();
  EXPECT_TRUE(root.calls("collections.OrderedDict"));
  EXPECT_EQ(root.find("a")->whole, 1);
  EXPECT_EQ(root.state->find("_metadata")->whole, 5);
}

TEST(Pickle, KeepsPersistentIdsAndSharedValues) {
  const auto bytes = "(X\x07\x00\x00\x00storageK\x02tQq\x01h\x01\x86."s;
  const Pickle pickle(bytes);
  ASSERT_EQ(pickle.root().items.size(), 2);
  const auto& id = *pickle.root().items[0];
  EXPECT_EQ(&id, pickle.root().items[1]);
  ASSERT_TRUE(id.is(Kind::kForeign));
  EXPECT_EQ(id.arguments()[0]->text, "storage");
}

TEST(Pickle, KeepsWholeNumbersBeyondAWord) {
  const Pickle pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s);
  EXPECT_EQ(pickle.root().text, "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
}

TEST(Pickle, RefusesWhatIsCutOff) {
  for (const auto& bytes : {kTwo, kFour, kZero})
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_THROW(Pickle(bytes.substr(0, size)), Error) << size;
}

TEST(Pickle, RefusesWhatIsMalformed) {
  const auto refused = [](const std::string& bytes, const std::string& why) {
    EXPECT_THAT([&] { Pickle{bytes}; }, ThrowsMessage<Error>(HasSubstr(why))) << why;
  };
  refused("\x82\x01."s, "opcode 0x82");  // EXT1: a registry of the reader's
  refused("q\x01."s, "malformed");       // nothing to remember
  refused("h\x01."s, "malformed");       // nothing remembered
  refused("K\x01(\x85."s, "malformed");  // below the mark lies nothing of this tuple's
  refused("}(K\x01u."s, "malformed");    // a key without a value
  refused("I12x\n."s, "malformed");
  refused("S'no end\n."s, "malformed");
  refused("c" + std::string(600, 'a') + "\nb\n.", "malformed");
  refused(std::string(6'000'000, 'N') + ".", "too many values");
}

TEST(Pickle, ReadsWhatContainsItself) {
  const Pickle pickle(
      "]q\x00h\x00"
      "a."s);
  EXPECT_EQ(pickle.root().items[0], &pickle.root());
}

}  // namespace
}  // namespace ktb::core
