// Says what it is, but exports nothing.
#include "note.hpp"

TEST_NOTE("exports nothing")
