// The second interface on a real kernel, in namespaces of their own: what is ours comes and goes, and what others have put on
// the interface since stays. And which files ifupdown reads.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { factsProbe, parseFacts } from '../../engine/runner/facts.ts'
import { isChange, type Task } from '../../engine/runner/task.ts'
import { loadInventory } from '../../inventory/load.ts'
import { sourced } from '../../tasks/os/network/ifupdown-source.ts'
import { network } from '../../tasks/cluster/network.ts'
import { targetOf } from '../../tasks/target.ts'

const folder = mkdtempSync(join(tmpdir(), 'second-interface-'))
test.after(() => rmSync(folder, { recursive: true }))

const inventory = loadInventory(new URL('../../inventory/example.yaml', import.meta.url).pathname, { level: 3 })
const liveOf = (configured: string): Task => {
  const facts = parseFacts(`os=Debian\nids=debian\ninit=systemd\nlink=eth0\n${configured}\nlink=eth1\n`)
  return network(targetOf(inventory, inventory.hosts[0]!, facts), 3).at(-1)!
}

const run = (script: string, ...namespaces: string[]) => {
  const file = join(folder, 'script.sh')
  writeFileSync(file, script)
  return execFileSync('unshare', ['--map-root-user', ...namespaces, 'bash', file], {
    encoding: 'utf8',
    timeout: 60_000,
  })
}

/** @returns the state of eth1 after each of the scripts, on a host whose network managers are made up. */
function onHost(setup: string, ...scripts: string[]): string[] {
  return run(
    `set -e
export LC_ALL=C
mount -t sysfs none /sys
ifup() { ip address replace 10.2.1.6/32 dev eth1; ip link set eth1 up; }
networkctl() { ifup; }
# As ifupdown's own.
ifdown() { ip -4 address flush dev eth1 label eth1; ip link set eth1 down; }
export -f ifup networkctl ifdown
ip link add eth1 type veth peer name peer-eth1
ip link set peer-eth1 up
${setup}
show() {
  if ip -br link show eth1 | grep -qE '[<,]UP[,>]'; then printf 'up '; else printf 'down '; fi
  ip -4 -o address show dev eth1 | sed 's/.* inet \\([^ ]*\\) .*/\\1/' | sort | tr '\\n' ' '
  echo
}
${scripts.map((script, place) => `cat >${folder}/${place} <<'END'\n${script}\nEND\nbash -e ${folder}/${place} >&2\nshow`).join('\n')}`,
    '--net',
    '--mount',
  )
    .trim()
    .split('\n')
    .map((line) => line.trim())
}

const printed = (...addresses: string[]) =>
  [
    '3: eth1: <BROADCAST,MULTICAST> mtu 1500',
    ...addresses.map((one) => `    inet ${one} scope global eth1`),
    'routes',
    'ours',
    'ip1=10.2.1.66',
    '',
  ].join('\n')
const theirs = 'ip address add 192.168.9.5/24 dev eth1; ip address add 10.2.1.77/32 dev eth1'

for (const manager of [
  'networkd=/etc/systemd/network/lan.network',
  'ifupdown=/etc/network/interfaces:iface eth0 inet dhcp',
]) {
  const live = liveOf(manager)
  const change = (...addresses: string[]) => {
    const answer = live.plan({ text: printed(...addresses), code: 0 }, { changes: () => false })
    assert.ok(isChange(answer))
    return [answer.apply.text, answer.undo.text] as const
  }
  const name = manager.split('=')[0]

  test(`${name}: up with its address, and as it was before`, () => {
    assert.equal(onHost('', ...change()), ['up 10.2.1.6/32', 'down'])
  })

  test(`${name}: our address of an earlier inventory is replaced, and comes back`, () => {
    const [apply, undo] = change('10.2.1.66/32')
    assert.equal(onHost('ip address add 10.2.1.66/32 dev eth1', apply, undo), ['up 10.2.1.6/32', 'down 10.2.1.66/32'])
  })

  test(`${name}: what others have added since stays, and so does their way in`, () => {
    const [apply, undo] = change()
    const beside = '10.2.1.77/32 192.168.9.5/24'
    assert.equal(onHost('', apply, `${theirs}\n${apply}`, undo), [
      'up 10.2.1.6/32',
      `up 10.2.1.6/32 ${beside}`,
      `up ${beside}`,
    ])
  })
}

