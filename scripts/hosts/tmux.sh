#!/usr/bin/env bash
# A login on every machine of the chain at once in tmux, one pane each; what is typed goes to all of them, as cssh
# does it (prefix, then `:setw synchronize-panes off`, to type to one). Run again it attaches.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
config=$root/.hosts/ssh_config
digest=$(printf %s "$root" | sha256sum)
server=spillway-${digest:0:10} # the checkout's own tmux server, which destroy.sh ends
session=hosts

if ! command -v tmux >/dev/null; then
  echo "tmux is missing: apt-get install tmux" >&2
  exit 1
fi
if [[ ! -f $config ]]; then
  echo "no chain on other machines: ./create.sh hosts FILE" >&2
  exit 1
fi
mapfile -t ids < <(awk '$1 == "Host" && $2 != "*" { print $2 }' "$config")

pane() { printf 'ssh -F %q %q' "$config" "$1"; }
if ! tmux -L "$server" has-session -t "=$session" 2>/dev/null; then
  tmux -L "$server" new-session -d -s "$session" -n all -x 200 -y 50 "$(pane "${ids[0]}")"
  for id in "${ids[@]:1}"; do
    tmux -L "$server" split-window -t "=$session:all" "$(pane "$id")"
    tmux -L "$server" select-layout -t "=$session:all" tiled >/dev/null
  done
  tmux -L "$server" set-window-option -t "=$session:all" synchronize-panes on >/dev/null
fi
if [[ -t 0 && -t 1 ]]; then
  TMUX='' exec tmux -L "$server" attach-session -t "=$session"
fi
echo "tmux -L $server attach-session -t $session"
