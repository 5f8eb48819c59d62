#include "ktb/options.hpp"

#include <gmock/gmock.h>

namespace ktb {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::map<std::string, std::string> kKeys = {{"width", "hidden_size"}, {"layers", "n_layer"}};

Options with_config(std::map<std::string, Value> given) {
  Options options(std::move(given));
  options.publish({"bert/config.json",
                   {{"hidden_size", std::int64_t{768}}, {"model_type", std::string("bert")}}});
  options.published(kKeys);
  return options;
}

TEST(Options, PublishedValuesAreThoseThatTheSuiteLeavesOut) {
  auto options = with_config({{"layers", std::int64_t{3}}});
  EXPECT_EQ(options.get("width", 128, "width"), 768);
  EXPECT_EQ(options.get("layers", 2, "layers"), 3) << "nothing is published of it";
  EXPECT_NO_THROW(options.reject_unknown());
}

TEST(Options, APublishedValueThatDiffersIsSaid) {
  EXPECT_NO_THROW(with_config({{"width", std::int64_t{768}}}));
  EXPECT_THAT(
      [] {
        with_config({{"width", std::int64_t{256}}});
      },
      ThrowsMessage<OptionError>(AllOf(HasSubstr("option `width` is 256"),
                                       HasSubstr("bert/config.json says hidden_size = 768"))));
}

TEST(Options, WithoutAConfigurationNothingIsPublished) {
  Options options;
  options.published(kKeys);
  EXPECT_EQ(options.get("width", 128, "width"), 128);
}

TEST(Options, AFileIsAPathAndSaysSo) {
  Options options({{"trunk", std::string("/a/trunk.pt")}});
  EXPECT_EQ(options.file("trunk", "a scripted trunk"), "/a/trunk.pt");
  EXPECT_EQ(options.file("other", "another"), "");
  ASSERT_EQ(options.declared().size(), 2);
  EXPECT_TRUE(options.declared()[0].file);
  EXPECT_FALSE(with_config({}).declared().size());
  EXPECT_THROW(Options({{"trunk", std::int64_t{1}}}).file("trunk", ""), OptionError);
}

}  // namespace
}  // namespace ktb
