#!/bin/sh
# Finds the Node this project runs on, for everything that is started outside npm.
#
# `scripts/node.sh ARGS...` becomes that Node; without arguments it prints its path. It is the one in
# node_modules (pinned in package.json) or, where that is missing, a system Node of 24 or later.
root=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
node="$root/node_modules/.bin/node"
if [ ! -x "$node" ]; then
  node=$(command -v node) || node=
  if [ -z "$node" ] || ! "$node" -e 'process.exit(parseInt(process.versions.node, 10) >= 24 ? 0 : 1)'; then
    echo "no Node 24 in $root/node_modules; run: $root/scripts/setup.sh" >&2
    exit 1
  fi
fi
if [ $# -eq 0 ]; then
  printf '%s\n' "$node"
else
  exec "$node" "$@"
fi
