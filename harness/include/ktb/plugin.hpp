#pragma once
// The one include of a plugin.
#include "ktb/abi.hpp"
#include "ktb/case.hpp"
#include "ktb/dataset.hpp"
#include "ktb/method.hpp"
#include "ktb/model.hpp"
#include "ktb/options.hpp"
#include "ktb/transfer/losses.hpp"

/// KTB_PLUGIN_NAME, which the build defines for each plugin. Glued together where it is used: GCC
/// takes no compiled header that mentions a word which the command line defines.
#define KTB_PLUGIN_OWN_(word) KTB_PLUGIN_##word

/// Writes the note that is read before the library is loaded, and the descriptor. `aliases` is text
/// of lines `alias NAME option=value option=value\n`, or "".
#define KTB_PLUGIN(kind_, summary, citation, aliases, fill)                                      \
  __attribute__((section(".ktb_note"), used)) extern const char ktb_plugin_note[] =              \
      KTB_NOTE_MAGIC_1 KTB_NOTE_MAGIC_2                                                          \
      "kind " kind_ "\nname " KTB_PLUGIN_OWN_(NAME) "\nabi " KTB_ABI_KEY "\nsummary " summary    \
                                                    "\ncitation " citation "\n" aliases "end\n"; \
  extern "C" KTB_API const ktb::PluginDescriptor ktb_plugin_descriptor = {                       \
      sizeof(ktb::PluginDescriptor), KTB_ABI_KEY, kind_, KTB_PLUGIN_OWN_(NAME), fill};

/// One plugin a file, named as its file: KTB_METHOD(Kd, "matches ...", "Hinton et al., arXiv ...")
#define KTB_METHOD(Type, summary, citation)                                            \
  KTB_PLUGIN(                                                                          \
      "method", summary, citation, "", +[](ktb::Registrar& registrar) {                \
        registrar.method = [](ktb::Options& options) -> std::shared_ptr<ktb::Method> { \
          return std::make_shared<Type>(options);                                      \
        };                                                                             \
      })
#define KTB_MODEL(Type, summary, citation, aliases)                                  \
  KTB_PLUGIN(                                                                        \
      "model", summary, citation, aliases, +[](ktb::Registrar& registrar) {          \
        registrar.model = [](const ktb::TaskSpec& task,                              \
                             ktb::Options& options) -> std::shared_ptr<ktb::Model> { \
          return std::make_shared<Type>(task, options);                              \
        };                                                                           \
      })
#define KTB_DATASET(Type, summary, citation)                                             \
  KTB_PLUGIN(                                                                            \
      "dataset", summary, citation, "", +[](ktb::Registrar& registrar) {                 \
        registrar.dataset = [](ktb::Options& options) -> std::shared_ptr<ktb::Dataset> { \
          return std::make_shared<Type>(options);                                        \
        };                                                                               \
      })
