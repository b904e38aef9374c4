// routes.sh on a real kernel, in a network namespace of its own: two interfaces, and what an administrator had there before.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseFacts } from '../../engine/runner/facts.ts'
import { isChange, type Task } from '../../engine/runner/task.ts'
import { loadInventory } from '../../inventory/load.ts'
import { routes } from '../../tasks/cluster/routes.ts'
import { targetOf } from '../../tasks/target.ts'
import { render } from '../../tasks/template.ts'

const folder = mkdtempSync(join(tmpdir(), 'routes-'))
test.after(() => rmSync(folder, { recursive: true }))

const script = join(folder, 'routes.sh')
writeFileSync(
  script,
  render('routes.sh', {
    cluster: { vip: '10.2.1.5', network: '10.2.1.0/24' },
    host: { interface: 'eth0', address: '10.2.1.2', second: { interface: 'eth1', address: '10.2.1.6' } },
    tables: { first: { number: 20 }, second: { number: 21 } },
  }),
  { mode: 0o755 },
)

/** Another router than the first address, a route beyond it, a third network, and policy routing of their own. */
const host = `
mount -t tmpfs none /run
for device in eth0 eth1 eth2; do
  ip link add $device type veth peer name peer-$device
  ip link set $device up
  ip link set peer-$device up
done
ip address add 10.2.1.2/24 dev eth0
ip address add 10.2.1.6/32 dev eth1
ip address add 192.168.50.2/24 dev eth2
ip route add default via 10.2.1.254
ip route add 10.8.0.0/16 via 10.2.1.253
ip rule add from 10.2.1.2 table 100 priority 500
ip rule add from 10.2.1.2 to 10.9.0.0/16 table 101 priority 501
`
const before = ['500: from 10.2.1.2 lookup 100', '501: from 10.2.1.2 to 10.9.0.0/16 lookup 101']
const ours = ['1020: from 10.2.1.2 lookup 20', '1021: from 10.2.1.6 lookup 21']
const wantedRoutes = [
  '10.2.1.0/24 dev eth0 scope link src 10.2.1.2',
  'default via 10.2.1.5 dev eth1',
  '10.2.1.5 dev eth1 scope link',
]

// With the first process of a PID namespace, all others end.
const ownNamespaces = ['--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child']

/** @returns the lines that a script prints on such a host */
function onHost(work: string): string[] {
  const text = `set -e\nexport LC_ALL=C\nroutes() { ${script} "$@"; }\nat_end() { :; }\n${host}${work}`
  const printed = execFileSync('unshare', [...ownNamespaces, 'bash', '-c', text], {
    encoding: 'utf8',
    timeout: 240_000,
  })
  return printed.split('\n').flatMap((line) => line.replaceAll(/\s+/g, ' ').trim() || [])
}

const showRules = `ip -N rule show | grep from.10`
const showRoutes = `ip route show table 20; ip route show table 21`

test('start: one rule for each address, one way back; rules of others stay', () => {
  assert.equal(onHost(`routes start; ${showRules}; ${showRoutes}`), [...before, ...ours, ...wantedRoutes])
})

test('start: what the host itself sends goes as before', () => {
  const ways = `
for to in 10.8.0.5 192.168.50.9 192.0.2.1 10.2.1.3; do ip route get $to from 10.2.1.2 | sed 's/ table 20//;q'; done`
  const [alone, beside] = [onHost(ways), onHost(`routes start; ${ways}`)]
  assert.is(alone.length, 4)
  assert.equal(beside, alone)
})

test('start: a hundred times, two at once, and with what an earlier inventory has left: the same', () => {
  const work = `
ip rule add from 10.2.1.6 table 77 priority 1077
ip route add default via 10.2.1.9 dev eth0 table 20
ip route add 10.2.1.77/32 dev eth1 table 21
for _ in {1..50}; do
  routes start & first=$!
  routes start & second=$!
  wait $first
  wait $second
done
${showRules}; ${showRoutes}`
  assert.equal(onHost(work), [...before, ...ours, ...wantedRoutes])
})

const inventory = loadInventory(new URL('../../inventory/example.yaml', import.meta.url).pathname, { level: 3 })
const [, live] = routes(
  targetOf(
    inventory,
    inventory.hosts[0]!,
    parseFacts('os=Debian\nids=debian\ninit=systemd\nlink=eth0\nnetworkd=/etc/systemd/network/lan.network\n'),
  ),
)
/** @returns what the task says on the host. */
const planned = (setup: string): string => {
  try {
    const text = onHost(`routes start; ${setup}\nset +e\n${live!.probe.text}\ntrue`).join('\n')
    return isChange(live!.plan({ text, code: 0 }, { changes: () => false })) ? 'a change' : 'right'
  } catch (error) {
    return (error as Error).message
  }
}

