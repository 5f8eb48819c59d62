// Readers of text files: code points, JSON, and lines of fields.
#include <gmock/gmock.h>

#include "ktb/files/delimited.hpp"
#include "ktb/files/json.hpp"
#include "ktb/files/unicode.hpp"
#include "run/data_place.hpp"

namespace ktb::run {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Bytes bytes_of(const std::string& text) { return Bytes(text.begin(), text.end()); }

TEST(CodePoints, AreCountedAndCut) {
  EXPECT_EQ(count_points("aé東😀"), 4);
  EXPECT_EQ(cut_points("aé東😀", 1, 3), "é東");
  EXPECT_EQ(cut_points("aé", 1, 9), "é");
}

TEST(JsonValue, IsReadByPlace) {
  const Json root(bytes_of(R"({"a": [1, {"b": "x"}, -2.5, null, true], "n": 12345678901})"),
                  "f.json");
  const auto items = root["a"].items();
  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(items[0].integer(), 1);
  EXPECT_EQ(items[1]["b"].text(), "x");
  EXPECT_EQ(items[2].number(), -2.5);
  EXPECT_TRUE(items[3].is_null());
  EXPECT_TRUE(items[4].truth());
  EXPECT_EQ(root["n"].integer(), 12345678901);
  EXPECT_EQ(root["n"].number(), 12345678901.0);
  EXPECT_FALSE(root.has("b"));
  ASSERT_EQ(root.members().size(), 2U);
  EXPECT_EQ(root.members()[1].first, "n");
}

TEST(JsonValue, NamesWhatIsMissingOrOfAnotherType) {
  const Json root(bytes_of(R"({"data": [{"t": []}, {"t": [7]}]})"), "f.json");
  const auto second = root["data"].items()[1];
  EXPECT_EQ(complaint([&] { second["t"].items()[0].text(); }),
            "f.json, data[1].t[0]: expected a text");
  EXPECT_EQ(complaint([&] { second["u"]; }), "f.json, data[1]: expected a member `u`");
  EXPECT_EQ(complaint([&] { root.items(); }), "f.json: expected an array");
}

TEST(JsonValue, DamageIsNamedByLineAndColumn) {
  EXPECT_THAT(complaint([] { Json(bytes_of("{\"a\": [1,\n 2"), "f.json"); }),
              AllOf(HasSubstr("f.json is no JSON, or cut off"), HasSubstr("line 2, column 3")));
  EXPECT_THAT(complaint([] { Json(bytes_of("{\"a\": \"\xE9\"}"), "f.json"); }),
              AllOf(HasSubstr("f.json"), HasSubstr("UTF-8")));
  EXPECT_THAT(complaint([] { Json({}, "f.json"); }), HasSubstr("f.json"));
}

TEST(Tsv, KnowsNoQuotes) {
  const auto rows = read_tsv(bytes_of("\"a\tb\nc \t\"d\r\n"), "f.tsv", 2);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].fields, ElementsAre("\"a", "b"));
  EXPECT_THAT(rows[1].fields, ElementsAre("c ", "\"d"));
  EXPECT_EQ(rows[1].line, 2);
  EXPECT_THAT(complaint([] { read_tsv(bytes_of("a\tb\nc"), "f.tsv", 2); }),
              HasSubstr("f.tsv, line 2: expected 2 fields, found 1"));
  EXPECT_THAT(complaint([] { read_tsv(bytes_of("a\tb\n\tx\xC3\n"), "f.tsv", 2); }),
              HasSubstr("f.tsv, line 2: the byte at offset 2 is no UTF-8"));
}

/// What programs on Windows write.
TEST(Tables, AByteOrderMarkIsNoPartOfTheFirstField) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_THAT(read_tsv(bytes_of(mark + "a\tb\n"), "f.tsv", 2).at(0).fields, ElementsAre("a", "b"));
  EXPECT_THAT(read_csv(bytes_of(mark + "\"a\",b\n"), "f.csv", 2).at(0).fields,
              ElementsAre("a", "b"));
  EXPECT_EQ(text_of(bytes_of(mark + "a" + mark), "f.txt"), "a" + mark);
  EXPECT_EQ(text_of(bytes_of(mark), "f.txt"), "");
  for (const std::string other : {"\xFF\xFE", "\xFE\xFF"})
    EXPECT_THAT(complaint([&] { read_tsv(bytes_of(other + "a"), "f.tsv", 2); }),
                AllOf(HasSubstr("f.tsv, line 1"), HasSubstr("UTF-16")));
}

TEST(Tables, EmptyLinesAtTheEndAreNoRowsAndOthersAre) {
  for (const std::string end : {"", "\n", "\n\n", "\r\n\r\n", "\n\n\n"}) {
    EXPECT_EQ(read_tsv(bytes_of("a\tb\nc\td" + end), "f.tsv", 2).size(), 2U);
    EXPECT_EQ(read_csv(bytes_of("a,b\nc,\"d\"" + end), "f.csv", 2).size(), 2U);
  }
  EXPECT_EQ(read_csv(bytes_of("a,\"b\n\n\"\n\n"), "f.csv", 2).at(0).fields[1], "b\n\n");
  EXPECT_EQ(read_tsv(bytes_of("\n\n"), "f.tsv", 2).size(), 0U);
  EXPECT_THAT(complaint([] { read_tsv(bytes_of("a\tb\n\nc\td\n"), "f.tsv", 2); }),
              HasSubstr("f.tsv, line 2: expected 2 fields"));
  EXPECT_THAT(complaint([] { read_csv(bytes_of("a,b\n\nc,d\n"), "f.csv", 2); }),
              HasSubstr("f.csv, line 2: expected 2 fields"));
}

TEST(Csv, QuotesAndLineBreaksInFields) {
  const auto rows = read_csv(bytes_of("\"1\",\"say \"\"hi\"\",\nyou\",x\r\n2,,\n"), "f.csv", 3);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].fields, ElementsAre("1", "say \"hi\",\nyou", "x"));
  EXPECT_THAT(rows[1].fields, ElementsAre("2", "", ""));
  EXPECT_EQ(rows[1].line, 3);
}

TEST(Csv, DamageIsNamedByLine) {
  const auto fault = [](const std::string& text) {
    return complaint([&] { read_csv(bytes_of(text), "f.csv", 2); });
  };
  EXPECT_THAT(fault("a,b\nc,\"d\n"), HasSubstr("f.csv, line 2: a quoted field has no end"));
  EXPECT_THAT(fault("a,b\nc\n"), HasSubstr("f.csv, line 2: expected 2 fields, found 1"));
  EXPECT_THAT(fault("a,\"b\"c\n"), HasSubstr("f.csv, line 1: expected a comma"));
  EXPECT_THAT(fault("a,\xE9\n"), HasSubstr("f.csv, line 1: the byte at offset 2 is no UTF-8"));
}

}  // namespace
}  // namespace ktb::run
