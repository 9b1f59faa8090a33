#!/usr/bin/env bash
# Says, before anything is started, whether this machine can hold what is asked of it.
#
#   preflight.sh RATE DURATION     for example: preflight.sh 10M/min 30s
#
# Exit 2: the request is not understood; 1: it cannot work here, each reason with what to do; 0: it may.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly event_bytes=110 copies=7 # generator, two hops with buffer, three destinations
readonly spare_bytes=$((1 << 30)) # what must stay free beside it
readonly descriptors_min=1024

if (($# != 2)); then
  echo "usage: scripts/preflight.sh RATE DURATION" >&2
  exit 2
fi
rate=$1 duration=$2
if [[ ! $rate =~ ^([0-9]+(\.[0-9]+)?)([kMG]?)/(s|sec|m|min)$ ]]; then
  echo "--rate: '$rate' is not understood; expected a rate like '10M/min' or '200k/s'" >&2
  exit 2
fi
rate_number=${BASH_REMATCH[1]} rate_scale=${BASH_REMATCH[3]} rate_unit=${BASH_REMATCH[4]}
if [[ ! $duration =~ ^([0-9]+(\.[0-9]+)?)(ms|s|min|m|h)$ ]]; then
  echo "--duration: '$duration' is not understood; expected a duration like '30s' or '2m'" >&2
  exit 2
fi
wanted_bytes=$(
  awk -v number="$rate_number" -v scale="$rate_scale" -v per="$rate_unit" \
    -v length_="${BASH_REMATCH[1]}" -v unit="${BASH_REMATCH[3]}" -v size=$((event_bytes * copies)) 'BEGIN {
      factor["k"] = 1e3; factor["M"] = 1e6; factor["G"] = 1e9; factor[""] = 1
      seconds["ms"] = 0.001; seconds["s"] = 1; seconds["m"] = 60; seconds["min"] = 60; seconds["h"] = 3600
      per_second = number * factor[scale] / (per ~ /^m/ ? 60 : 1)
      printf "%.0f", per_second * length_ * seconds[unit] * size
    }'
)
if [[ $wanted_bytes == 0 ]]; then
  echo "--rate $rate for $duration: that is no event at all" >&2
  exit 2
fi

problems=0
problem() {
  echo "$1" >&2
  problems=1
}
gib() { awk -v bytes="$1" 'BEGIN { printf "%.1f GiB", bytes / 2 ^ 30 }'; }

system=$(uname -s)
if [[ $system != Linux ]]; then
  problem "this system is $system; a chain on one machine needs Linux (/proc, loopback addresses 127.x)"
  exit 1 # the rest of the checks need Linux, too
fi
for tool in flock sha256sum awk; do
  command -v "$tool" >/dev/null || problem "$tool is missing: apt-get install util-linux coreutils mawk"
done
cores=$(nproc)
if ((cores < 2)); then
  echo "note: one core only; 10M/min through three instances and their measurement need about two" >&2
fi
descriptors=$(ulimit -Hn)
if [[ $descriptors != unlimited ]] && ((descriptors < descriptors_min)); then
  problem "at most $descriptors open files are allowed, at least $descriptors_min are needed: ulimit -n $descriptors_min, or raise nofile in /etc/security/limits.conf"
fi
free_bytes=$(df -PB1 -- "$root" | awk 'NR == 2 { print $4 }')
if awk -v free="$free_bytes" -v wanted="$wanted_bytes" -v spare="$spare_bytes" 'BEGIN { exit !(free < wanted + spare) }'; then
  problem "not enough free disk at $root: $rate for $duration writes up to $(gib "$wanted_bytes") in $copies copies, and $(gib "$free_bytes") are free ($(gib "$spare_bytes") must stay so); free some, or send less: --rate, --duration"
fi
if [[ ! -w $root ]]; then
  problem "cannot write to $root: run it as the owner of the checkout"
fi
exit "$problems"
