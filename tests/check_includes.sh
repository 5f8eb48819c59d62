#!/usr/bin/env bash
# check_includes.sh [ROOT]: who may include what, and what may lie where. A room that sees less compiles faster, and stays
# replaceable. Arrows run one way, between rooms and between the rooms inside a room.
#   plugins        std, torch, ktb/, its own folder; no other room, no other plugin, no other library
#   include/ktb    std, torch, ktb/
#   core, launch   std, fmt, nlohmann and small libraries; never torch
#   app/ktbench*   core, launch, CLI11; never torch
#   run, tasks     ktb/, core, torch
#   cuda, mock     ktb/, torch and the interface of run that they serve
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"
failed=0

broken() {
  echo "include rule broken, $1:"
  echo "$2"
  failed=1
}

# forbid WHY PATTERN PATH...: no include in PATH... may match PATTERN.
forbid() {
  local why=$1 pattern=$2 found
  shift 2
  local paths=()
  for path in "$@"; do [[ -e $path ]] && paths+=("$path"); done
  ((${#paths[@]})) || return 0
  if found=$(grep -rnE --include='*.hpp' --include='*.cpp' "^ *# *include *[<\"]($pattern)" "${paths[@]}"); then
    broken "$why" "$found"
  fi
}

# only PATTERN WHO GLOB...: outside files that match a GLOB no include in harness/ may match PATTERN.
only() {
  local pattern=$1 who=$2 glob others
  shift 2
  local but=()
  for glob in "$@"; do but+=(! -path "$glob"); done
  mapfile -t others < <(find harness -name '*.[ch]pp' "${but[@]}")
  forbid "$who" "$pattern" "${others[@]}"
}

torch='torch/|ATen/|c10/|caffe2/'
rooms='core/|launch/|run/|tasks/|app/|cuda/|mock/|sdk/'
libraries='boost/|fmt/|nlohmann/|toml|CLI/|openssl/|unicode/|sqlite3|zlib|png|jpeglib|webp/|freetype/|ft2build|vorbis/'

forbid "plugins see include/ktb, torch and std only" "$rooms|$libraries|plugins/|(method|model|dataset)s/" plugins
while IFS=: read -r path line include; do
  name=${include#*\"} name=${name%%\"*}
  [[ $name == ktb/* ]] && continue
  [[ $name != */* && $path == plugins/*/*/* && -e ${path%/*}/$name ]] || broken \
    "a plugin includes ktb/ and the files of its own folder; what two plugins use belongs into the SDK" \
    "$path:$line:$include"
done < <(grep -rnE --include='*.[ch]pp' '^ *# *include *"' plugins)
forbid "public headers see torch and std only" "$rooms|$libraries|\.\./" harness/include
forbid "core knows no torch and no room above it" "$torch|ktb/|launch/|run/|tasks/|app/|cuda/|mock/|sdk/|CLI/" harness/core
forbid "launch knows no torch and only core" "$torch|ktb/|run/|tasks/|app/|cuda/|mock/|sdk/|CLI/|boost/|toml" harness/launch
forbid "run and tasks see include/ktb, core and torch" "launch/|app/|cuda/|mock/|CLI/|toml" harness/run harness/tasks
forbid "cuda and mock serve one interface of run" "core/|launch/|tasks/|app/|CLI/|toml" harness/cuda harness/mock
forbid "tools run while building, before there is more than core/base" \
  "$torch|ktb/|core/(suite|plan|store|table|score|page|paper)/|launch/|run/|tasks/|app/|cuda/|mock/|sdk/|CLI/" harness/tools
forbid "the SDK's bodies see include/ktb, torch and core's small helpers" \
  "core/(suite|plan|store|table|page|paper)/|launch/|run/|tasks/|app/|cuda/|mock/|CLI/|toml" harness/sdk
mapfile -t torch_free < <(find harness/app -name "*.[ch]pp" ! -name "worker*" ! -name "plugin_new*")  # plugin_new: templates
forbid "ktbench starts fast because it knows no torch" "$torch|ktb/|run/|tasks/|cuda/|mock/|sdk/" "${torch_free[@]}"

only toml "toml++ belongs to the readers of suites and of published values" 'harness/core/suite/*' 'harness/core/table/published*'
only boost/ "Boost belongs to core/score/stats and run/plugins/loader" 'harness/core/score/stats*' 'harness/run/plugins/loader*'
only sqlite3 "SQLite belongs to core/store/index" 'harness/core/store/index*'
only unicode/ "ICU belongs to core/base/unicode" 'harness/core/base/unicode*'

# inside ROOM PREFIX SUB: MAY SEE...: files of ROOM/SUB may include from the rooms inside PREFIX what stands behind the colon
# and their own. A line without sub-room before the colon is the files that lie in ROOM itself.
inside() {
  local root=$1 prefix=$2 line sub seen other
  declare -A may=()
  while IFS=: read -r sub seen; do
    sub=${sub//[[:space:]]/}
    [[ -n $sub ]] && may[$sub]=" $seen "
  done <<<"$3"
  for path in "$root"/*; do
    sub=${path##*/}
    [[ -d $path && -z ${may[$sub]:-} ]] && broken "$path is no room" \
      "put its files into one of: $(printf '%s ' "${!may[@]}" | tr ' ' '\n' | sort | tr '\n' ' ')"
  done
  for sub in "${!may[@]}"; do
    for other in "${!may[@]}"; do
      [[ $sub == "$other" || ${may[$sub]} == *" $other "* || ! -d $root/$sub ]] && continue
      forbid "$root/$sub may see ${may[$sub]# }only: what needs $other belongs into a room that sees both, or above" \
        "$prefix/$other/" "$root/$sub"
    done
  done
}

inside harness/core core '
  base:
  score: base
  suite: base
  plan: base suite score
  store: base suite plan
  table: base suite plan store score
  page: base suite plan store score table
  deploy: base suite plan store score table page
  paper: base plan store score table'
inside harness/launch launch '
  machine:
  serve: machine
  share:
  slurm: share'
inside harness/run run '
  data:
  control: data
  weights:
  plugins: data weights
  train: data control weights plugins
  predict: data control weights plugins train
  kit: data control weights plugins train
  check: data control weights plugins train kit
  stay: plugins train'
for root in harness/include/ktb harness/sdk; do
  inside $root "(ktb|sdk)" '
    files:
    control: files
    text: files
    nn: files text
    transfer: nn'
done

# The layout of a trial's folder is known to one file.
names='"[^"]*((trial|record|confusion|progress)\.json|curve\.jsonl|samples\.bin|(weights|pictures)\.safetensors|log\.txt)'
if found=$(grep -rnE --include='*.hpp' --include='*.cpp' "$names" harness | grep -vE '^harness/core/(store/trial_folder|plan/trial_spec)'); then
  broken "files of a trial have their names from core/store/trial_folder" "$found"
fi

# Files that lie in a room with rooms inside belong into one of them.
for room in core run; do
  if found=$(find harness/$room -maxdepth 1 -name '*.[ch]pp' | grep .); then
    broken "harness/$room holds rooms, not files" "$found belongs into $(cd harness/$room && echo */)"
  fi
done
while read -r count folder; do
  ((count <= 30)) || broken "$folder holds $count files" "at most 30 lie flat: give what belongs together a folder of its own"
done < <(find harness -type f | sed 's:/[^/]*$::' | sort | uniq -c)

((failed)) || echo "include rule kept"
exit $failed
