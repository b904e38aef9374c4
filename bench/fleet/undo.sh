# Takes the work back, so that it can be done for the first time again.
systemctl -q disable --now keepalived 2>/dev/null
rm -f /etc/keepalived/keepalived.conf /etc/keepalived/notify.sh /etc/sysctl.d/60-work.conf
sed -i '/^master agentx$/d; /^rocommunity work /d' /etc/snmp/snmpd.conf
sed -i '/^250 work$/d' /etc/iproute2/rt_tables
sysctl -q -w net.ipv4.ip_nonlocal_bind=0 net.ipv4.ip_forward=0
iptables -w -D INPUT -p vrrp -j ACCEPT
iptables -w -D OUTPUT -p vrrp -j ACCEPT
iptables -w -D INPUT -p udp --dport 53 -j ACCEPT
systemctl restart snmpd
systemctl -q enable keepalived 2>/dev/null
echo changed=0
