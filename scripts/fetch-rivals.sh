#!/usr/bin/env bash
# Unpacks into .tools/ the forwarders that the bench compares with and that are not installed: socat, rsyslog with RELP,
# and syslog-ng; or those that are named.
#
#   fetch-rivals.sh [--retry] [socat|rsyslog|syslog-ng]...
#
# Nothing of the project needs them but the comparison: what cannot be had is named, and the exit status is 0. A
# failure is remembered for an hour, so that not every test run tries again (--retry tries at once).
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
tools=$root/.tools

rival() { # PROGRAM NAME PACKAGE... [--libs LIBRARY...]
  local program=$1 name=$2 prefix=$tools/$2
  shift 2
  [[ $wanted == *" $name "* ]] || return 0
  if (PATH=$PATH:/usr/sbin && command -v "$program" >/dev/null); then return; fi
  if [[ -f $prefix/.packages && $(<"$prefix/.packages") == "$*" ]]; then return; fi
  if [[ -n $(find "$prefix.failed" -mmin -60 2>/dev/null) && $retry == no ]]; then return; fi
  echo "setup: getting $1 from the system's packages, to compare with" >&2
  if "$root/scripts/fetch-deb.sh" "$prefix" "$@"; then
    rm -f -- "$prefix.failed"
  else
    mkdir -p "$tools"
    touch "$prefix.failed"
    echo "$1 is missing: the bench cannot compare with it; to get it: scripts/fetch-deb.sh .tools/$name $*" >&2
  fi
}

retry=no
if [[ ${1-} == --retry ]]; then
  retry=yes
  shift
fi
readonly wanted=" ${*:-socat rsyslog syslog-ng} "
rival socat socat socat --libs libwrap0 libnsl2 libtirpc3
rival rsyslogd rsyslog rsyslog rsyslog-relp --libs libestr0 libfastjson4 liblognorm5 librelp0
rival syslog-ng syslog-ng syslog-ng-core --libs libivykis0 libpcre3 libnet1 libwrap0 libnsl2 libtirpc3
