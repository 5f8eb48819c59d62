#!/usr/bin/env bash
# check_docs.sh [ROOT]: what pages and comments cite exists: files and folders of this tree and, where a page has them in
# backticks, types by their capitals and functions by their parentheses. `core/`, `run/`, ... are folders of harness/, `ktb/`
# is where a plugin finds its headers. Names with <...>, * or CAPITALS in them stand for others.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

pages=()
for page in README.md CONTRIBUTING.md docs/*.md docs/how-to/*.md harness/README.md tests/vectors/README.md; do
  [[ -f $page ]] && pages+=("$page")
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What there is: every path with all its ends, as one may say `losses.hpp` or `transfer/losses.hpp`, and every identifier.
find harness plugins tests scripts cmake suites docs results .ci | awk -F/ '
  { print tail = $NF; for (i = NF - 1; i > 0; --i) print tail = $i "/" tail }
  sub(/\.[ch]pp$/, "") { print tail = $(NF - 1) "/" $NF; for (i = NF - 2; i > 0; --i) print tail = $i "/" tail }' | sort -u >"$work/files"
grep -rhoE '[A-Za-z_][A-Za-z0-9_]*' --include='*.[ch]pp' harness plugins tests docs | sort -u >"$work/words"

# Every citation as `place kind name`.
{
  grep -nH '' "${pages[@]}"
  grep -rnoE '//.*' --include='*.[ch]pp' harness plugins tests docs
} | awk '
  match($0, /^[^:]+:[0-9]+:/) {
    place = substr($0, 1, RLENGTH - 1)
    page = place ~ /\.md:/
    n = split(substr($0, RLENGTH + 1), span, "`")
    for (i = 1; i <= n; ++i) {
      m = split(span[i], words, /[^A-Za-z0-9_.*()<>\/-]+/)
      for (j = 1; j <= m; ++j) {
        name = words[j]
        sub(/^[(]+/, "", name)
        called = sub(/[(].*/, "", name)
        sub(/[).]+$/, "", name)
        if (name ~ /[<>*]/ || name ~ /(^|\/)[A-Z]+\./ && name !~ /README|CHANGELOG/) continue
        if (name ~ /^(harness|plugins|tests|scripts|cmake|suites|docs|results\/published|core|launch|run|tasks|app|cuda|sdk|ktb)\/./ &&
            (page || name ~ /\.[a-z]+$/))
          print place, "files", name
        else if (name ~ /^[a-z][a-z_0-9\/]*\.([ch]pp|cmake)$/)
          print place, "files", name
        else if (page && i % 2 == 0 && name != "CamelCase" &&
                 (called && name ~ /^[A-Za-z_][A-Za-z0-9_]+$/ || name ~ /^[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*$/))
          print place, "words", name
      }
    }
  }' | sort -u >"$work/cited"

failed=0
while read -r place kind name; do
  grep -qxF -- "${name%/}" "$work/$kind" && continue
  echo "$place: there is no $name"
  failed=1
done <"$work/cited"

# Links from page to page.
while IFS=: read -r page line link; do
  link=${link#*](} link=${link%%[)#]*}
  [[ -z $link || $link == http* || -e $(dirname "$page")/$link ]] && continue
  echo "$page:$line: the link $link leads nowhere"
  failed=1
done < <(grep -noE '\]\([^)]+\)' "${pages[@]}")

((failed)) || echo "all that is cited is there"
exit $failed
