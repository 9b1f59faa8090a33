#!/usr/bin/env bash
# Runs a command, and runs it again a second after it has ended: for machines without systemd. SIGTERM ends both.
set -u

child='' ending=no
on_term() {
  ending=yes
  if [[ -n $child ]]; then kill -s TERM "$child" 2>/dev/null; fi
}
trap on_term TERM INT

while [[ $ending == no ]]; do
  "$@" &
  child=$!
  until wait "$child"; (($? <= 128)) || ! kill -0 "$child" 2>/dev/null; do :; done # a signal ends `wait`, not the child
  child=''
  if [[ $ending == no ]]; then sleep 1; fi
done
