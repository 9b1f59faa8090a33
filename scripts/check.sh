#!/usr/bin/env bash
# Everything that can be said of the code without running it; one line a part (`ok - ...` or `not ok - ...`).
# Goes on after a failure, so that one run shows all. Exit 1 when any part failed.
set -uo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1
PATH=$PWD/node_modules/.bin:$PATH
status=0

part() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    echo "ok - $name"
  else
    echo "not ok - $name"
    status=1
  fi
}

part 'format and lint' biome ci --error-on-warnings --colors=off .
part 'types' tsc
part 'which folder imports which' node scripts/check-directions.ts
part 'every configuration loads' node scripts/check-configs.ts
part 'no rig is up in the committed state' node scripts/check-state.ts
exit "$status"
