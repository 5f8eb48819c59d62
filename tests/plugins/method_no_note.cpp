// Exports a descriptor, but its file says nothing before it is loaded.
#include "ktb/plugin.hpp"

extern "C" KTB_API const ktb::PluginDescriptor ktb_plugin_descriptor = {
    sizeof(ktb::PluginDescriptor), KTB_ABI_KEY, "method", KTB_PLUGIN_NAME, +[](ktb::Registrar&) {}};
