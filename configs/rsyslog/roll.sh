#!/bin/sh
# roll.sh LINK: the link pointed to .../events-000007.log, now it points to .../events-000008.log.
# rsyslogd then opens the link again; files keep their names, and sort in the order they were written.
target=$(readlink "$1") || exit 1
number=${target##*-}
number=$(echo "${number%.log}" | sed 's/^0*//')
ln -sfn "${target%-*}-$(printf %06d $((number + 1))).log" "$1"
