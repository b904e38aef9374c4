#!/bin/bash
# Written by keepalived-playbooks; changes by hand are replaced by the next run.
# Answers from the second address go back through the virtual IP, whoever holds it; everything else stays on the first.
#   routes.sh start|watch|stop
set -eu
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

vip=10.2.1.5
network=10.2.1.0/24
dev0=eth0
ip0=10.2.1.2
dev1=eth1
ip1=10.2.1.6
table0=20
table1=21

# The lock below is nothing that ip may have: SELinux would forbid it.
ip() { command ip "$@" 9>&-; }
has() { ip -o -4 address show dev "$1" to "$2" 2>/dev/null | grep -q .; }

# rule ADDRESS TABLE: exactly one rule. The kernel looks them up in the order of their priorities.
rule() {
  if [ "$(own_rules "$1")" != "$((1000 + $2)) $2" ]; then
    no_rule "$1"
    # To an old kernel, one that NetworkManager has set is the same.
    ip -4 rule add from "$1" table "$2" priority $((1000 + $2)) 2>/dev/null ||
      ip -N -4 rule show from "$1" | grep -q "^$((1000 + $2)):.* lookup $2 "
  fi
}
# Only a rule of ours has a priority that follows from its table; others' stay, and so do those of NetworkManager (`proto`).
own_rules() {
  ip -N -4 rule show from "$1" | sed -nE 's/^([0-9]+):[[:space:]]+from [0-9.]+ lookup ([0-9]+) *$/\1 \2/p' |
    while read -r priority table; do
      if [ "$priority" = $((1000 + table)) ]; then echo "$priority $table"; fi
    done
}
no_rule() {
  own_rules "$1" | while read -r priority table; do
    ip -4 rule delete from "$1" table "$table" priority "$priority"
  done
}
# only TABLE DESTINATION…: no other routes, as those of an earlier virtual IP.
only() {
  ip -N -4 route show table "$1" | while read -r destination _; do
    case " $* " in
    *" $destination "*) ;;
    *) ip -4 route delete "$destination" table "$1" ;;
    esac
  done
}

case ${1:-} in
start)
  for _ in {1..60}; do
    if has "$dev0" "$ip0" && has "$dev1" "$ip1"; then break; fi
    sleep 1
  done
  has "$dev0" "$ip0" || { echo "routes.sh: $ip0 is not on $dev0" >&2; exit 1; }
  has "$dev1" "$ip1" || { echo "routes.sh: $ip1 is not on $dev1" >&2; exit 1; }
  # One at a time: keepalived, a playbook and the watch may all come at once.
  exec 9>/run/keepalived-routes.lock
  flock 9
  # Everything beyond the network goes as the main table says, as without us.
  ip -4 route replace "$network" dev "$dev0" src "$ip0" table "$table0"
  only "$table0" "$network"
  # On the holder the virtual IP is its own address, which the kernel takes for a gateway only with this route beside it.
  ip -4 route replace "$vip/32" dev "$dev1" scope link table "$table1"
  ip -4 route replace default via "$vip" dev "$dev1" table "$table1"
  only "$table1" "$vip" default
  rule "$ip0" "$table0"
  rule "$ip1" "$table1"
  ;;
watch)
  # A network manager that sets its interfaces up anew takes away what it does not know. We listen before the first start, so
  # that nothing is missed in between; a start that fails, since an interface is not ready yet, is tried again.
  { echo begin; exec ip -N -4 -o monitor address route rule; } | while read -r event; do
    case $event in
    begin | Deleted*"from $ip0 "* | Deleted*"from $ip1 "* | Deleted*"table $table0"* | Deleted*"table $table1"*) ;;
    Deleted*) continue ;;
    *"inet $ip0/"* | *"inet $ip1/"*) ;;
    *) continue ;;
    esac
    until "$0" start; do sleep 1; done
  done
  ;;
stop)
  no_rule "$ip0"
  no_rule "$ip1"
  ip -4 route flush table "$table0" 2>/dev/null || true
  ip -4 route flush table "$table1" 2>/dev/null || true
  ;;
*)
  echo 'usage: routes.sh start|watch|stop' >&2
  exit 2
  ;;
esac
