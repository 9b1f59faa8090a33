#!/usr/bin/env bash
# Brings a chain up, drives metrics through it, prints the report, and leaves it up to be looked at.
#
#   ./create.sh [local|aws|hosts FILE] [--rate 10M/min] [--duration 30s] [--yes]
#               aws: [--config FILE] [--key FILE] [--allow CIDR]... [--boot-seconds 240]
#
# local (the default) is this machine; on a terminal, with AWS credentials exported, it shows what AWS would cost and
# asks which of the two. hosts are the machines in FILE, over ssh; aws makes machines on EC2 first, and
# asks before. There the chain is brought up and its addresses printed; a load is driven through it where --rate or
# --duration is given. Exit 0: it is up, it carried the rate, and nothing was lost, doubled or torn; 1: not so, or it
# could not start; 2: bad usage; 130: interrupted.
# ./destroy.sh takes everything down again.
set -uo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P) || exit 1
readonly root descriptors_wanted=4096
child='' # process group of what is running for us

usage() {
  echo "${1:+$1; }usage: ./create.sh [local|aws|hosts FILE] [--rate 10M/min] [--duration 30s] [--yes]" >&2
  exit 2
}

where='' file='' rate=10M/min duration=30s yes=no load=() rig=() boot_seconds=240
while (($#)); do
  case $1 in
    local | aws | hosts)
      [[ -z $where ]] || usage "both $where and $1"
      where=$1
      if [[ $1 == hosts ]]; then
        [[ -n ${2-} && $2 != -* ]] || usage 'hosts: the FILE that lists them is missing'
        file=$2
        shift
      fi
      ;;
    --rate | --duration)
      [[ -n ${2-} ]] || usage "$1: a value is missing"
      if [[ $1 == --rate ]]; then rate=$2; else duration=$2; fi
      load+=("$1" "$2")
      shift
      ;;
    --config | --key | --allow)
      [[ -n ${2-} ]] || usage "$1: a value is missing"
      rig+=("$1" "$2")
      shift
      ;;
    --boot-seconds)
      [[ ${2-} =~ ^[1-9][0-9]{0,4}$ ]] || usage "$1: expected the seconds that the machines may take to answer"
      rig_only=$1 boot_seconds=$2
      shift
      ;;
    --yes) yes=yes ;;
    -h | --help) sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$root/create.sh" && exit 0 ;;
    *) usage "'$1' is not understood" ;;
  esac
  shift
done
rig_only=${rig_only-${rig[0]-}}
if [[ -n $rig_only && $where != aws ]]; then usage "$rig_only is for aws"; fi

step() { printf '\n== %s\n' "$1"; }

# In a process group of its own, so that Ctrl-C reaches it exactly once: through on_interrupt.
run() {
  set -m
  "$@" </dev/null 8>&- & # the chain that it leaves up must not hold our lock
  child=$!
  set +m
  wait "$child"
  local status=$?
  child=''
  return "$status"
}

on_interrupt() {
  trap '' INT TERM
  if [[ -n $child ]]; then
    kill -s INT -- "-$child" 2>/dev/null
    wait "$child"
  fi
  printf '\ninterrupted; of this checkout there is now:\n' >&2
  "$root/destroy.sh" --list >&2
  echo "to remove it: $root/destroy.sh" >&2
  exit 130
}
trap on_interrupt INT TERM

bench() { run "$root/scripts/node.sh" "$root/bench/main.ts" "$@"; }

look_here() {
  step "looking at this machine"
  "$root/scripts/preflight.sh" "$rate" "$duration" || exit
  if [[ $(ulimit -Sn) != unlimited ]] && (($(ulimit -Sn) < descriptors_wanted)); then
    ulimit -Sn "$descriptors_wanted" 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"
  fi
  echo "Linux, $(nproc) cores, $(df -Ph -- "$root" | awk 'NR == 2 { print $4 }') of disk free"
}

show_aws() { run "$root/scripts/node.sh" "$root/scripts/aws/create.ts" --show ${rig[@]+"${rig[@]}"}; }

