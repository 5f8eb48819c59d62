#!/usr/bin/env bash
# cluster.sh BUILD [PART...]: the same suite by every launcher, on what stands for a cluster here. Parts: slurm (virtual nodes,
# one of which dies), limit (jobs shorter than their trial), many (1,200 trials), commands (GNU parallel and make), hosts
# (two machines that are none; left out where nobody may make namespaces). Exit code 77 where Slurm or GNU parallel is missing.
set -euo pipefail
tree=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
shift
(($#)) || set -- commands slurm limit many hosts
export OMP_NUM_THREADS=1
unset KTBENCH_DATA SLURM_CONF

for program in sbatch slurmctld slurmd parallel make; do
  command -v $program >/dev/null || { echo "cluster.sh: no $program here"; exit 77; }
done

work=$(mktemp -d)
cleanup() {
  local job
  for job in $(jobs -p); do pkill -KILL -P "$job" || true; done
  [[ ! -f $work/slurm/slurm.conf ]] || {
    SLURM_CONF=$work/slurm/slurm.conf scancel --user "$(id -u)" || true
    "$tree/scripts/mini_slurm" stop "$work/slurm"
  }
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
export HOME=$work

cat >suite.toml <<'END'
ktbench = 1
title = "Shapes"
seeds = 3
datasets = "shapes"
methods = ["scratch", "kd"]
[dataset.shapes]
plugin = "shapes"
[recipe]
batch = 32
epochs = 1
[model]
wide = { plugin = "mlp", width = 32 }
narrow = { plugin = "mlp", width = 16 }
[grid.all]
pairs = ["wide -> narrow"]
[table.all]
rows = "method"
cols = "pair"
metrics = ["top1"]
[profile.long]
seeds = 2
recipe = { epochs = 1000 }
END

fail() {
  echo "cluster.sh: $*" >&2
  exit 1
}

# ktbench COMMAND RESULTS OPTION...
ktbench() {
  "$build/bin/ktbench" "$1" suite.toml --plugins "$build/test-plugins" --results "$2" "${@:3}"
}

# How often each trial was started, by the logs of whoever ran it: `[3/9] kd wide -> narrow s1   ok   ...`.
starts() { grep -hE '^\[ *[0-9]+/[0-9]+\] ' "$@" | sed -E 's/^[^]]*\] //; s/   .*//' | sort; }

# expect_same RESULTS OPTION...: the tables of these results are those of an undisturbed run here, to the last byte.
expect_same() {
  ktbench report "$1" "${@:2}" >"$1.txt"
  [[ -d one ]] || ktbench run one -j1 >/dev/null
  ktbench report one "${@:2}" >one.txt
  cmp one.txt "$1.txt" || fail "$1 gives another table"
  ktbench report one "${@:2}" --format csv | grep -v '^[^,]*,cost,' >one.csv
  ktbench report "$1" "${@:2}" --format csv | grep -v '^[^,]*,cost,' >"$1.csv"
  cmp one.csv "$1.csv" || fail "$1 gives another table as CSV"
}

queued() { squeue --noheader --user "$(id -u)" --states=PENDING,RUNNING,CONFIGURING,COMPLETING; }

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  until "${@:3}"; do
    ((SECONDS < end)) || fail "$2: not within $1 s"
    sleep 0.2
  done
}

# A job that was put back may not start for two minutes, unless one asks.
release() {
  local job
  for job in $(squeue --noheader --array --user "$(id -u)" --states=PENDING --format '%i %r' | awk '$2 == "BeginTime" { print $1 }'); do
    scontrol update JobId="$job" StartTime=now 2>/dev/null || true
  done
}
none_queued() {
  release
  [[ -z $(queued) ]]
}

start_slurm() { # NODES MAX_ARRAY_SIZE
  eval "$("$tree/scripts/mini_slurm" start "$work/slurm" "$@")"
}
stop_slurm() {
  "$tree/scripts/mini_slurm" stop "$work/slurm"
  wait_for 20 "slurmctld ends" bash -c "! kill -0 $(cat slurm/slurmctld.pid 2>/dev/null || echo 0) 2>/dev/null"
  rm -rf slurm
  unset SLURM_CONF
}

part_commands() {
  ktbench run two -j2 >/dev/null
  expect_same two
  ktbench run listed --launcher commands >commands.txt 2>/dev/null
  grep -q '^# wave 2$' commands.txt || fail "no second wave"
  # Twice each, in no order.
  grep -v '^#' commands.txt | cat - <(grep -v '^#' commands.txt) | shuf --random-source=<(yes) | parallel -j3 >parallel.log ||
    fail "a line failed"
  [[ $(starts parallel.log | uniq -c | awk '$1 != 1') == "" ]] || fail "a trial was run twice"
  [[ $(starts parallel.log | wc -l) == 9 ]] || fail "not every trial was run"
  expect_same listed
  ktbench run made --launcher commands 2>/dev/null >commands.txt
  awk '!/^#/ { gsub(/\$/, "$$"); n++; all = all " t" n; rule = rule "t" n ":\n\t" $0 "\n" }
       END { print ".PHONY:" all "\nall:" all "\n" rule }' commands.txt >trials.mk
  make -k -j2 -f trials.mk all >make.log
  expect_same made
  [[ -z $(ktbench run made --launcher commands 2>/dev/null) ]] || fail "what is done is printed again"
}

part_slurm() {
  start_slurm 3 1001
  cat >site.toml <<'END'
[slurm]
partition = "main"
time = "30"
cpus = 1
gpus = "shard:1"
[[slurm.when]]
method = "kd"
gpus = 1
END
  ktbench run slurm-one --launcher slurm --site site.toml >submitted.txt
  scontrol -o show job >jobs.txt
  [[ $(grep -c 'TresPerNode=gres:shard:1 ' jobs.txt) -ge 1 ]] || fail "no job asked for a shard"
  [[ $(grep -c 'TresPerNode=gres:gpu:1 ' jobs.txt) -ge 1 ]] || fail "no job asked for a GPU"
  grep -q 'Dependency=afterany' jobs.txt || fail "no job waits for another"
  local before
  before=$(scontrol -o show job | wc -l)
  ktbench run slurm-one --launcher slurm --site site.toml >again.txt
  grep -q 'Nothing was submitted\|cached, 0 holes' again.txt || fail "something was submitted twice"
  [[ $(scontrol -o show job | wc -l) == "$before" ]] || fail "there are more jobs than before"
  wait_for 300 "the queue is empty" none_queued
  [[ $(starts slurm-one/work/*/*.log | uniq -c | awk '$1 != 1') == "" ]] || fail "a trial was run twice"
  expect_same slurm-one
  cmp slurm-one.txt slurm-one/work/*/table.txt || fail "the report's job wrote another table"

  # A node dies under trials that take long, and nothing changes.
  ktbench run slurm-two --launcher slurm --site site.toml --profile long --checkpoint 0.02 >submitted.txt
  wait_for 120 "trials are at work" bash -c "ls slurm-two/trials/*/checkpoint.safetensors >/dev/null 2>&1"
  local node
  node=$(squeue --noheader --states=RUNNING --format %N | head -n 1)
  "$tree/scripts/mini_slurm" kill "$work/slurm" "$node"
  echo "killed $node"
  wait_for 1200 "the queue is empty" none_queued
  ktbench run slurm-two --launcher slurm --site site.toml --profile long >after.txt
  grep -q '6 trials.*6 cached' after.txt || fail "$(cat after.txt)"
  ktbench run one-long -j2 --profile long >/dev/null
  ktbench report one-long --profile long >one-long.txt
  ktbench report slurm-two --profile long | cmp one-long.txt - || fail "the dead node changed the table"
  stop_slurm
}

part_limit() {
  start_slurm 2 1001
  printf '[slurm]\ntime = "3"\nwarning = 60\ntasks = 1\n' >site.toml
  ktbench run limited --launcher slurm --site site.toml --profile long --set seeds=1 --set recipe.epochs=60000 \
    --filter 'scratch' >submitted.txt
  wait_for 300 "a job is warned" bash -c "cat limited/work/*/*.log 2>/dev/null | grep -q 'the time of this job is up'"
  wait_for 60 "it is in the queue again" bash -c "scontrol -o show job | grep -q 'Restarts=[1-9]'"
  grep -q '"status": "interrupted"' limited/trials/*/record.json || fail "the trial does not say that it was stopped"
  ls limited/trials/*/checkpoint.safetensors >/dev/null || fail "no checkpoint was kept"
  ktbench run limited --launcher slurm --site site.toml --profile long --set seeds=1 --set recipe.epochs=60000 \
    --filter 'scratch' | grep -q 'Nothing was submitted' || fail "what was put back is submitted again"
  scancel --user "$(id -u)"
  wait_for 60 "the queue is empty" none_queued
  stop_slurm
}

# 1,200 trials, whose worker is a script: what is tried is the way of the jobs. Arrays have at most 30 tasks.
part_many() {
  start_slurm 2 31
  printf '[slurm]\ntasks = 40\n' >site.toml
  mkdir -p bin
  cp "$build/bin/ktbench" bin/  # away from its LibTorch
  export KTB_TORCH_ROOT=$build/lib/ktbench/torch
  cat >bin/ktbench-worker <<END
#!/bin/sh
case \$1 in
  trial) ;;
  serve) exit 2 ;;
  *) exec "$build/bin/ktbench-worker" "\$@" ;;
esac
id=\$(basename "\$2")
echo "\$id" >>"$work/started"
key=\$(sed -n 's/^ "key": "\(.*\)",*\$/\1/p' "\$2/trial.json")
: >"\$2/weights.safetensors"
printf '{"id": "%s", "key": "%s", "status": "ok", "metrics": {"top1": 0.5}}' "\$id" "\$key" >"\$2/record.tmp"
mv "\$2/record.tmp" "\$2/record.json"
END
  chmod +x bin/ktbench-worker
  bin/ktbench run suite.toml --plugins "$build/plugins" --plugins "$build/test-plugins" --results many --launcher slurm \
    --site site.toml --set seeds=400 >submitted.txt
  grep -q '1200 trials' submitted.txt || fail "$(cat submitted.txt)"
  [[ $(grep -c '^submitted job .*: group 1a of 800 trials' submitted.txt) == 2 ]] || fail "$(cat submitted.txt)"
  wait_for 900 "the queue is empty" none_queued
  [[ $(wc -l <started) == 1200 && $(sort -u started | wc -l) == 1200 ]] || fail "$(wc -l <started) trials were started"
  stop_slurm
}

# in_host NAME COMMAND...: under another name and another kernel's id, as far as a process can tell.
in_host() {
  echo "$1-0000-kernel" >"kernel.$1"
  unshare --uts --mount bash -c 'hostname "$0"; mount --bind "kernel.$0" /proc/sys/kernel/random/boot_id
    echo $$ >"$0.pid"; exec "$@"' "$@"
}

part_hosts() {
  in_host probe true 2>/dev/null || {
    echo "hosts: left out, since nobody may make namespaces here"
    return 0
  }
  in_host left "$build/bin/ktbench" run suite.toml --plugins "$build/test-plugins" --results shared -j1 --set seeds=6 >left.log &
  local left=$!
  in_host right "$build/bin/ktbench" run suite.toml --plugins "$build/test-plugins" --results shared -j1 --set seeds=6 >right.log
  wait $left
  ktbench run alone -j2 --set seeds=6 >/dev/null
  ktbench report alone --set seeds=6 >alone.txt
  ktbench report shared --set seeds=6 | cmp alone.txt - || fail "two hosts give another table"
  for host in left right; do
    grep -q "\"host\": \"$host\"" shared/trials/*/record.json || fail "$host did nothing"
  done
  # One line for each that somebody ran.
  [[ $(wc -l <shared/cache/costs.jsonl) == 18 ]] || fail "$(wc -l <shared/cache/costs.jsonl) trials were run"

  # One is lost with a trial at work: the other waits until its lease has run out, here by a date set back.
  in_host lost "$build/bin/ktbench" run suite.toml --plugins "$build/test-plugins" --results given-up -j1 --profile long \
    --checkpoint 0.02 >lost.log &
  local lock
  wait_for 120 "a checkpoint" bash -c "ls given-up/trials/*/checkpoint.safetensors >/dev/null 2>&1"
  kill -KILL "$(cat lost.pid)"
  wait $! || true
  lock=$(ls given-up/trials/*/.lock)
  in_host heir "$build/bin/ktbench" run suite.toml --plugins "$build/test-plugins" --results given-up -j2 --profile long >heir.log &
  local heir=$!
  wait_for 200 "the heir has found it held" bash -c "ls given-up/trials/*/.lock | grep -vqx '$lock'"
  [[ ! -e $lock.2 ]] || fail "a fresh lease was taken away"
  touch -d '3 minutes ago' "$lock"
  wait_for 200 "the trial is taken over" test -e "$lock.2"
  wait $heir
  [[ -d one-long ]] || ktbench run one-long -j2 --profile long >/dev/null
  ktbench report one-long --profile long >one-long.txt
  ktbench report given-up --profile long | cmp one-long.txt - || fail "the lost host changed the table"
}

for part in "$@"; do
  begin=$SECONDS
  part_"$part"
  echo "$part: over in $((SECONDS - begin)) s"
done
