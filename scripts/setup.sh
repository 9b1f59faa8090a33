#!/usr/bin/env bash
# Gets what the project needs and this machine lacks: npm packages (Node 24 among them), a real etcd, and the
# forwarders that the bench compares with.
#
# Idempotent, and quick when nothing is to do: create.sh and `npm test` call it every time. Everything lands in
# node_modules/ and .tools/ of this checkout. Exit 1 without npm packages; without etcd it says so and goes on,
# because the chain on one machine also runs on the static registry. --retry: try again at once what failed.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cd -- "$root"
case $* in
  '' | --retry) ;;
  *) echo "usage: scripts/setup.sh [--retry]" >&2 && exit 2 ;;
esac

stamp=node_modules/.spillway-setup
wanted="$(sha256sum <package-lock.json) $(uname -m)"

packages_current() {
  [[ -f $stamp && $(<"$stamp") == "$wanted" ]] && scripts/node.sh >/dev/null 2>&1
}

# Whoever ran `npm install` or `npm ci` has what the lock file asks for: npm's own record says so.
packages_match_lock() {
  [[ -f node_modules/.package-lock.json ]] && command -v node >/dev/null && node -e '
    const [wanted, installed] = ["package-lock.json", "node_modules/.package-lock.json"].map(
      (file) => JSON.parse(require("fs").readFileSync(file, "utf8")).packages,
    );
    const same = (path) =>
      path === "" || (installed[path] ? installed[path].version === wanted[path].version : wanted[path].optional);
    process.exit(Object.keys(wanted).every(same) ? 0 : 1);
  ' && scripts/node.sh >/dev/null 2>&1
}

install_packages() {
  if ! command -v npm >/dev/null; then
    echo "npm is missing: install Node.js 20 or later with npm, for example: apt-get install nodejs npm" >&2
    exit 1
  fi
  if [[ -L node_modules ]]; then # npm would empty it for whoever it belongs to
    echo "node_modules is a link, and not what package-lock.json asks for: run scripts/setup.sh where $(readlink -f node_modules) is" >&2
    exit 1
  fi
  echo "setup: installing npm packages (npm ci)" >&2
  if ! npm ci --loglevel=error --no-audit --no-fund >.tools/npm.log 2>&1; then
    head -12 .tools/npm.log >&2
    echo "npm ci failed (all it said: $root/.tools/npm.log); without its packages nothing runs" >&2
    echo "  check the network and: npm config get registry; then run scripts/setup.sh again" >&2
    exit 1
  fi
  if ! scripts/node.sh >/dev/null; then
    echo "npm left out the optional dependency that brings Node 24; try: npm ci --include=optional" >&2
    exit 1
  fi
}

if ! packages_current; then
  mkdir -p .tools
  exec 9>.tools/setup.lock
  flock 9 # two at once: the second finds the work done
  if ! packages_current; then
    packages_match_lock || install_packages
    echo "$wanted" >"$stamp"
  fi
  exec 9>&-
fi
mkdir -p .tools
flock .tools/setup.lock scripts/fetch-etcd.sh "$@" || true
flock .tools/setup.lock scripts/fetch-rivals.sh "$@"
