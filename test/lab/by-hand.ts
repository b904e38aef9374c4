import { conf2, snatRule, zoneFile } from '../adoption/article.ts'

/** The files of the article's level 2, and what iptables keeps of it. */
export const filesByHand: readonly string[] = [
  '/etc/bind/named.conf.local',
  '/etc/bind/load.balance.zone',
  '/etc/default/keepalived',
  '/etc/snmp/snmpd.conf',
  '/etc/keepalived/keepalived.conf',
  '/etc/keepalived/keepalived-notify.sh',
  '/etc/sysctl.d/99-sysctl.conf',
  '/etc/iptables/rules.v4',
]

const write = (path: string, text: string, how = '>') => `mkdir -p "$(dirname ${path})"
cat ${how}${path} <<'END'
${text.trimEnd()}
END`

/** The article's steps to level 2 on a node with its packages, with Debian's places. @param number of the node */
export const level2ByHand = (number: number): string => `set -e
${write('/etc/bind/load.balance.zone', zoneFile.replace('nameserver-1', `nameserver-${number}`))}
${write('/etc/bind/named.conf.local', 'zone "load.balance" {\n    type master;\n    file "/etc/bind/load.balance.zone";\n};', '>>')}
systemctl enable -q --now named
systemctl reload named
${write('/etc/default/keepalived', 'DAEMON_ARGS="-x"', '>>')}
${write('/etc/snmp/snmpd.conf', 'master agentx\nrocommunity public')}
systemctl enable -q snmpd
systemctl restart snmpd
${write(
  '/etc/keepalived/keepalived-notify.sh',
  '#!/bin/sh\numask -S u=rwx,g=rx,o=rx\nexec echo "[$(date -Iseconds)]" "$0" "$@" >>"/var/run/keepalived.$1.$2.state"',
)}
chmod 755 /etc/keepalived/keepalived-notify.sh
${write('/etc/keepalived/keepalived.conf', conf2)}
iptables -I INPUT -p vrrp -d 224.0.0.18 -j ACCEPT
iptables -I OUTPUT -p vrrp -d 224.0.0.18 -j ACCEPT
iptables -t nat ${snatRule.replace('-A POSTROUTING', '-I POSTROUTING 1')}
mkdir -p /etc/iptables
iptables-save >/etc/iptables/rules.v4
${write('/etc/sysctl.d/99-sysctl.conf', 'net.ipv4.ip_forward=1\nnet.ipv4.vs.conntrack=1', '>>')}
modprobe ip_vs
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv4/vs/conntrack
systemctl enable -q keepalived
systemctl restart keepalived`
