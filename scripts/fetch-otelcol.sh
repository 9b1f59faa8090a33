#!/usr/bin/env bash
# Builds the OpenTelemetry Collector of bench/tools/otelcol/builder.yaml into .tools/otelcol/bin/otelcol by its own
# builder. Needs Go; modules come by Go's proxy and are checked against its checksum database. Not part of
# scripts/setup.sh: it takes about ten minutes of one core and 2 GB of disk meanwhile.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
spec=$root/bench/tools/otelcol/builder.yaml
dest=$root/.tools/otelcol
version=$(sed -n 's/^  version: //p' "$spec")

if [[ -x $dest/bin/otelcol && $("$dest/bin/otelcol" --version) == *" $version" ]]; then
  echo "otelcol $version is in $dest" >&2
  exit 0
fi
if ! command -v go >/dev/null; then
  echo "cannot build otelcol: go is missing; see https://go.dev/doc/install (1.25 or later)" >&2
  exit 1
fi
mkdir -p "$root/.tools"
work=$(mktemp -d "$root/.tools/.fetch-otelcol.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
export GOPATH=$work/go GOCACHE=$work/cache GOFLAGS="-p=1 -modcacherw"
echo "building the OpenTelemetry Collector $version (about ten minutes)" >&2
(
  cd "$work"
  go install "go.opentelemetry.io/collector/cmd/builder@v$version"
  "$GOPATH/bin/builder" --config "$spec"
) >"$work/log" 2>&1 || {
  tail -5 "$work/log" >&2
  exit 1
}
mkdir -p "$work/root/bin"
mv -- "$work/build/otelcol" "$work/root/bin/otelcol"
if [[ -e $dest ]]; then
  mv -T -- "$dest" "$work/replaced"
fi
mv -T -- "$work/root" "$dest"
echo "otelcol $version is in $dest" >&2
