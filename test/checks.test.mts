// What a node may have to be well for it to hold the virtual IP: the programs that keepalived runs, run here.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Facts } from '../engine/runner/facts.ts'
import { servicesOf } from '../services/all.ts'
import { bounded } from '../services/service.ts'
import { checkPackages, vrrpScripts } from '../tasks/cluster/checks.ts'
import { allowVrrp } from '../tasks/cluster/firewall.ts'
import { targetOf } from '../tasks/target.ts'
import { inventoryOf } from './variants.ts'

const inventory = (more: string) =>
  inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, ${more} }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 }, ns3: { address: 10.2.1.4 } }
`)

/** @returns whether a check succeeds on this machine */
function succeeds(check: string): boolean {
  const { cluster, hosts } = inventory(`checks: { own: ${check} }`)
  const [{ command } = { command: '' }] = vrrpScripts(cluster, { ...hosts[0]!, address: '127.0.0.1' }, [], {})
  // As keepalived does it: words, no shell.
  const [program, ...words] = command.split(' ')
  try {
    execFileSync(program!, words, { stdio: 'ignore' })
    return true
  } catch (error) {
    // A program that is not there would be no answer.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error
    return false
  }
}

test('a process of this very name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'checks-'))
  const program = join(folder, 'check.d+1')
  copyFileSync('/bin/sleep', program)
  assert.not(succeeds('{ process: check.d+1 }'))
  const child = spawn(program, ['60'])
  await once(child, 'spawn')
  assert.ok(succeeds('{ process: check.d+1 }'))
  assert.not(succeeds('{ process: check.d }'))
  assert.not(succeeds('{ process: check-d+1 }'))
  child.kill()
  rmSync(folder, { recursive: true })
})

test('a port, and a URL with its status', async () => {
  const program = `
const { createServer } = require('node:http')
const server = createServer(({ url }, response) => response.writeHead(Number(url.slice(1))).end())
server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  // Another process, since this one waits for the checks.
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await once(child.stdout, 'data')
  const port = Number(String(said))
  assert.ok(succeeds(`{ port: ${port} }`))
  assert.ok(succeeds(`{ url: "http://127.0.0.1:${port}/200" }`))
  assert.ok(succeeds(`{ url: "http://127.0.0.1:${port}/302" }`))
  assert.not(succeeds(`{ url: "http://127.0.0.1:${port}/503" }`))
  child.kill()
  await once(child, 'exit')
  assert.not(succeeds(`{ port: ${port} }`))
  assert.not(succeeds(`{ url: "http://127.0.0.1:${port}/200" }`))
})

test('a command is bounded, with the times of the inventory or of the health check', () => {
  const { cluster, hosts } = inventory(
    'health_check: { interval: 4, retries: 5, timeout: 6 }, checks: { a: { command: /bin/true x }, ' +
      'b: { command: /bin/false, interval: 2, timeout: 2, fall: 3, rise: 4, weight: -9, user: root }, ' +
      'c: { command: /bin/false, user: root } }',
  )
  const [service, ...own] = vrrpScripts(cluster, hosts[0]!, servicesOf(cluster), {})
  assert.is(service!.name, 'service')
  assert.equal(own, [
    {
      name: 'a',
      command: '/usr/bin/timeout -k 1 6 /bin/true x',
      interval: 4,
      timeout: 7,
      fall: 5,
      rise: 1,
      weight: 0,
      user: 'nobody',
    },
    { name: 'b', command: '/bin/false', interval: 2, timeout: 2, fall: 3, rise: 4, weight: -9, user: 'root' },
    { name: 'c', command: '/bin/false', interval: 4, timeout: 4, fall: 5, rise: 1, weight: 0, user: 'root' },
  ])
})

test('a command that hangs, and heeds no signal, comes to its end', () => {
  const words = bounded("/bin/sh -c trap_''_TERM;sleep_9;sleep_9", 1)
    .split(' ')
    .map((word) => word.replaceAll('_', ' '))
  assert.is(spawnSync(words[0]!, words.slice(1)).signal, 'SIGKILL')
})

