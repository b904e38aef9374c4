// Damage done by hand to a cluster of level 2: check mode finds all of it, the run repairs all of it and nothing else.
import { test } from './suite.ts'
import * as assert from 'uvu/assert'
import { disconnect, holderWithin, nodes, on, other, playbook, startLab } from './cluster.ts'

const [node] = nodes
const conf = '/etc/keepalived/keepalived.conf'

test.before(async () => {
  await startLab()
  // What a boot has loaded is not noted anywhere: a file touched later would count as changed.
  await Promise.all(nodes.map((name) => on(name, `touch -c ${conf}`)))
  assert.is((await playbook('level2')).code, 0)
})
test.after(() => disconnect())

/** What is done to a node, and how the names of the tasks begin that have to find it. */
type Damage = [name: string, script: string, tasks: string[]]

const dropIn = '/etc/systemd/system/keepalived.service.d/keepalived-playbooks.conf'

/** Rounds of damage for each node; in a round no two damages of a node are found by the same task. */
const rounds: Record<(typeof nodes)[number], Damage[]>[] = [
  {
    ns1: [
      ['the SNAT rule deleted', 'iptables -t nat -F POSTROUTING', ['iptables rule snat']],
      ['a sysctl changed', 'echo 0 >/proc/sys/net/ipv4/vs/conntrack', ['sysctl net.ipv4.vs.conntrack']],
      [
        'keepalived.conf edited beside the secret, and loaded',
        `sed -i 's/auth_type PASS/& /; /10\\.2\\.1\\.3/,/}/s/retry 2/retry 9/' ${conf}; systemctl reload keepalived`,
        [`file ${conf}`, 'service keepalived '],
      ],
      ['named stopped', 'systemctl stop named', ['service named', 'named answers']],
      ['the host name gone from /etc/hosts', `sed -i '/ns1/d' /etc/hosts`, ['host name']],
    ],
    ns2: [
      ['a DROP before the VRRP rule', 'iptables -I INPUT 1 -p 112 -j DROP', ['iptables rule vrrp-in']],
      [
        'the rules at boot emptied',
        'echo true >/etc/keepalived/iptables.sh',
        ['file /etc/keepalived/iptables.sh', 'service keepalived-iptables'],
      ],
      ['the module not loaded at boot', 'rm /etc/modules-load.d/ip_vs.conf', ['file /etc/modules-load.d/ip_vs.conf']],
      ['a file touched after the service loaded it, and the same as before', `touch ${conf}`, []],
      [
        'the zone edited',
        `sed -i s/nameserver-2/nameserver-9/ /etc/bind/load.balance.zone; rndc reload`,
        ['file /etc/bind/load', 'service named', 'named answers'],
      ],
    ],
  },
  {
    ns1: [
      ['the sysctls at boot removed', 'rm /etc/sysctl.d/99-zz-keepalived.conf', ['file /etc/sysctl.d']],
      ['keepalived stopped', 'systemctl stop keepalived', ['service keepalived ', 'service keepalived-watch']],
      ['snmpd stopped', 'systemctl stop snmpd', ['service snmpd']],
    ],
    ns2: [
      ['the drop-in removed', `rm ${dropIn}`, [`file ${dropIn}`, 'service keepalived ']],
      [
        'the notify script not executable',
        'chmod 644 /etc/keepalived/keepalived-notify.sh',
        ['file /etc/keepalived/keepalived-notify.sh'],
      ],
    ],
  },
  {
    ns1: [['keepalived.conf readable by all', `chmod 644 ${conf}`, [`file ${conf}`, 'service keepalived ']]],
    ns2: [['keepalived disabled', 'systemctl disable -q keepalived', ['service keepalived ']]],
  },
  {
    ns1: [],
    ns2: [
      [
        'keepalived.conf edited, and not loaded',
        `sed -i 's/advert_int 1/advert_int 2/' ${conf}`,
        [`file ${conf}`, 'service keepalived '],
      ],
    ],
  },
]
for (const [index, round] of rounds.entries()) {
  const names = nodes.flatMap((name) => round[name].map(([damage]) => `${name}: ${damage}`))
  test(`round ${index + 1}: ${names.join('; ')}`, async () => {
    await Promise.all(nodes.map((name) => on(name, round[name].map(([, script]) => script).join('\n'))))
    const check = await playbook('level2', '--check', '--diff', '--verbose')
    assert.is(check.code, 2, check.text)
    const said = check.text + JSON.stringify(check.document)
    assert.not.match(said, 'KPSjXfRG')
    if (index === 0) assert.match(said, 'auth_pass ********')
    const found = check.document.hosts!.map(({ changes }) => changes.map(({ task }) => task))
    for (const [place, name] of nodes.entries()) {
      const wanted = round[name].flatMap(([, , tasks]) => tasks)
      const missing = wanted.filter((task) => !found[place]!.some((one) => one.startsWith(task)))
      assert.equal(missing, [], `${name} has not found: ${missing.join('; ')}`)
      assert.is(found[place]!.length, wanted.length, `${name}: ${found[place]!.join('; ')}`)
    }
    const run = await playbook('level2', '--no-verify')
    assert.is(run.code, 0, run.text)
    assert.equal(
      run.document.hosts!.map(({ changes }) => changes.map(({ task }) => task)),
      found,
    )
  })
}

