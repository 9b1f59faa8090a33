#!/usr/bin/env bash
# Takes down everything that this checkout has up, on this machine and on others, and leaves nothing of it.
#
# It knows its processes by the marker in their environment (SPILLWAY_CHECKOUT, SPILLWAY_CHAIN), never by a pid
# file: so it also works after a kill -9, after a reboot, and without node_modules, when this shell does all of
# it. Lists first; safe to repeat; exit 1, naming what is left, while anything remains. --list: lists only.
# On other machines (.hosts/chain.json names them) it needs Node; --forget: also those that answer no more.
# --here: this machine only. --find: what carries the tags of this user's rigs on AWS, where the state is lost; lists
# it and asks (--list: only lists, --yes: does not ask).
set -uo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P) || exit 1
readonly root term_seconds=10 kill_seconds=5
digest=$(printf %s "$root" | sha256sum)
readonly memory_prefix=/dev/shm/spillway-${digest:0:10}-
readonly tmux_server=spillway-${digest:0:10}
readonly data_mark=.spillway-chain # the bench puts it into data folders outside the checkout

# `pid start-time` of every process of this checkout, ours only; never this script or who called it.
list_processes() {
  local file pid start
  grep -lsF -e "SPILLWAY_CHECKOUT=$root" -e "SPILLWAY_CHAIN=$root/" /proc/[0-9]*/environ |
    while read -r file; do
      pid=${file//[^0-9]/}
      [[ -O /proc/$pid && " $ancestors " != *" $pid "* ]] || continue
      start=$(start_time "$pid") || continue
      is_marked "$file" && echo "$pid $start"
    done
}

is_marked() { # the variables exactly: not another checkout whose path only begins like ours
  local variable
  while IFS= read -r -d '' variable; do
    case $variable in "SPILLWAY_CHECKOUT=$root" | "SPILLWAY_CHAIN=$root/"*) return 0 ;; esac
  done 2>/dev/null <"$1"
  return 1
}

start_time() { # a pid alone names nobody; fails for a zombie and for who is gone
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra stat <<<"${stat##*) }" # the name in parentheses may hold anything
  [[ ${stat[0]} != Z && ${stat[0]} != X ]] && echo "${stat[19]}"
}

list_ancestors() {
  local pid=$$ stat
  while ((pid > 1)); do
    printf '%s ' "$pid"
    read -r stat <"/proc/$pid/stat" || return
    read -ra stat <<<"${stat##*) }"
    pid=${stat[1]}
  done
}

