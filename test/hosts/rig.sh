#!/usr/bin/env bash
# Machines for the tests of `./create.sh hosts`, on this one: network namespaces, each with its own sshd, address,
# processes and /opt, on a bridge in a namespace of its own, with delay and loss between them.
#
#   rig.sh WORK COUNT KEY.pub     prints `ready; CONDITIONS`, then waits; everything is gone when its standard input
#                                 is closed. Its child is in the namespace that reaches them (nsenter --net):
#                                 10.99.0.11, 10.99.0.12, ...
#
# WORK is an empty folder for what the hosts write. Nothing outside it and these namespaces is touched: no address,
# bridge or mount of the machine's own. Root only. .tools/openssh-server must be there (scripts/fetch-deb.sh).
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
readonly delay=2ms loss=0.1%

if [[ ${1-} != --inside ]]; then
  # A pid namespace of its own: whatever the hosts start ends with its first process.
  exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" --inside "$@" 3<&0
fi
work=$2 count=$3 key=$4
sshd=$root/.tools/openssh-server

host() { # NUMBER: what a machine is, from the inside; stays in the foreground as its sshd
  local home=$work/host$1
  mkdir -p "$home"/{opt,bin,profile.d,tmp,etc}
  hostname "host$1"
  cp -- "$key" "$home/etc/authorized_keys"
  cp /etc/passwd "$home/etc/passwd"
  echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin' >>"$home/etc/passwd"
  ssh-keygen -q -t ed25519 -N '' -f "$home/etc/host_key" </dev/null
  if [[ -n ${SPILLWAY_TEST_ETCD-} ]]; then
    install -m 755 "$SPILLWAY_TEST_ETCD" "$home/bin/etcd" # a machine that has etcd
  fi
  mount --bind "$home/etc/passwd" /etc/passwd
  mount --bind "$home/profile.d" /etc/profile.d
  mount --bind "$home/bin" /usr/local/bin
  mount --bind "$home/opt" /opt
  mount -t tmpfs none /dev/shm
  mount -t tmpfs none /run
  mkdir -p /run/sshd /run/program
  mount --bind "$sshd" /run/program
  mkdir -p /run/etc
  mount --bind "$home/etc" /run/etc
  mount --bind "$home/tmp" /tmp # with it goes whatever lies there, perhaps WORK itself
  chmod 1777 /tmp
  if [[ -d $root ]]; then mount -t tmpfs none "$root"; fi # a machine has no checkout; one below /tmp is hidden already
  if [[ -d /root ]]; then mount -t tmpfs -o mode=700 none /root; fi
  cd /
  ip link set lo up
  libraries=/run/program/usr/lib/$(uname -m)-linux-gnu
  exec env -i LD_LIBRARY_PATH="$libraries" /run/program/usr/sbin/sshd -D -e -f /dev/null \
    -o HostKey=/run/etc/host_key -o AuthorizedKeysFile=/run/etc/authorized_keys -o StrictModes=no \
    -o PidFile=none -o UsePAM=no -o PasswordAuthentication=no -o PermitRootLogin=prohibit-password \
    -o 'SetEnv=PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin' >/run/etc/sshd.log 2>&1
}
if [[ $work == --host ]]; then
  work=$5
  host "$3"
fi

mount --make-rprivate /
ip link set lo up
ip link add hub type bridge
ip address add 10.99.0.1/24 dev hub
ip link set hub up
conditions="no delay and no loss: this kernel has no netem"
for ((number = 1; number <= count; number++)); do
  unshare --net --mount --pid --uts --ipc --fork --kill-child --mount-proc \
    "$0" --inside --host "$number" "$key" "$work" </dev/null 3<&- &
  pid=$!
  ip link add "h$number" type veth peer name "p$number"
  ip link set "h$number" master hub up
  until child=$(cat "/proc/$pid/task/$pid/children") && [[ -n $child ]] &&
    [[ $(readlink "/proc/${child% }/ns/net") != "$(readlink /proc/$$/ns/net)" ]]; do sleep 0.02; done
  child=${child% }
  ip link set "p$number" netns "$child" name eth0
  enter=(nsenter --target "$child" --net)
  "${enter[@]}" ip address add "10.99.0.$((10 + number))/24" dev eth0
  "${enter[@]}" ip link set eth0 up
  if "${enter[@]}" tc qdisc add dev eth0 root netem delay "$delay" loss "$loss" 2>/dev/null; then
    conditions="delay $delay, loss $loss"
  fi
done
for ((number = 1; number <= count; number++)); do
  for ((tries = 0; ; tries++)); do
    if (exec 4<>"/dev/tcp/10.99.0.$((10 + number))/22") 2>/dev/null; then break; fi
    if ((tries >= 600)); then echo "host$number has no sshd: $(cat "$work/host$number/etc/sshd.log" 2>&1)" >&2; exit 1; fi
    sleep 0.05
  done
done
echo "ready; $conditions"
cat <&3 >/dev/null