test('the task reads the same: right beside rules of others, and refused behind one that takes the answers', () => {
  assert.is(planned('ip rule add lookup 220 priority 220; ip rule add fwmark 1 lookup 100 priority 221'), 'right')
  assert.is(planned('ip rule delete from 10.2.1.6'), 'a change')
  assert.is(
    planned('ip route add default via 10.2.1.9 table 220; ip rule add sport 54 lookup 220 priority 400'),
    'right',
  )
  for (const [rule, shown] of [
    ['ipproto udp sport 53 lookup 220', 'from all ipproto ipproto-17 sport 53 lookup 220'],
    ['fwmark 0/0x10 lookup 220', 'from all fwmark 0/0x10 lookup 220'],
    ['from 10.2.1.0/24 lookup 100', 'from 10.2.1.0/24 lookup 100'],
    ['lookup 220', 'from all lookup 220'],
    ['to 10.3.1.0/24 lookup 220', 'from all to 10.3.1.0/24 lookup 220'],
  ])
    assert.match(
      planned(`ip route add 10.3.0.0/16 via 10.2.1.9 table 220; ip rule add ${rule} priority 400`),
      `hosts.ns1.second.address: the rule "400: ${shown}" takes the answers from 10.2.1.6 elsewhere`,
    )
})

/** What the article's own script does, with numbers for its tables. */
const byHand = `
ip rule del from 10.2.1.2 table 100 priority 500
ip route add 10.2.1.0/24 dev eth0 src 10.2.1.2 table 20
ip route add default via 10.2.1.1 table 20
ip rule add from 10.2.1.2 table 20
ip route add 10.2.1.5/32 dev eth1 src 10.2.1.6
ip route add default via 10.2.1.5 table 21
ip route add 10.2.1.5/32 dev eth1 src 10.2.1.6 table 21
ip rule add from 10.2.1.6 table 21`

test("the article's routes are taken over, and come back; others in its tables are refused", () => {
  const text = onHost(`${byHand}\nset +e\n${live!.probe.text}\ntrue`).join('\n')
  const answer = live!.plan({ text, code: 0 }, { changes: () => false })
  assert.ok(isChange(answer))
  const [apply, undo] = [answer.apply, answer.undo].map((one) =>
    one.text.replaceAll('/etc/keepalived/routes.sh', script),
  )
  const show = `${showRules}; ${showRoutes}; ip route show 10.2.1.5`
  const shown = onHost(`${byHand}\n${show}\necho ==\n${apply}\n${showRoutes}\necho ==\n${undo}\n${show}`).join('\n')
  const [first, taken, back] = shown.split('\n==\n')
  assert.is(taken, wantedRoutes.join('\n'))
  assert.is(back, first)
  assert.match(
    planned(`routes stop; ${byHand}; ip route add 10.7.0.0/16 via 10.2.1.9 table 20`),
    'a routing table of level 3 is in use (cluster.routing_tables): table 20: 10.7.0.0/16 via 10.2.1.9 dev eth0',
  )
})

/** A NetworkManager that adds what its profile has, and takes away nothing, as the real one does beyond the main table. */
const manager = `
nmcli() {
  [ "$1 $2" != '-g GENERAL.CONNECTION' ] || echo keepalived-eth1
  [ "$1 $2" = 'device reapply' ] || return 0
  ip rule add from 10.2.1.6 table 21 priority 1021 protocol static 2>/dev/null || true
  ip route append 10.2.1.5 dev eth1 table 21 proto static metric 102 2>/dev/null || true
  ip route append default via 10.2.1.5 dev eth1 table 21 proto static metric 102 2>/dev/null || true
}
systemctl() { :; }`
const byNetworkManager = parseFacts(
  'os=Debian\nids=debian\ninit=systemd\nnetworkmanager=eth0:/etc/NetworkManager/system-connections/lan.nmconnection\n',
)
const nativeTask = routes(
  targetOf(
    { ...inventory, cluster: { ...inventory.cluster, routing: 'native' } },
    inventory.hosts[0]!,
    byNetworkManager,
  ),
).at(-1)!
const scriptTask = routes(targetOf(inventory, inventory.hosts[0]!, byNetworkManager)).at(-1)!

