// Several services on real machines, one of them the user's own: added to a cluster at work, levels 1, 2 and 3 under
// questions, a rolling reboot, a drill, and taken away again. Then an address alone, which follows a process.
import * as assert from 'uvu/assert'
import { abilitiesOf } from '../../inventory/levels.ts'
import {
  asked,
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
} from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost } from './watched.ts'

/** Takes every connection over TCP, and listens by UDP. */
const own = `perl -MIO::Socket::INET -e '$SIG{CHLD} = "IGNORE";
if (fork) { $s = IO::Socket::INET->new(LocalPort => 7000, Listen => 64, ReuseAddr => 1); close $c while $c = $s->accept }
else { $s = IO::Socket::INET->new(LocalPort => 7000, Proto => "udp"); 1 while defined $s->recv($_, 9) }'`

/** A unit of the user's, at work from boot on. */
const unit = (name: string, command: string) => `
cat >/usr/local/bin/${name} <<'END'
#!/bin/bash
exec ${command}
END
chmod 755 /usr/local/bin/${name}
printf '[Service]\\nExecStart=/usr/local/bin/${name}\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/${name}.service
systemctl daemon-reload
systemctl enable --now ${name}`

test.before(async () => {
  await startLab()
  await resetWithPackages()
  await Promise.all(nodes.map((node) => on(node, unit('own', own))))
})
test.after(() => disconnect())

const alone = inventoryWith('services: { dns: { type: dns } }', 'alone')
const several = inventoryWith(
  'services: { dns: { type: dns }, web: { type: http }, own: { type: tcp, port: 7000, unit: own, balancing: { scheduler: wlc, persistence: 5 } }, ' +
    'log: { type: udp, port: 7000, unit: own } }',
  'several',
)
const servers = ['dns UDP', 'dns TCP', 'web TCP', 'own TCP']

const bring = async (level: number, inventory: string) => {
  const run = await playbook(`level${level as 1 | 2 | 3}`, '--inventory', inventory)
  assert.is(run.code, 0, run.text)
  return run
}

/** What runs leave on a node for services that there may be. */
const whatIsThere = `
iptables-save | grep -o 'keepalived-playbooks-[a-z0-9-]*' | sort
ls /etc/nginx/conf.d/keepalived-health.conf 2>/dev/null || true`

for (const level of [1, 2]) {
  test(`services that are added at level ${level}, and taken away: nobody gets no answer to DNS, and nothing stays`, async () => {
    await bring(level, alone)
    assert.is((await playbook(`level${level as 1 | 2}`, '--inventory', alone, '--check')).code, 0)
    const before = await Promise.all(nodes.map((node) => on(node, whatIsThere)))
    assertNothingLost(await asked('remote', async () => void (await bring(level, several)), alone))
    const again = await bring(level, several)
    assert.ok(again.document.hosts!.every(({ changes }) => changes.length === 0))
    assertNothingLost(await asked('remote', async () => void (await bring(level, alone)), alone))
    assert.equal(await Promise.all(nodes.map((node) => on(node, whatIsThere))), before)
  })
}

for (const [before, level] of [
  [1, 1],
  [1, 2],
  [2, 3],
  [3, 2],
  [2, 1],
] as const) {
  test(`to level ${level}, and nobody gets no answer`, async () => {
    if (level === before) await bring(level, several)
    const seen = await asked(
      'remote',
      async () => {
        const { answers, findings, seen } = (await bring(level, several)).document.cluster!
        assert.equal(findings, [])
        for (const { answered } of answers) {
          assert.equal(Object.keys(answered), servers)
          for (const server of ['dns UDP', 'web TCP'])
            assert.is(new Set(answered[server]).size, abilitiesOf(level, {}).balances ? nodes.length : 1)
          assert.equal([...new Set(answered['own TCP'])], [''])
        }
        // Each node has seen each client: the logs of both services are read.
        assert.equal(
          seen.map(({ addresses, unseen }) => [addresses, unseen]),
          abilitiesOf(level, {}).keepsClients
            ? [
                [['10.2.1.10'], []],
                [['10.3.1.10'], []],
              ]
            : [],
        )
      },
      several,
    )
    assertNothingLost(seen, { open: before === 1 && level === 2 ? 1 : 0 })
    const { findings } = (await playbook('status', '--inventory', several)).document
    // That pools are made anew again and again looks like a real server that comes and goes.
    assert.equal(
      findings!.filter(({ code }) => code !== 'flapping'),
      [],
    )
  })
}

