#!/usr/bin/env bash
# docs_commands.sh BUILD [PAGE...]: does what the tutorial and the how-tos say, in their order and in a folder of its own. Later
# pages use what earlier ones made.
#   ```toml title="NAME"     is written to NAME; where the tree has that file, it must be the same
#   indented commands        `build/bin/ktbench ...`, `scripts/...` and `cp ...` are run and must end well
#   lines below a command    must be in its output: numbers, marks and widths aside; `...` stands for what is left out
#   <!-- not run: WHY -->    the next block is only looked at: program, options, targets and suites must exist
set -euo pipefail
tree=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
shift
export OMP_NUM_THREADS=1  # threads that wait for each other take the time of other tests
pages=("$@")
(($#)) || pages=(docs/tutorial.md docs/how-to/{own-teacher,deploy,own-data,own-method,elsewhere,other-trackers,long-runs,cluster,disk}.md)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/here"
cd "$work/here"
ln -s "$build" build
ln -s "$tree"/{docs,plugins,scripts,suites} .

failed=0 ran=0 why=""
left_out=()

fault() {
  echo "$place: $1"
  failed=1
}

# What the reader of own-data.md brings: 60 pictures whose bright half lies above or at the left.
bring_pictures() {
  local class i
  for class in raw ripe; do
    mkdir -p photos/$class
    for i in $(seq 30); do
      LC_ALL=C awk -v seed="$i" -v ripe=$((${#class} - 3)) 'BEGIN {
        srand(seed + 100 * ripe)
        printf "P5 16 16 127 "
        for (i = 0; i < 256; ++i) printf "%c", 40 + int(rand() * 40) + 40 * (ripe ? i % 16 < 8 : i < 128)
      }' >"photos/$class/$i.pgm"
    done
  done
}

# A file as the page shows it, on standard input.
take_file() {
  local name=$1
  if [[ -e $name && $name == */* ]]; then
    cmp -s - "$name" || fault "what the page shows is not $name"
  else
    cat >"$name"
  fi
}

# What differs from machine to machine and from run to run.
blurred() {
  sed -E 's/-s[0-9]+-[0-9a-f]{12}/-ID/g; s/[+-]?[0-9][0-9,.]*/N/g; s/N[=!*]+/N/g; s/[[:space:]]+/ /g; s/^ //; s/ $//'
}

run_command() {
  local begin=$SECONDS
  ((++ran))
  bash -o pipefail -c "$1" >"$work/output" 2>&1 || {
    fault "this ended with $?: $1"
    tail -20 "$work/output"
  }
  blurred <"$work/output" >"$work/blurred"
  echo "$place: $((SECONDS - begin)) s: $1"
}

expect() {
  local line
  line=$(blurred <<<"$1")
  [[ -z $line || $line == ... ]] && return
  # The legend of a mark is there where the mark is.
  [[ $line == [=!*]\ * ]] && return
  grep -qxF -e "$line" "$work/blurred" || fault "the command does not print: $1"
}

# A command that is not run: is all there that it names?
look_at() {
  local words word help
  read -ra words <<<"${1%%#*}"
  [[ -x ${words[0]} ]] || fault "there is no program ${words[0]}"
  if [[ ${words[0]} == scripts/build ]]; then
    for word in "${words[@]:1}"; do
      grep -q "^build $word:" build/build.ninja || fault "there is no target $word"
    done
  elif [[ ${words[0]} == build/bin/ktbench ]]; then
    word=${words[1]}
    [[ $word == plugin || $word == score ]] && word+=" ${words[2]}"
    help=$(build/bin/ktbench $word --help 2>&1) || true
    grep -q "^Usage: ktbench $word " <<<"$help" || fault "there is no command $word"
    for word in "${words[@]:2}"; do
      [[ $word != -* ]] || grep -qE -e "(^|[ ,])$word([ ,=]|\$)" <<<"$help" || fault "${words[1]} has no option $word"
      [[ $word != suites/* ]] || build/bin/ktbench plan "$word" >"$work/output" || fault "$word cannot be planned"
    done
  fi
  left_out+=("$place: ${1%%  *#*}: $why")
}

command_of() {
  local text=${1#'$ '}
  [[ $text =~ ^(build/bin/ktbench|scripts/|cp\ ) ]] && echo "$text"
}

read_page() {
  local page=$1 line number=0 file="" inside="" shown=0 command
  while IFS= read -r line; do
    place=$page:$((++number))
    if [[ $inside == fence ]]; then
      if [[ $line == '```' ]]; then
        [[ -z $file ]] || take_file "$file" <"$work/file"
        inside=""
      else
        printf '%s\n' "$line" >>"$work/file"
      fi
    elif [[ $line == '```'* ]]; then
      inside=fence file=""
      [[ $line =~ title=\"(.+)\" ]] && file=${BASH_REMATCH[1]}
      : >"$work/file"
    elif [[ $line == "    "* ]]; then
      inside=code
      if command=$(command_of "${line:4}"); then
        shown=0
        if [[ -n $why ]]; then look_at "$command"; else run_command "$command" && shown=1; fi
      elif ((shown)); then
        expect "${line:4}"
      fi
    elif [[ -n $line ]]; then
      [[ $inside == code ]] && why=""
      inside="" shown=0
      [[ $line =~ ^'<!-- not run: '(.+)' -->'$ ]] && why=${BASH_REMATCH[1]}
    fi
  done <"$tree/$page"
  why=""
}

bring_pictures
for page in "${pages[@]}"; do read_page "$page"; done

printf '%s\n' "not run:" "${left_out[@]}"
((ran > 0)) || failed=1
echo "$ran commands run, ${#left_out[@]} looked at, in $SECONDS s"
exit $failed
