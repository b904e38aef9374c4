# The work that tools are compared by, as one script: twelve desired states, each looked at and only then changed. What
# bench/ansible/site.yaml says, in bash. Prints how many were changed.
changed=0

# Writes stdin to a file unless it is there. @returns whether it was
written() {
  local wanted
  wanted=$(cat; echo .)
  [ "$(cat "$1" 2>/dev/null; echo .)" = "$wanted" ] && return 1
  printf %s "${wanted%.}" >"$1" && chmod "$2" "$1"
  changed=$((changed + 1))
}
# Appends a line to a file unless it is there.
line() {
  grep -qxF -- "$1" "$2" 2>/dev/null && return 1
  printf '%s\n' "$1" >>"$2"
  changed=$((changed + 1))
}
# Sets a value of the kernel, now and at boot.
value() {
  local new
  line "$1 = $2" /etc/sysctl.d/60-work.conf && new=1
  [ "$(sysctl -n "$1")" = "$2" ] || { sysctl -q -w "$1=$2" && new=${new:-$((changed++))}; }
  true
}
rule() {
  iptables -w -C "$@" 2>/dev/null && return
  iptables -w -A "$@" && changed=$((changed + 1))
}

for package in keepalived iptables snmpd; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package")" = installed ] || exit 1
done
name=$(</proc/sys/kernel/hostname)
written /etc/keepalived/keepalived.conf 644 <<END && again=1
global_defs {
    router_id $name
    enable_script_security
    script_user root
}
vrrp_instance work {
    state BACKUP
    interface eth0
    virtual_router_id 250
    priority 100
    nopreempt
    advert_int 1
    virtual_ipaddress {
        10.4.3.250/16
    }
    notify /etc/keepalived/notify.sh
}
END
written /etc/keepalived/notify.sh 755 <<'END' && again=1
#!/bin/sh
logger -t keepalived-notify "$1 $2 is $3"
END
line 'master agentx' /etc/snmp/snmpd.conf && snmp=1
line 'rocommunity work 127.0.0.1' /etc/snmp/snmpd.conf && snmp=1
value net.ipv4.ip_nonlocal_bind 1
value net.ipv4.ip_forward 1
rule INPUT -p vrrp -j ACCEPT
rule OUTPUT -p vrrp -j ACCEPT
rule INPUT -p udp --dport 53 -j ACCEPT
line '250 work' /etc/iproute2/rt_tables
[ -z "${snmp-}" ] || systemctl restart snmpd
if ! systemctl -q is-enabled keepalived || ! systemctl -q is-active keepalived; then
  systemctl -q enable --now keepalived 2>/dev/null
  changed=$((changed + 1))
elif [ -n "${again-}" ]; then systemctl reload keepalived; fi
echo "changed=$changed"
