#!/usr/bin/env bash
# Unpacks packages of the system's distribution into a private folder: no root, no installation, no service.
#
#   fetch-deb.sh DEST PACKAGE... [--libs PACKAGE...]
#
# DEST then looks like a root file system (DEST/usr/bin/...). It appears at once and complete, or not at all; a
# DEST that holds the same packages already is left alone. Packages after --libs are libraries whose names differ
# between releases: one that the package system does not know is skipped with a note. Nothing else is resolved:
# name every dependency that the system may lack.
set -euo pipefail

usage() {
  echo "usage: fetch-deb.sh DEST PACKAGE... [--libs PACKAGE...]" >&2
  exit 2
}

dest=${1-}
[[ -n $dest && $dest != -* ]] || usage
shift
packages=() libraries=() list=packages
for word; do
  case $word in
    --libs) list=libraries ;;
    -*) usage ;;
    *) if [[ $list == packages ]]; then packages+=("$word"); else libraries+=("$word"); fi ;;
  esac
done
((${#packages[@]})) || usage

wanted="${packages[*]} --libs ${libraries[*]-}"
if [[ -f $dest/.packages && $(<"$dest/.packages") == "$wanted" ]]; then
  exit 0
fi
for tool in apt-get apt-cache dpkg; do
  if ! command -v "$tool" >/dev/null; then
    echo "cannot fetch ${packages[*]}: this system has no $tool (only Debian and its relatives do)" >&2
    exit 1
  fi
done

mkdir -p "$(dirname -- "$dest")"
parent=$(cd -- "$(dirname -- "$dest")" && pwd -P)
dest=$parent/$(basename -- "$dest")
find "$parent" -maxdepth 1 -name '.fetch-deb.*' -mmin +60 -exec rm -rf -- {} + # left by a killed one
work=$(mktemp -d "$parent/.fetch-deb.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
mkdir "$work/debs" "$work/root"

apt_options=(-q -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20)
if ((EUID == 0)); then
  apt_options+=(-o APT::Sandbox::User=root)
fi

download() { # PACKAGE...: into $work/debs; what apt said is in $work/log
  (cd "$work/debs" && LC_ALL=C timeout 180 apt-get "${apt_options[@]}" download "$@") >"$work/log" 2>&1
}
refreshed=no
refresh_lists() { # only root can, and once is enough
  [[ $refreshed == no && $EUID == 0 ]] || return 1
  refreshed=yes
  echo "refreshing the package lists (apt-get update)" >&2
  LC_ALL=C timeout 180 apt-get "${apt_options[@]}" update >"$work/log" 2>&1
}

fetch() { # all at once, which is quicker; one by one when a library's name is another here
  local library
  if download "${packages[@]}" ${libraries[@]+"${libraries[@]}"}; then return; fi
  download "${packages[@]}" || return
  for library in ${libraries[@]+"${libraries[@]}"}; do
    download "$library" || echo "no package $library in this release; going on without it" >&2
  done
}

if ! fetch && ! { refresh_lists && fetch; }; then
  grep -E '^[EW]:' "$work/log" | head -5 >&2 || true
  as_root=$( ((EUID == 0)) || echo 'sudo ')
  echo "cannot download ${packages[*]}; try: ${as_root}apt-get update, then the same again" >&2
  exit 1
fi
for deb in "$work"/debs/*.deb; do
  dpkg -x "$deb" "$work/root"
done
chmod 755 "$work/root"
printf '%s\n' "$wanted" >"$work/root/.packages"
if [[ -e $dest ]]; then
  mv -T -- "$dest" "$work/replaced"
fi
mv -T -- "$work/root" "$dest"
