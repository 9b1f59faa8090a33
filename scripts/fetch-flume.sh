#!/usr/bin/env bash
# Puts real Apache Flume into .tools/flume/lib: the jars that bench/tools/flume/pom.xml names, by Maven from Maven
# Central, each checked against bench/tools/flume/jars.sha256. Needs a JDK or JRE (8 or later) and mvn; nothing of the
# system, nor ~/.m2, is touched. Not part of scripts/setup.sh: about 100 MB come over the network.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
source_dir=$root/bench/tools/flume
dest=$root/.tools/flume
plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1

right() { # DIR: holds exactly the jars that are wanted
  [[ -d $1 ]] && (cd "$1" && sha256sum --check --quiet --strict "$source_dir/jars.sha256" >&2)
}

if [[ -d $dest/lib ]] && right "$dest/lib" 2>/dev/null; then
  echo "flume is in $dest" >&2
  exit 0
fi
for program in java mvn; do
  if ! command -v "$program" >/dev/null; then
    as_root=$( ((EUID == 0)) || echo 'sudo ')
    echo "cannot fetch flume: $program is missing; on Debian: ${as_root}apt-get install default-jre-headless maven" >&2
    exit 1
  fi
done

mkdir -p "$root/.tools"
work=$(mktemp -d "$root/.tools/.fetch-flume.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
echo "getting Apache Flume by Maven (half a minute)" >&2
# -C: a checksum that Maven Central gives and that does not fit ends it.
if ! mvn -B -C -q -f "$source_dir/pom.xml" -Dmaven.repo.local="$work/repository" \
  "$plugin:copy-dependencies" -DoutputDirectory="$work/root/lib" -DincludeScope=runtime >"$work/log" 2>&1; then
  grep -m5 ERROR "$work/log" >&2 || tail -5 "$work/log" >&2
  echo "Maven could not get flume; check the network, or a proxy in ~/.m2/settings.xml" >&2
  exit 1
fi
if ! right "$work/root/lib"; then
  echo "the jars are not those of bench/tools/flume/jars.sha256; nothing was kept" >&2
  exit 1
fi
if [[ -e $dest ]]; then
  mv -T -- "$dest" "$work/replaced"
fi
mv -T -- "$work/root" "$dest"
echo "flume is in $dest" >&2
