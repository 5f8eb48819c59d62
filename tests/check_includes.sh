#!/usr/bin/env bash
# check_includes.sh [ROOT]: who may include what. A room that sees less compiles faster, and stays replaceable.
#   plugins        std, torch, ktb/; no other room, no other plugin, no other library
#   include/ktb    std, torch, ktb/
#   core, launch   std, fmt, nlohmann and small libraries; never torch; toml++ in the readers of suites and published values, Boost.Math in statistics, ICU in core/unicode
#   app/ktbench*   core, launch, CLI11; never torch
#   run, tasks     ktb/, core, torch; Boost.DLL in the loader only
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"
failed=0

# forbid WHY PATTERN PATH...: no include in PATH... may match PATTERN.
forbid() {
  local why=$1 pattern=$2 found
  shift 2
  local paths=()
  for path in "$@"; do [[ -e $path ]] && paths+=("$path"); done
  ((${#paths[@]})) || return 0
  if found=$(grep -rnE --include='*.hpp' --include='*.cpp' "^ *# *include *[<\"]($pattern)" "${paths[@]}"); then
    echo "include rule broken, $why:"
    echo "$found"
    failed=1
  fi
}

torch='torch/|ATen/|c10/|caffe2/'
rooms='core/|launch/|run/|tasks/|app/|cuda/|sdk/'
libraries='boost/|fmt/|nlohmann/|toml|CLI/|openssl/|unicode/|stb/'

forbid "plugins see include/ktb, torch and std only" "$rooms|$libraries|\.\./|plugins/" plugins
forbid "public headers see torch and std only" "$rooms|$libraries|\.\./" harness/include
forbid "core knows no torch and no room above it" "$torch|ktb/|launch/|run/|tasks/|app/|cuda/|sdk/|CLI/" harness/core
forbid "launch knows no torch and only core" "$torch|ktb/|run/|tasks/|app/|cuda/|sdk/|CLI/|boost/|toml" harness/launch
forbid "run and tasks see include/ktb, core and torch" "launch/|app/|cuda/|CLI/|toml" harness/run harness/tasks
mapfile -t torch_free < <(find harness/app -name "*.[ch]pp" ! -name "worker*" ! -name "plugin_new*")  # plugin_new: templates
forbid "ktbench starts fast because it knows no torch" "$torch|ktb/|run/|tasks/|cuda/|sdk/" "${torch_free[@]}"

mapfile -t others < <(find harness -name '*.[ch]pp' ! -path 'harness/core/suite*' ! -path 'harness/core/published*')
forbid "toml++ belongs to the readers of suites and of published values" "toml" "${others[@]}"
mapfile -t others < <(find harness -name '*.[ch]pp' ! -path 'harness/core/stat*' ! -path 'harness/run/loader*')
forbid "Boost belongs to core/stats and run/loader" "boost/" "${others[@]}"
mapfile -t others < <(find harness -name '*.[ch]pp' ! -path 'harness/core/unicode*')
forbid "ICU belongs to core/unicode" "unicode/" "${others[@]}"

((failed)) || echo "include rule kept"
exit $failed
