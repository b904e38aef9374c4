// What moves the virtual IP, on real machines: unicast where there is no multicast, checks, notify programs, mails, persistence.
import { readFileSync, writeFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import {
  disconnect,
  holder,
  holderWithin,
  inventoryWith,
  nodes,
  on,
  other,
  playbook,
  resetWithPackages,
  startLab,
  until,
} from './cluster.ts'
import { test } from './suite.ts'
import { watched } from './watched.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
})
test.after(() => disconnect())

const everywhere = (script: string) => Promise.all(nodes.map((node) => on(node, script)))

/** Brings the cluster to a level with something more in `cluster`. */
async function bring(level: 1 | 2, more: string): Promise<string> {
  const inventory = inventoryWith(more)
  const run = await playbook(`level${level}`, '--inventory', inventory)
  assert.is(run.code, 0, run.text)
  return inventory
}

test('unicast: a cluster comes up in a network that passes no multicast, and a rolling reboot loses nothing', async () => {
  // Ahead of ours: nobody hears an advert by multicast.
  const deaf = 'iptables -t raw -I PREROUTING -d 224.0.0.0/4 -j DROP; iptables -t raw -I OUTPUT -d 224.0.0.0/4 -j DROP'
  const unit = `cat >/etc/systemd/system/no-multicast.service <<'end'
[Unit]
DefaultDependencies=no
Before=network-pre.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c '${deaf}'
[Install]
WantedBy=sysinit.target
end
systemctl enable --now no-multicast`
  await everywhere(unit)
  const inventory = await bring(2, 'unicast: true')
  const { seen } = await watched('rolling-reboot', '--inventory', inventory)
  assert.ok(seen.samples.length > 100)
  assert.is(await on(await holder(), 'iptables -t raw -S OUTPUT | grep -c 224.0.0.0/4'), '1\n')
})

test('unicast: an instance of IPv6 as well, whose adverts go to no group', async () => {
  await everywhere('for chain in INPUT OUTPUT; do ip6tables -A $chain -p vrrp -j DROP; done')
  await everywhere('for chain in PREROUTING OUTPUT; do ip6tables -t raw -I $chain -d ff02::12 -j DROP; done')
  for (const [place, node] of nodes.entries()) await on(node, `ip address add fd00:6::${place + 2}/64 dev eth0 nodad`)
  const inventory = inventoryWith(
    'unicast: true\n  instances: { six: { vip: "fd00:6::9", virtual_router_id: 9, prefer: ns2 } }',
  )
  const text = readFileSync(inventory, 'utf8')
  writeFileSync(inventory, text.replaceAll(/address: 10\.2\.1\.([23]),/g, '$&  address6: "fd00:6::$1",'))
  const run = await playbook('level1', '--inventory', inventory)
  assert.is(run.code, 0, run.text)
  const holds = async (node: string) => (await on(node, 'ip -o address show to fd00:6::9')) !== ''
  await until(async () => assert.equal([await holds('ns1'), await holds('ns2')], [false, true]))
  await on('ns2', 'systemctl stop keepalived')
  await until(async () => assert.ok(await holds('ns1')))
  await on('ns2', 'systemctl start keepalived')
  await until(async () => assert.equal([await holds('ns1'), await holds('ns2')], [false, true]))
  assert.is((await playbook('verify', '--inventory', inventory)).code, 0)
  assert.match(await on('ns1', 'ip6tables -S INPUT'), 'vrrp6-in-ns2')
  await everywhere('for chain in PREROUTING OUTPUT; do ip6tables -t raw -D $chain -d ff02::12 -j DROP; done')
  await everywhere('for chain in INPUT OUTPUT; do ip6tables -D $chain -p vrrp -j DROP; done')
})

test('unicast: both sides of a firewall, each on its own interface, move together', async () => {
  for (const [place, node] of nodes.entries())
    await on(
      node,
      `ip link set eth1 up; ip address add 10.9.0.${place + 2}/24 dev eth1; iptables -A INPUT -i eth1 -p vrrp -j DROP`,
    )
  const inventory = inventoryWith(
    'unicast: true\n  sync: true\n  instances: { inside: { vip: 10.9.0.9, interface: eth1 } }',
  )
  const text = readFileSync(inventory, 'utf8')
  const wrong = text.replaceAll(/address: 10\.2\.1\.([23]),/g, '$&  addresses: { inside: 10.9.0.1$1 },')
  writeFileSync(inventory, wrong)
  const refused = await playbook('level1', '--inventory', inventory)
  assert.is(refused.code, 1, refused.text)
  assert.match(refused.text, /hosts\.ns1\.addresses\.inside: 10\.9\.0\.12 is not on eth1 of this host/)
  writeFileSync(inventory, wrong.replaceAll('10.9.0.1', '10.9.0.'))
  const run = await playbook('level1', '--inventory', inventory)
  assert.is(run.code, 0, run.text)
  const holds = async (node: string) => (await on(node, 'ip -o address show dev eth1 to 10.9.0.9')) !== ''
  // Who does not hear the other on eth1 takes the address there as well.
  const first = await holder()
  assert.equal([await holds(first), await holds(other(first))], [true, false])
  await on(first, 'systemctl stop keepalived')
  await holderWithin(10, other(first))
  await until(async () => assert.ok(await holds(other(first))))
  await on(first, 'systemctl start keepalived')
  await until(async () => assert.is((await playbook('verify', '--inventory', inventory)).code, 0))
  assert.equal([await holds(first), await holds(other(first))], [false, true])
  await everywhere('iptables -D INPUT -i eth1 -p vrrp -j DROP; ip address flush dev eth1')
})

