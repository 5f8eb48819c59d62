#!/usr/bin/env bash
# check_format.sh [ROOT]: every source file is as clang-format leaves it. To repair: clang-format -i FILE.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"
find harness plugins tests \( -name '*.hpp' -o -name '*.cpp' \) -print0 | xargs -0 clang-format --dry-run -Werror