test('what checks run is installed', () => {
  const facts = { ids: ['debian'], init: 'systemd' } as Partial<Facts> as Facts
  const names = (checks: string) => checkPackages(inventory(`checks: ${checks}`).cluster, facts)
  assert.equal(names('{}'), [])
  assert.equal(names('{ a: { url: "http://a/" }, b: { port: 1 } }'), ['netcat-openbsd', 'curl'])
  assert.equal(names('{}, instances: { a: { vip: 10.2.1.6, checks: { b: { port: 1 } } } }'), ['netcat-openbsd'])
})

test('an instance has its own checks, or those of the cluster', () => {
  const { cluster, hosts } = inventory(
    'checks: { a: { process: a } }, instances: { b: { vip: 10.2.1.6, checks: { c: { process: c } } }, d: { vip: 10.2.1.7 } }',
  )
  assert.equal(
    cluster.instances.map((one) => vrrpScripts(cluster, hosts[0]!, servicesOf(cluster), one).map(({ name }) => name)),
    [
      ['service', 'a'],
      ['service', 'c'],
      ['service', 'a'],
    ],
  )
})

test('a check is made on the hosts that it names, and on all otherwise', () => {
  const { cluster, hosts } = inventory('checks: { a: { process: a, hosts: [ns2] }, b: { process: b } }')
  assert.equal(
    hosts.slice(0, 2).map((host) => vrrpScripts(cluster, host, [], {}).map(({ name }) => name)),
    [['b'], ['a', 'b']],
  )
  assert.not.ok('hosts' in vrrpScripts(cluster, hosts[1]!, [], {})[0]!)
  const behind = `
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, checks: { a: { port: 1, hosts: [web] } } }
hosts: { lb: { address: 10.2.1.2, role: director }, web: { address: 10.2.1.4, role: real_server } }
`
  assert.throws(
    () => inventoryOf(behind),
    /hosts\[0\]: must be a host that may hold the VIP, but "web" is a real_server alone/,
  )
})

test('with AH, adverts are of another protocol', () => {
  const { cluster, hosts, ...rest } = inventory('auth_pass: abcdefgh, auth_type: AH')
  const rules = allowVrrp(targetOf({ cluster, hosts, ...rest }, hosts[1]!, {} as Facts))
  assert.equal(
    rules.map((rule) => 'accept' in rule && [rule.name, rule.protocol]),
    [
      ['vrrp-in', '51'],
      ['vrrp-out', '51'],
    ],
  )
})

test('unicast adverts may come from each node, and go to each', () => {
  const { cluster, hosts, ...rest } = inventory('unicast: true')
  const rules = allowVrrp(targetOf({ cluster, hosts, ...rest }, hosts[1]!, {} as Facts))
  assert.equal(
    rules.map((rule) => 'accept' in rule && [rule.name, rule.accept, rule.from, rule.to]),
    [
      ['vrrp-in-ns1', 'in', '10.2.1.2/32', '10.2.1.3/32'],
      ['vrrp-out-ns1', 'out', '10.2.1.3/32', '10.2.1.2/32'],
      ['vrrp-in-ns3', 'in', '10.2.1.4/32', '10.2.1.3/32'],
      ['vrrp-out-ns3', 'out', '10.2.1.3/32', '10.2.1.4/32'],
    ],
  )
})

test('adverts of another multicast group may come and go', () => {
  const { cluster, hosts, ...rest } = inventory('mcast_group: 224.0.0.19')
  const rules = allowVrrp(targetOf({ cluster, hosts, ...rest }, hosts[1]!, {} as Facts))
  assert.equal(
    rules.map((rule) => 'accept' in rule && [rule.name, rule.accept, rule.to]),
    [
      ['vrrp-in', 'in', '224.0.0.19/32'],
      ['vrrp-out', 'out', '224.0.0.19/32'],
    ],
  )
})

test.run()
