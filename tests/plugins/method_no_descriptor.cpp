// Says what it is, but exports nothing.
#include "ktb/plugin.hpp"

__attribute__((section(".ktb_note"), used)) extern const char ktb_plugin_note[] =
    KTB_NOTE_MAGIC_1 KTB_NOTE_MAGIC_2 "kind method\nname " KTB_PLUGIN_NAME "\nabi " KTB_ABI_KEY
                                      "\nsummary exports nothing\ncitation made for tests\nend\n";