# Folders outside the checkout that a chain keeps its data in, from its record and its processes.
list_data_folders() {
  {
    sed -n 's/.*"dataDir": *"\([^"]*\)".*/\1/p' "$root"/.spillway/*/chain.json 2>/dev/null
    while read -r pid _; do
      tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | sed -n 's/^SPILLWAY_DATA=//p'
    done <<<"$processes"
  } | sort -u | while IFS= read -r folder; do
    if [[ $folder != "$root"/* && -f $folder/$data_mark ]]; then echo "$folder"; fi
  done
}

list_folders() {
  local folder
  for folder in "$root/.spillway" "$memory_prefix"*; do
    if [[ -e $folder ]]; then echo "$folder"; fi
  done
  if [[ -n $data_folders ]]; then
    while IFS= read -r folder; do
      if [[ -e $folder ]]; then echo "$folder"; fi
    done <<<"$data_folders"
  fi
}

has_tmux() { command -v tmux >/dev/null && tmux -L "$tmux_server" has-session 2>/dev/null; }

describe() { # what is there now, one thing a line; nothing when all is gone
  local pid command
  while read -r pid _; do
    command=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")
    command=${command//"$root/"/}
    [[ -n $pid ]] && echo "process $pid: ${command:0:120}"
  done <<<"$(list_processes)"
  list_folders | sed 's/^/folder /'
  if has_tmux; then echo "tmux session $tmux_server"; fi
}

signal_all() { # SIGNAL: to each that is still the process it was
  local pid start
  while read -r pid start; do
    [[ -n $pid && $(start_time "$pid") == "$start" ]] && kill -s "$1" "$pid" 2>/dev/null
  done <<<"$(list_processes)"
}

wait_gone() { # SECONDS
  local deadline=$((SECONDS + $1))
  while [[ -n $(list_processes) ]]; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

usage() {
  echo "${1:+$1; }usage: ./destroy.sh [--here] [--list | --forget]    (takes down everything this checkout has up)" >&2
  echo "       ./destroy.sh --find [--list | --yes]    (what is left on AWS of rigs whose state is lost)" >&2
  exit 2
}

mode='' only_here=no find=no yes=no
for word; do
  case $word in
    --here) only_here=yes ;;
    --find) find=yes ;;
    --yes) yes=yes ;;
    --list | --forget)
      [[ -z $mode || $mode == "$word" ]] || usage "both $mode and $word"
      mode=$word
      ;;
    -h | --help) sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$root/destroy.sh" && exit 0 ;;
    *) usage "'$word' is not understood" ;;
  esac
done
if [[ $find == yes && ($only_here == yes || $mode == --forget) ]]; then usage '--find goes with --list or --yes only'; fi
if [[ $yes == yes && ($find == no || $mode == --list) ]]; then usage '--yes is for --find'; fi
if [[ -n ${SPILLWAY_CHECKOUT-}${SPILLWAY_CHAIN-} ]]; then # called from inside a chain: lay its marker down first
  exec env -u SPILLWAY_CHECKOUT -u SPILLWAY_CHAIN -u SPILLWAY_DATA "$root/destroy.sh" "$@"
fi

if [[ $find == yes ]]; then
  [[ $yes == yes ]] && mode=--yes
  exec "$root/scripts/node.sh" "$root/scripts/aws/find.ts" ${mode:+"$mode"}
fi

# The chain on other machines. What of it is left is still there after the rest has been taken down.
elsewhere=0 listed=no
stop_if_interrupted() { # its exit status
  if (($1 == 130)); then
    echo "interrupted: what is left is shown by ./destroy.sh --list, and goes by ./destroy.sh" >&2
    exit 130
  fi
}
if [[ $only_here == no ]] && grep -qsE '"mode": ?"managed"' "$root/infra/terraform.tfstate"; then
  if [[ $mode == --list ]]; then listed=yes; fi
  "$root/scripts/node.sh" "$root/scripts/aws/destroy.ts" ${mode:+"$mode"} || { stop_if_interrupted $? && elsewhere=1; }
fi
# Machines that could not be destroyed keep what is on them.
if [[ $only_here == no && $elsewhere == 0 && -f $root/.hosts/chain.json ]]; then
  "$root/scripts/node.sh" "$root/scripts/hosts/destroy.ts" ${mode:+"$mode"} || { stop_if_interrupted $? && elsewhere=1; }
fi

ancestors=$(list_ancestors)
processes=$(list_processes)
data_folders=$(list_data_folders)
found=$(describe)
if [[ -z $found ]]; then
  if [[ $only_here == yes || ($elsewhere == 0 && $listed == no && ! -f $root/.hosts/chain.json) ]]; then echo "nothing of $root is up"; fi
  exit "$elsewhere"
fi
if [[ $mode == --list ]]; then
  echo "$found"
  exit "$elsewhere"
fi
printf 'taking down:\n  %s\n' "${found//$'\n'/$'\n'  }"

if has_tmux; then
  tmux -L "$tmux_server" kill-server
fi
# The bench stops its chains gently and in order; what it cannot, or when it is not there, is swept up below.
if [[ -n $processes && -f $root/bench/main.ts ]] && node=$("$root/scripts/node.sh" 2>/dev/null); then
  timeout 120 "$node" "$root/bench/main.ts" down >/dev/null || echo "bench down did not finish; stopping the rest myself" >&2
fi
if ! wait_gone 0; then
  signal_all TERM
  signal_all CONT # a stopped process hears nothing else
  if ! wait_gone "$term_seconds"; then
    signal_all KILL
    wait_gone "$kill_seconds"
  fi
fi
while IFS= read -r folder; do
  [[ -n $folder ]] && rm -rf -- "$folder"
done <<<"$(list_folders)"

left=$(describe)
if [[ -n $left ]]; then
  printf 'still there:\n  %s\n' "${left//$'\n'/$'\n'  }" >&2
  exit 1
fi
if ((elsewhere)); then echo "all gone on this machine"; else echo "all gone"; fi
exit "$elsewhere"