test('a rolling reboot at level 2 loses nothing', async () => {
  await bring(2, several)
  const seen = await asked(
    'remote',
    async () => {
      const rolled = await playbook('rolling-reboot', '--inventory', several)
      assert.is(rolled.code, 0, rolled.text)
      assert.equal(Object.keys(rolled.document.prober!.tallies), servers)
      assertNothingLost(rolled.document.prober!)
    },
    several,
  )
  assertNothingLost(seen)
})

test('a drill at level 2 stops all services of a node, and is within its limits', async () => {
  const run = await playbook('drill', '--inventory', several)
  assert.is(run.code, 0, run.text)
  assert.match(run.text, /stop named and nginx and own on ns\d/)
})

test("a name server of the user's: directors, nodes and clients ask it for a name", async () => {
  await disconnect(nodes)
  const keys = (name: string) => `service: { type: udp, port: 53, unit: named, health: { dns: ${name} } }`
  const names = inventoryWith(keys('localhost'), 'names')
  for (const level of [1, 2]) {
    const { answers, findings } = (await bring(level, names)).document.cluster!
    assert.equal(findings, [])
    for (const { answered, asked } of answers) assert.equal(answered, { UDP: Array<string>(asked).fill('') })
  }
  const run = await playbook('drill', '--inventory', names)
  assert.is(run.code, 0, run.text)
  assert.match(run.text, /stop named on ns\d/)
  // Whoever does not know the name is no real server, and says so before keepalived is touched.
  const unknown = await playbook('level2', '--inventory', inventoryWith(keys('nobody.localhost'), 'unknown'))
  assert.is(unknown.code, 1, unknown.text)
  assert.match(unknown.text, /no name server answers for nobody\.localhost at UDP port 53 of 10\.2\.1\.\d \(.*NXDOMAIN/)
  // At level 1 the node itself asks.
  const checked = inventoryWith('service: { type: none }\n  checks: { names: { dns: localhost } }', 'checked')
  await bring(1, checked)
  const first = await holder()
  await on(first, 'systemctl stop named')
  await holderWithin(20, other(first))
  await on(first, 'systemctl start named')
})

test('an address alone: a check of a process moves it, and level 2 is refused', async () => {
  // They have rebooted.
  await disconnect(nodes)
  await Promise.all(
    nodes.map((node) =>
      on(node, `cp /bin/sleep /usr/local/bin/balancer\n${unit('proxy', '/usr/local/bin/balancer infinity')}`),
    ),
  )
  const none = inventoryWith('service: { type: none }\n  checks: { proxy: { process: balancer } }', 'none')
  await bring(1, none)
  assert.is((await playbook('verify', '--inventory', none)).code, 0)
  assert.is((await playbook('status', '--inventory', none)).code, 0)
  const first = await holder()
  await on(first, 'systemctl stop proxy')
  await holderWithin(10, other(first))
  const broken = await playbook('verify', '--inventory', none)
  assert.equal(
    broken.document.cluster!.findings.map(({ code, node }) => [code, node]),
    [['vrrp-fault', first]],
  )
  await on(first, 'systemctl start proxy')
  assert.is((await playbook('rolling-reboot', '--inventory', none, '--without-reboot', '--before', 'true')).code, 0)
  const refused = await playbook('level2', '--inventory', none)
  assert.is(refused.code, 3, refused.text)
  assert.match(refused.text, /cluster\.service\.type: must be a service at level 2/)
})

test.run()
