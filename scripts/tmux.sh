#!/usr/bin/env bash
# Opens every instance of the chain on this machine at once in tmux, one pane each; what is typed goes to all of
# them, as cssh does it (prefix, then `:setw synchronize-panes off`, to type to one). Run again it attaches.
set -euo pipefail

if (($# > 0)); then
  echo "usage: scripts/tmux.sh (it takes no arguments, found: $*)" >&2
  exit 2
fi

scripts=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
root=${scripts%/*}
digest=$(printf %s "$root" | sha256sum)
server=spillway-${digest:0:10} # a tmux server of this checkout's own, so that destroy.sh can end it whole
session=chain

if ! command -v tmux >/dev/null; then
  echo "tmux is missing: apt-get install tmux, or enter the instances one by one: scripts/enter instance1" >&2
  exit 1
fi
mapfile -t ids < <("$scripts/enter" --list)
if ((${#ids[@]} == 0)); then
  echo "no chain is up here; start one: ./create.sh" >&2
  exit 1
fi

tm() { tmux -L "$server" "$@"; }
pane() { printf '%q %q' "$scripts/enter" "$1"; }
if ! tm has-session -t "=$session" 2>/dev/null; then
  tm new-session -d -s "$session" -n all -x 200 -y 50 "$(pane "${ids[0]}")"
  for id in "${ids[@]:1}"; do
    tm split-window -t "=$session:all" "$(pane "$id")"
    tm select-layout -t "=$session:all" tiled >/dev/null
  done
  tm set-window-option -t "=$session:all" synchronize-panes on >/dev/null
fi
if [[ -t 0 && -t 1 ]]; then
  TMUX='' exec tmux -L "$server" attach-session -t "=$session"
fi
echo "tmux -L $server attach-session -t $session"