test('an address that others have added in another network is nothing to change; one in the same network is', () => {
  const live = liveOf('networkd=/etc/systemd/network/lan.network')
  const text = (other: string, network: string) =>
    printed('10.2.1.6/32', `${other}/24`)
      .replace('<', '<UP,')
      .replace('routes', `routes\n${network}/24 proto kernel scope link src ${other} `)
  const plan = (other: string, network: string) =>
    live.plan({ text: text(other, network), code: 0 }, { changes: () => false })
  assert.not(isChange(plan('192.168.9.5', '192.168.9.0')))
  assert.throws(() => plan('10.2.1.77', '10.2.1.0'), /eth1 is in use already/)
})

const ours = '/etc/network/interfaces.d/keepalived-eth1'
const interfaces: [text: string, reads: boolean, path?: string][] = [
  ['', false],
  ['iface eth0 inet dhcp\n', false],
  ['source /etc/network/interfaces.d/*\n', true],
  ['source interfaces.d/*', true],
  ['source-directory /etc/network/interfaces.d\n', true],
  ['source-directory interfaces.d/\n', true],
  ['source-directory /etc/network/interfaces.d\n', false, `${ours}.20`],
  ['source /etc/network/interfaces.d/*\n', true, `${ours}.20`],
  ['source /etc/network/interfaces.d/*.cfg\n', false],
  ['# source /etc/network/interfaces.d/*\n', false],
  ['source /etc/network/other.d/*\n', false],
  [`source ${ours}\n`, true],
  ['source /etc/network/*\n', false],
  ['source-dir interfaces.d\n', true],
  [`source /etc/other ${ours}\n`, true],
  ['source \\\n  interfaces.d/*\n', true],
  ['source $(touch /tmp/x)/*\n', false],
]
/** Runs a probe with this as /etc/network/interfaces. */
function withInterfaces(text: string, probe: string) {
  const root = join(folder, 'network')
  mkdirSync(join(root, 'interfaces.d/deep'), { recursive: true })
  for (const name of ['eth9', 'eth9.old', 'a.cfg', 'a.cfg~', '.hidden', 'deep/in'])
    writeFileSync(join(root, 'interfaces.d', name), `iface ${name} inet dhcp\n`)
  writeFileSync(join(root, 'more'), 'source interfaces.d/a.*\nsource more\n')
  const here = (one: string) => one.replaceAll('/etc/network', root)
  writeFileSync(join(root, 'interfaces'), here(text))
  const { status, stdout } = spawnSync('bash', ['-c', here(probe)], { encoding: 'utf8' })
  return { code: status!, text: stdout.replaceAll(root, '/etc/network') }
}

for (const [text, reads, path = ours] of interfaces) {
  test(`ifupdown ${reads ? 'reads' : 'does not read'} ${path.slice(27)}: ${text.trim()}`, () => {
    const task = sourced(path)
    const answer = task.plan(withInterfaces(text, task.probe.text), { changes: () => false })
    assert.is(isChange(answer) ? answer.after : undefined, reads ? undefined : `source ${path}`)
  })
}

// As ifquery of ifupdown 0.8.41 shows them.
const configured: [text: string, ...names: string[]][] = [
  ['iface eth0 inet dhcp\n', 'eth0'],
  ['source interfaces.d/*\n', 'a.cfg', 'a.cfg~', 'eth9', 'eth9.old'],
  ['source-directory interfaces.d\n', 'eth9'],
  ['source-dir /etc/network/inter*\n', 'eth9'],
  ['source interfaces.d\n'],
  ['source interfaces.d/*.cfg "interfaces.d/eth9"\n', 'a.cfg', 'eth9'],
  ['source \\\n  interfaces.d/*.cfg\n', 'a.cfg'],
  ['source more', 'a.cfg', 'a.cfg~'],
]
for (const [text, ...names] of configured) {
  test(`interfaces of ifupdown: ${text.trim()}`, () => {
    const { interfaces: found } = parseFacts(withInterfaces(text, factsProbe.text).text)
    const ours = Object.entries(found).filter(([, { manager }]) => manager === 'ifupdown')
    assert.equal(ours.map(([name]) => name).toSorted(), names)
  })
}

test.run()