test('persistence: one client stays with one node', async () => {
  const inventory = await bring(2, 'balancing: { persistence: 60 }\n  unicast: true')
  const check = await playbook('verify', '--inventory', inventory)
  assert.is(check.code, 0, check.text)
  assert.match(check.text, 'one client stays with one node')
})

/** What the SMTP server of the client has got. */
const mails = '/tmp/mails'
const smtpServer = `
import socket
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("10.2.1.10", 25))
server.listen(9)
while True:
    peer, _ = server.accept()
    peer.settimeout(20)
    lines, body = peer.makefile("rwb", 0), False
    lines.write(b"220 here\\r\\n")
    for line in lines:
        open("${mails}", "ab").write(line)
        if body:
            body = line != b".\\r\\n"
            if not body: lines.write(b"250 ok\\r\\n")
            continue
        body = line.upper().startswith(b"DATA")
        lines.write(b"354 go on\\r\\n" if body else b"221 bye\\r\\n" if line.upper().startswith(b"QUIT") else b"250 ok\\r\\n")
        if line.upper().startswith(b"QUIT"): break
    peer.close()
`

test('checks, notify programs and mails: the address leaves a node whose check fails, and people are told', async () => {
  await on('client', `cat >/tmp/smtp.py <<'end'\n${smtpServer}end\nsystemd-run --unit=smtp python3 -IS /tmp/smtp.py`)
  await everywhere(`touch /run/well /run/good
printf '#!/bin/sh\\necho "$1" >>/run/told\\n' >/usr/local/bin/told; chmod 755 /usr/local/bin/told`)
  const inventory = await bring(
    1,
    `unicast: true
  checks:
    well: { command: /usr/bin/test -e /run/well }
    good: { command: /usr/bin/test -e /run/good, weight: -20 }
    sleeper: { process: sleeper, weight: 5 }
  notify: { master: /usr/local/bin/told master, backup: /usr/local/bin/told backup, fault: /usr/local/bin/told fault }
  email: { to: [admin@example.com], from: keepalived@example.com, server: 10.2.1.10 }`,
  )
  const verify = () => playbook('verify', '--inventory', inventory)
  const first = await holder()
  const second = other(first)

  await on(first, 'rm /run/well')
  await holderWithin(15, second)
  const faulty = await verify()
  assert.is(faulty.code, 5, faulty.text)
  assert.equal(
    faulty.document.cluster!.findings.map(({ code, node }) => [code, node]),
    [['vrrp-fault', first]],
  )
  await on(first, 'touch /run/well')
  await until(async () => assert.is((await verify()).code, 0))
  assert.is(await holder(), second)

  await on(second, 'rm /run/good')
  await holderWithin(15, first)
  assert.is((await verify()).code, 0)
  await on(second, 'touch /run/good')

  await on(second, 'cp /bin/sleep /usr/local/bin/sleeper; systemd-run --unit=sleeper /usr/local/bin/sleeper 1000')
  await holderWithin(15, second)
  await on(second, 'systemctl stop sleeper')

  await until(async () => assert.match(await on(first, 'cat /run/told'), /fault\nbackup\nmaster\nbackup/))
  const mail = await on('client', `cat ${mails}`)
  assert.match(mail, /RCPT TO:<admin@example\.com>/)
  assert.match(mail, new RegExp(`Subject: \\[${first}\\].*MASTER`))
})

test('a check that hangs is ended, and counts as failed', async () => {
  await everywhere("printf '#!/bin/sh\\nexec /bin/sleep 300\\n' >/usr/local/bin/hangs; chmod 755 /usr/local/bin/hangs")
  const inventory = inventoryWith('unicast: true\n  checks: { hangs: { command: /usr/local/bin/hangs, timeout: 2 } }')
  const run = await playbook('level1', '--inventory', inventory)
  // The first node that has it is in FAULT: the other one is left alone, and the run is undone.
  assert.is(run.code, 5, run.text)
  assert.match(run.text, /back +the run is undone.*its VRRP is in FAULT/)
  await until(async () => assert.is((await playbook('verify', '--inventory', inventoryWith('unicast: true'))).code, 0))
  for (const node of nodes) assert.is(await on(node, 'pgrep -a -x sleep | grep -w 300 || true'), '')
})

test.run()