choose() { # nobody said where, and there are credentials: local, unless the answer is aws
  local answer
  step "this machine, or AWS?"
  show_aws || {
    echo "AWS cannot be used now; going on with this machine" >&2
    return
  }
  read -r -p 'local or aws? [local] ' answer
  if [[ $answer == aws ]]; then where=aws yes=yes rig=(--planned); fi
}

make_aws() {
  if [[ $yes == no ]]; then
    step "what would be made"
    show_aws || exit
    [[ -t 0 ]] || {
      echo "nothing was made: nobody is there to be asked (--yes makes it)" >&2
      exit 1
    }
    local answer
    read -r -p 'make it? [y/N] ' answer
    [[ $answer == [yY]* ]] || {
      echo "nothing was made"
      exit 1
    }
    rig+=(--planned)
  fi
  step "making the machines"
  run "$root/scripts/node.sh" "$root/scripts/aws/create.ts" ${rig[@]+"${rig[@]}"} || exit
}

bring_up_machines() { # FILE [--boot-seconds N]
  step "bringing up the machines of $1"
  run "$root/scripts/node.sh" "$root/scripts/hosts/create.ts" "$@" || machines_stay
  if ((${#load[@]})); then
    step "sending $rate for $duration"
    bench run throughput --chain "$1" --rate "$rate" --duration "$duration" || machines_stay
  fi
}

machines_stay() { # what failed was over ssh: that machines on EC2 go on costing must not be left unsaid
  local status=$?
  if [[ $where == aws ]]; then
    echo "the machines on EC2 are up and cost money until ./destroy.sh, or until they end themselves" >&2
  fi
  exit "$status"
}

if [[ $where == local || -z $where ]]; then look_here; fi

mkdir -p "$root/.tools"
exec 8>"$root/.tools/create.lock"
if ! flock -n 8; then
  echo "another create.sh is at work in $root: wait for its end" >&2
  exit 1
fi

step "setting up"
run "$root/scripts/setup.sh" || exit 1
echo "Node $("$root/scripts/node.sh" --version), packages and tools are there"

if [[ -z $where && -t 0 && -t 1 && -n ${AWS_ACCESS_KEY_ID-}${AWS_PROFILE-} ]]; then choose; fi
case $where in
  hosts)
    bring_up_machines "$file"
    exit
    ;;
  aws)
    make_aws
    bring_up_machines "$root/infra/hosts.yaml" --boot-seconds "$boot_seconds"
    exit
    ;;
esac

step "starting the chain"
if bench status >/dev/null 2>&1; then
  echo "a chain is up already: using it (./destroy.sh takes it down)"
else
  # A chain that is not whole, or processes whose folder somebody removed; a scenario run beside us is neither.
  if [[ -e $root/.spillway/local || (! -e $root/.spillway && $("$root/destroy.sh" --here --list) != nothing*) ]]; then
    echo "remains of an earlier chain are there: taking them down first"
    "$root/destroy.sh" --here || exit 1
  fi
  bench up || {
    echo "the chain did not start; what is left of it: ./destroy.sh" >&2
    exit 1
  }
fi

step "sending $rate for $duration"
out=$root/results/create-$(date +%Y%m%d-%H%M%S)
bench run throughput --attach --rate "$rate" --duration "$duration" --out "$out"
run_status=$?

step "result"
if [[ -f $out/result.json ]]; then
  "$root/scripts/node.sh" "$root/scripts/explain-result.ts" "$out/result.json"
  result_status=$?
  echo "report: $out/report.html"
else
  echo "the run ended with status $run_status and left no result" >&2
  result_status=1
fi

step "the chain stays up"
cat <<TEXT
  scripts/enter instance2                     a shell inside an instance (instanceid, lsevents)
  scripts/enter instance2 lsevents --watch    what arrives and leaves there
  scripts/tmux.sh                             all instances at once, typed to together
  npm run bench -- status                     addresses and processes
  ./destroy.sh                                takes everything down
TEXT
((run_status == 0 && result_status == 0))
