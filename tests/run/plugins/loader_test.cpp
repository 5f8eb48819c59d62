#include "run/plugins/loader.hpp"
#include "temporary_folder.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.hpp"

namespace ktb::run {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

std::string library(const std::string& name) { return KTB_TEST_PLUGIN_DIR "/" + name + ".so"; }

/// The text of what making the method throws; the types matter to exit codes.
std::string plugin_error(const std::string& name) {
  Registry registry({KTB_TEST_PLUGIN_DIR});
  Options options;
  try {
    registry.method(name, options);
  } catch (const core::PluginError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Loader, NamesTheDifferenceBothValuesAndTheCommandThatMendsIt) {
  EXPECT_EQ(plugin_error("wrong_torch"),
            "cannot load plugin `wrong_torch` (" + library("wrong_torch") +
                ")\n"
                "  torch: plugin 1.13.1, this ktbench " KTB_TORCH_VERSION
                "\n"
                "Rebuild it against this ktbench: cmake --build <its build folder> --target "
                "method_wrong_torch");
}

TEST(Loader, NamesEveryDifference) {
  EXPECT_EQ(plugin_error("two_mismatches"),
            "cannot load plugin `two_mismatches` (" + library("two_mismatches") +
                ")\n"
                "  sdk: plugin 000000000000, this ktbench " KTB_SDK_HASH
                "\n"
                "  torch: plugin 1.13.1, this ktbench " KTB_TORCH_VERSION
                "\n"
                "Rebuild it against this ktbench: cmake --build <its build folder> --target "
                "method_two_mismatches");
}

TEST(Loader, RefusesLibrariesWithoutNote) {
  Registry registry({KTB_TEST_PLUGIN_DIR});
  EXPECT_FALSE(registry.knows("method", "no_note"));
  EXPECT_THAT([&] { registry.add(library("no_note")); },
              testing::ThrowsMessage<core::PluginError>(
                  AllOf(HasSubstr(library("no_note")), HasSubstr("has no ktbench note"),
                        HasSubstr("KTB_METHOD, KTB_MODEL or KTB_DATASET"))));
}

TEST(Loader, RefusesWhatIsNoLibrary) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "text.so";
  std::ofstream(path) << "a text";
  Registry registry({KTB_TEST_PLUGIN_DIR});
  EXPECT_THAT([&] { registry.add(path); },
              testing::ThrowsMessage<core::PluginError>(HasSubstr("is no 64-bit ELF library")));
  std::filesystem::remove(path);
  EXPECT_THAT([&] { registry.add(path); },
              testing::ThrowsMessage<core::PluginError>(
                  AllOf(HasSubstr(path), HasSubstr("No such file or directory"))));
}

TEST(Loader, RefusesLibrariesWithoutDescriptor) {
  EXPECT_EQ(plugin_error("no_descriptor"), "cannot load plugin `no_descriptor` (" +
                                               library("no_descriptor") +
                                               "): it exports no ktb_plugin_descriptor");
}

TEST(Loader, RefusesDescriptorsThatContradictTheirNote) {
  EXPECT_THAT(plugin_error("lies"), AllOf(HasSubstr("its descriptor does not match its note"),
                                          HasSubstr("--target method_lies")));
}

TEST(Loader, SaysWhatFailedDuringRegistration) {
  EXPECT_EQ(plugin_error("throws_on_registration"),
            "plugin `throws_on_registration` (" + library("throws_on_registration") +
                ") failed while it registered: the licence server is asleep");
  EXPECT_THAT(plugin_error("registers_nothing"), HasSubstr("it registered no method"));
}

TEST(Loader, NamesThePluginThatCannotBeMade) {
  Registry registry({KTB_TEST_PLUGIN_DIR});
  Options options({{"how", std::string("cannot be made")}});
  EXPECT_THAT([&] { registry.method("broken", options); },
              testing::ThrowsMessage<Error>("method `broken`: there is no codebook"));
}

TEST(Loader, SuggestsTheNearestName) {
  EXPECT_THAT(plugin_error("borken"), AllOf(HasSubstr("there is no method plugin `borken`"),
                                            HasSubstr("did you mean `broken`?")));
}

TEST(Loader, RefusesUnknownOptionsAndSuggestsTheNearest) {
  Registry registry({KTB_PLUGIN_DIR});
  Options options(std::map<std::string, Value>{{"temprature", 2.0}});
  try {
    registry.method("kd", options);
    FAIL() << "the option was taken";
  } catch (const OptionError& error) {
    EXPECT_EQ(error.option, "temprature");
    EXPECT_THAT(error.what(), AllOf(HasSubstr("method `kd`: there is no option `temprature`"),
                                    HasSubstr("did you mean `temperature`?")));
  }
}

TEST(Loader, RefusesOptionsOfAnotherTypeOrRange) {
  Registry registry({KTB_PLUGIN_DIR});
  Options text(std::map<std::string, Value>{{"temperature", std::string("hot")}});
  EXPECT_THAT([&] { registry.method("kd", text); },
              testing::ThrowsMessage<OptionError>(
                  HasSubstr("option `temperature` wants a number, not a text")));
  Options cold(std::map<std::string, Value>{{"temperature", 0.0}});
  EXPECT_THAT([&] { registry.method("kd", cold); },
              testing::ThrowsMessage<OptionError>(HasSubstr("option `temperature` is 0, outside")));
}

TEST(Loader, FindsPluginsAndAliases) {
  Registry registry({KTB_PLUGIN_DIR});
  EXPECT_THAT(registry.names("model"), AllOf(Contains("resnet"), Contains("resnet20")));
  EXPECT_THAT(registry.names("method"), AllOf(Contains("kd"), Not(Contains("resnet"))));
  EXPECT_THAT(registry.notes(), Contains(Field(&core::PluginNote::name, "fashion_mnist")));
}

}  // namespace
}  // namespace ktb::run