/** @returns what is there after the task has done its part, after it has been undone, and whether nothing was left to change */
function brought(task: Task, was: string): { now: string[]; undone: string[]; before: string[]; again: boolean } {
  const probed = (setup: string) => onHost(`${manager}\n${setup}\nset +e\n${task.probe.text}\ntrue`).join('\n')
  const answer = task.plan({ text: probed(was), code: 0 }, { changes: () => false })
  assert.ok(isChange(answer))
  const [apply, undo] = [answer.apply, answer.undo].map((one) =>
    one.text.replaceAll('/etc/keepalived/routes.sh', script),
  )
  const show = `${showRules}; ip -N route show table 20 2>/dev/null || true; ip -N route show table 21 2>/dev/null || true`
  const parts = onHost(`${manager}\n${was}\n${show}\necho ==\n${apply}\n${show}\necho ==\n${undo}\n${show}`)
  const [before, now, undone] = parts
    .join('\n')
    .split(/\n?==\n?/)
    .map((part) => part.split('\n').filter(Boolean))
  const again = task.plan({ text: probed(`${was}\n${apply}`), code: 0 }, { changes: () => false })
  return { before: before!, now: now!, undone: undone!, again: isChange(again) }
}
const ofManager = [
  ...before,
  '1021: from 10.2.1.6 lookup 21 proto 4',
  'default via 10.2.1.5 dev eth1 proto 4 metric 102',
  '10.2.1.5 dev eth1 proto 4 scope 253 metric 102',
]
const others =
  'ip route add default via 192.168.50.1 dev eth2 table 20; ip rule add from 10.9.0.0/16 lookup 20 priority 700'
const changes: [name: string, task: Task, was: string, now?: string[]][] = [
  ['native from nothing', nativeTask, '', ofManager],
  ['native after the script', nativeTask, 'routes start'],
  [
    'native after a script with other tables',
    nativeTask,
    'ip rule add from 10.2.1.2 table 50 priority 1050; ip rule add from 10.2.1.6 table 51 priority 1051; ip route add 10.2.1.0/24 dev eth0 table 50',
  ],
  [
    'native after another virtual IP',
    nativeTask,
    'ip rule add from 10.2.1.6 table 21 priority 1021 protocol static; ip route add 10.2.1.9 dev eth1 table 21 proto static metric 102; ip route add default via 10.2.1.9 dev eth1 table 21 proto static metric 102',
  ],
  [
    'native after another second address and virtual IP',
    nativeTask,
    'ip rule add from 10.2.1.66 table 21 priority 1021 protocol static; ip route add 10.2.1.9 dev eth1 table 21 proto static metric 102; ip route add default via 10.2.1.9 dev eth1 table 21 proto static metric 102',
  ],
  ['native, and others have the first table', nativeTask, others],
  ['the script after native', scriptTask, 'nmcli device reapply eth1'],
  ['the script after a change from native that broke off', scriptTask, 'nmcli device reapply eth1; routes start'],
]
for (const [name, task, was, now] of changes)
  test(`${name}: nothing is left to change, and what was there comes back`, () => {
    const done = brought(task, was)
    assert.is(done.again, false, done.now.join('; '))
    if (now) assert.equal(done.now, now)
    const plain = (rows: string[]) => rows.map((row) => row.replaceAll(/ (proto|metric|scope) \S+/g, '')).sort()
    assert.equal(plain(done.undone), plain(done.before))
    if (was === others) assert.match(done.now.join('\n'), 'default via 192.168.50.1 dev eth2')
  })

test('stop: nothing of ours is left, and nothing of others is gone', () => {
  assert.equal(onHost(`routes start; routes stop; ${showRules}; ${showRoutes} 2>/dev/null || true`), before)
})

test('watch: what is taken away comes back, also after a start that failed', () => {
  const work = `
sleep() { command sleep 0.01; }; export -f sleep
back() {
  for _ in {1..300}; do
    if ip -N rule show from 10.2.1.6 | grep -q . && [ "$(ip route show table 21 | wc -l)" = 2 ]; then return; fi
    command sleep 0.1
  done
}
routes watch >/dev/null 2>/run/said &
back
ip rule delete from 10.2.1.6 priority 1021
ip route flush table 21
back
${showRules}; ${showRoutes}
ip link set eth1 down
ip address flush dev eth1
ip rule delete from 10.2.1.6 priority 1021
until grep -q 'is not on eth1' /run/said; do command sleep 0.05; done
ip link set eth1 up
ip address add 10.2.1.6/32 dev eth1
back
${showRules}; ${showRoutes}`
  assert.equal(onHost(work), [...before, ...ours, ...wantedRoutes, ...before, ...ours, ...wantedRoutes])
})

test('start: says which address is missing', () => {
  const work = `
sleep() { :; }; export -f sleep
ip address delete 10.2.1.6/32 dev eth1
routes start 2>&1 || echo "code $?"`
  assert.equal(onHost(work), ['routes.sh: 10.2.1.6 is not on eth1', 'code 1'])
})

test.run()