test('others’ rules are left alone, and the repaired cluster is well', async () => {
  const run = await playbook('level2')
  assert.is(run.code, 0, run.text)
  // Newer iptables saves numbers.
  assert.match(await on('ns2', 'iptables-save'), /-A INPUT -p (vrrp|112) -j DROP/)
  await on('ns2', 'iptables -D INPUT -p 112 -j DROP')
})

test('the secret is in no world-readable file', async () => {
  for (const name of nodes) {
    const readable = await on(
      name,
      `grep -rlF KPSjXfRG /etc /run /var/lib /var/log /tmp 2>/dev/null | xargs -r stat -c '%a %n' | grep -v '[0-9]0 ' || true`,
    )
    assert.is(readable, '')
  }
})

test('rollback: the newest run is undone, and the playbook repairs it again', async () => {
  const damage = `
sed -i 's/router_id ns1/router_id other/' /etc/keepalived/keepalived.conf
chmod 600 /etc/keepalived/keepalived.conf
echo 0 >/proc/sys/net/ipv4/vs/expire_nodest_conn
iptables -t nat -F POSTROUTING
rm /etc/modules-load.d/ip_vs.conf`
  const state = `
cat /etc/keepalived/keepalived.conf /proc/sys/net/ipv4/vs/expire_nodest_conn
stat -c %a /etc/keepalived/keepalived.conf
iptables-save -t nat | grep SNAT || true
ls /etc/modules-load.d`
  await on(node, damage)
  const before = await on(node, state)
  assert.is((await playbook('level2', '--limit', node, '--no-verify')).code, 0)
  assert.is((await playbook('rollback', '--check', '--limit', node)).code, 2)
  assert.is.not(await on(node, state), before)
  const rollback = await playbook('rollback', '--limit', node)
  assert.is(rollback.code, 0, rollback.text)
  assert.is(await on(node, state), before)
  assert.is((await playbook('level2')).code, 0)
})

test('keepalived does not end when it is told to, and kills its own process: no address stays behind', async () => {
  const node = await holderWithin(30)
  await on(node, 'pkill -STOP -P "$(systemctl show -p MainPID --value keepalived)"; systemctl stop keepalived')
  assert.is(await on(node, 'ip -o address show to 10.2.1.5/32'), '')
  await holderWithin(30, other(node))
  await on(node, 'systemctl start keepalived')
})

test('the table of connections of a node is nearly full: the check tells, until there is room again', async () => {
  const setting = 'net.netfilter.nf_conntrack_max'
  const was = await on(node, `sysctl -n ${setting}`)
  const codes = async () => (await playbook('verify')).document.cluster!.findings.map(({ code, node }) => [code, node])
  // An entry keeps the time that it was given; what the cluster asks itself comes and goes as before, and is few beside them.
  await on(
    node,
    `timeout=$(sysctl -n net.netfilter.nf_conntrack_udp_timeout)
sysctl -qw net.netfilter.nf_conntrack_udp_timeout=600
for port in {1..4000}; do echo >/dev/udp/127.0.0.1/$port; done 2>/dev/null
sysctl -qw net.netfilter.nf_conntrack_udp_timeout=$timeout
sysctl -qw ${setting}=$(($(sysctl -n net.netfilter.nf_conntrack_count) + 150))`,
  )
  try {
    assert.equal(await codes(), [['conntrack-full', node]])
  } finally {
    await on(node, `sysctl -qw ${setting}=${was}`)
  }
  assert.equal(await codes(), [])
})

test.run()
