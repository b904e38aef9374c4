import { conf2, snatRule, zoneFile } from '../adoption/article.ts'

/** Where a distribution has what the article's steps write. */
export interface Places {
  zoneFile: string
  /** The configuration of named that gets the zone, and the file of ours that takes its place. */
  namedConf: string
  health: string
  /** The options of keepalived, and the line that has SNMP in it. */
  options: string
  snmpOption: string
  rules: string
  /** Puts the packages there, and what the steps take for granted. */
  prepare: string
  /** Keeps the rules of iptables for the next boot. */
  save: string
}

export const debian: Places = {
  zoneFile: '/etc/bind/load.balance.zone',
  namedConf: '/etc/bind/named.conf.local',
  health: '/etc/bind/named.conf.health',
  options: '/etc/default/keepalived',
  snmpOption: 'DAEMON_ARGS="-x"',
  rules: '/etc/iptables/rules.v4',
  prepare: '',
  save: 'mkdir -p /etc/iptables; iptables-save >/etc/iptables/rules.v4',
}

/** Of Enterprise Linux, with the iptables service, as the article has it. */
export const enterprise: Places = {
  zoneFile: '/var/named/zones/load.balance.zone',
  namedConf: '/etc/named.conf',
  health: '/etc/named/named.conf.health',
  options: '/etc/sysconfig/keepalived',
  snmpOption: 'KEEPALIVED_OPTIONS="-D -x"',
  rules: '/etc/sysconfig/iptables',
  prepare: `dnf -q -y install bind bind-utils keepalived ipvsadm net-snmp nmap-ncat iptables-services perl-interpreter perl-Socket
systemctl disable -q --now firewalld
systemctl enable -q --now iptables
iptables -F; iptables -X
sed -i 's/listen-on port 53 .*/listen-on port 53 { any; };/' /etc/named.conf
setsebool -P keepalived_connect_any on`,
  save: 'service iptables save; chcon -t keepalived_unconfined_script_exec_t /etc/keepalived/keepalived-notify.sh',
}

/** The files of the article's level 2, and what iptables keeps of it. */
export const filesByHand = (places: Places): readonly string[] => [
  ...[places.namedConf, places.zoneFile, places.options, places.rules],
  '/etc/snmp/snmpd.conf',
  '/etc/keepalived/keepalived.conf',
  '/etc/keepalived/keepalived-notify.sh',
  '/etc/sysctl.d/99-sysctl.conf',
]

const write = (path: string, text: string, how = '>') => `mkdir -p "$(dirname ${path})"
cat ${how}${path} <<'END'
${text.trimEnd()}
END`

/** The article's steps to level 2. @param number of the node */
export const level2ByHand = (number: number, places: Places): string => `set -e
${places.prepare}
${write(places.zoneFile, zoneFile.replace('nameserver-1', `nameserver-${number}`))}
${write(places.namedConf, `zone "load.balance" {\n    type master;\n    file "${places.zoneFile}";\n    allow-query { any; };\n};`, '>>')}
systemctl enable -q --now named
systemctl reload named
${write(places.options, places.snmpOption, '>>')}
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
${places.save}
${write('/etc/sysctl.d/99-sysctl.conf', 'net.ipv4.ip_forward=1\nnet.ipv4.vs.conntrack=1', '>>')}
modprobe ip_vs
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv4/vs/conntrack
systemctl enable -q keepalived
systemctl restart keepalived`
