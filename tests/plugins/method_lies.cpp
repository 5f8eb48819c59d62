// Its note fits this ktbench, its code says that it does not.
#include "ktb/plugin.hpp"

__attribute__((section(".ktb_note"), used)) extern const char ktb_plugin_note[] =
    KTB_NOTE_MAGIC_1 KTB_NOTE_MAGIC_2
    "kind method\nname " KTB_PLUGIN_NAME "\nabi " KTB_ABI_KEY
    "\nsummary note and code differ\ncitation made for tests\nend\n";
extern "C" KTB_API const ktb::PluginDescriptor ktb_plugin_descriptor = {
    sizeof(ktb::PluginDescriptor), "sdk=another", "method", KTB_PLUGIN_NAME,
    +[](ktb::Registrar&) {}};
