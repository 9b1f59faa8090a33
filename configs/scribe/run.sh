#!/bin/sh
# run.sh PROGRAM FILE STOP...: runs scribed. SIGTERM would end it at once, and what is in its queues would be lost: STOP, a
# command, asks it to end instead.
program=$1 file=$2
shift 2
"$program" -c "$file" &
scribed=$!
trap '"$@" || kill -9 "$scribed"; wait "$scribed"; exit "$?"' TERM
wait "$scribed"
