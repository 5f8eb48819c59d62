#pragma once
// What ktb/plugin.hpp writes into a plugin, without its LibTorch: for libraries that never get far.
#include "ktb/abi.hpp"

#define TEST_NOTE(summary)                                                                        \
  __attribute__((section(".ktb_note"), used)) extern const char ktb_plugin_note[] =               \
      KTB_NOTE_MAGIC_1 KTB_NOTE_MAGIC_2 "kind method\nname " KTB_PLUGIN_NAME "\nabi " KTB_ABI_KEY \
                                        "\nsummary " summary "\ncitation made for tests\nend\n";
#define TEST_DESCRIPTOR(abi, fill)                                         \
  extern "C" KTB_API const ktb::PluginDescriptor ktb_plugin_descriptor = { \
      sizeof(ktb::PluginDescriptor), abi, "method", KTB_PLUGIN_NAME, fill};
