// What roles, direct routing, virtual MACs and other ports have to know of each other.
import { execFileSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nodeStateScript } from '../engine/cluster/node-state.ts'
import { parseFacts } from '../engine/runner/facts.ts'
import { flatten, tasksOf } from '../engine/runner/task.ts'
import { tasks } from '../playbooks/level2.mts'
import { parseFound } from '../tasks/cluster/as-described/found.ts'
import { port } from '../tasks/cluster/as-described/port.ts'
import { virtualIp } from '../tasks/cluster/as-described/virtual-ip.ts'
import { kindOf } from '../tasks/cluster/adoption/nat-rule.ts'
import { keepalived } from '../tasks/cluster/keepalived.ts'
import { namedFor } from '../tasks/cluster/named-on-host.ts'
import { packetsOf } from '../tasks/cluster/packets.ts'
import { untracked } from '../tasks/cluster/untracked.ts'
import { targetOf } from '../tasks/target.ts'
import { filesOf } from './rendered.ts'
import { inventoryOf } from './variants.ts'

const two = 'a: { address: 10.2.1.2 }, b: { address: 10.2.1.3 }'
const of = (cluster: string, hosts = two) =>
  inventoryOf(`cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, ${cluster} }\nhosts: { ${hosts} }\n`)
const facts = parseFacts('ids=debian\ninit=systemd\n')
const targetIn = (inventory: ReturnType<typeof of>, place = 0) => targetOf(inventory, inventory.hosts[place]!, facts)
const apart = 'lb1: { address: 10.2.1.2, role: director }, lb2: { address: 10.2.1.3, role: director }, '

test('a virtual MAC that answers for the VIP is that of the cluster, and another one is not', () => {
  const why = (inventory: ReturnType<typeof of>, mac: string) =>
    virtualIp(
      targetIn(inventory),
      1,
      parseFound(`== links and routes\n[]\n[]\n== neighbours\n10.2.1.5 lladdr ${mac} REACHABLE\n`),
    ).length
  const vmac = of('vmac: true, virtual_router_id: 171')
  assert.is(why(vmac, '00:00:5e:00:01:ab'), 0)
  assert.is(why(vmac, '00:00:5e:00:01:05'), 1)
  assert.is(why(of('virtual_router_id: 171'), '00:00:5e:00:01:ab'), 1)
})

test('a keepalived that was killed takes the VIP off the interface that has it: that of the virtual MAC', () => {
  const inventory = of('vmac: true')
  const dropIn = filesOf(inventory, inventory.hosts[0]!, 1).get(
    '/etc/systemd/system/keepalived.service.d/keepalived-playbooks.conf',
  )
  assert.match(dropIn!, 'address delete 10.2.1.5/32 dev vrrp.5\n')
})

test('by direct routing, no interface of the network answers ARP for what is on lo', () => {
  const settings = (inventory: ReturnType<typeof of>) =>
    tasksOf(flatten(tasks(targetIn(inventory)))).flatMap(
      ({ name }) => /^sysctl net\.ipv4\.conf\.(\w+)\.arp_ignore = 1$/.exec(name)?.[1] ?? [],
    )
  const dr = 'balancing: { method: dr }'
  const second = 'second: { interface: eth1, address: 10.2.1.6 }'
  assert.equal(settings(of(dr, `a: { address: 10.2.1.2, ${second} }, b: { address: 10.2.1.3 }`)), ['eth0', 'eth1'])
  const moved = of(`${dr}, sync: true, instances: { x: { vip: 10.2.1.8, interface: eth2 } }`)
  assert.equal(settings(moved), ['eth0', 'eth2'])
  const by = untracked(targetIn(moved), 2).flatMap((rule) =>
    'untracked' in rule && rule.untracked === 'in' ? rule.interface : [],
  )
  assert.equal(by, ['eth0', 'eth0', 'eth2', 'eth2'])
})

test('an address that is moved on lo is held there; one that real servers have there is not', () => {
  const printed = (inventory: ReturnType<typeof of>, address: string) => {
    const { text } = nodeStateScript(inventory.cluster, inventory.hosts[0]!)
    const ip = `ip() { case "$*" in *" to ${address}/32") echo "1: lo inet ${address}/32" ;; esac; }; systemctl() { :; }`
    return execFileSync('bash', ['-c', `${ip}\n${text}`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  }
  assert.match(printed(of('more_vips: [{ address: 192.0.2.7, interface: lo }]'), '192.0.2.7'), 'held=VI_1 192.0.2.7\n')
  assert.match(printed(of('balancing: { method: dr }'), '10.2.1.5'), 'lo=10.2.1.5\n')
})

test('a real server alone where a keepalived of others has the VIP is refused', () => {
  const target = targetIn(of('', `${apart} web: { address: 10.2.1.4, role: real_server }`), 2)
  const task = keepalived(target, 2).find(({ name }) => name.includes('of others'))!
  const said = (text: string) => {
    try {
      assert.equal(task.plan({ text, code: 0 }, { changes: () => false }), { unchanged: true })
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }
  assert.is(said(''), '')
  assert.match(said('7:    10.2.1.5'), /hosts\.web\.role: keepalived runs on this host, and line 7 of its/)
})

test('a check of a service is looked for on every host: real servers ask themselves', () => {
  const { cluster, hosts } = of(
    'service: { type: tcp, port: 80, check: /usr/local/bin/is-up }',
    `${apart} web: { address: 10.2.1.4, role: real_server }`,
  )
  for (const host of hosts)
    assert.ok(namedFor({ cluster, host }, 2).some(({ name }) => name === '/usr/local/bin/is-up'))
})

test('questions to high ports are tried as questions, answers as answers', () => {
  const packets = packetsOf(targetIn(of('service: { type: tcp, port: 80, real_port: 60000 }')), 2)
  const answers = packets.flatMap(({ what, isAnswer }) => (isAnswer ? [what] : []))
  assert.equal(answers, ['answers by TCP of b to clients'])
})

test('a port that is taken is told by the key that says it', () => {
  const target = targetIn(of('service: { type: http, port: 80, real_port: 8080 }'))
  const listening = 'LISTEN 0 0 0.0.0.0:8080 0.0.0.0:* users:(("x",pid=812,fd=4))'
  const [why] = port(target, 2, parseFound(`== listeners http\n${listening}\n== own processes http\n`))
  assert.match(why!, /cluster\.service\.real_port: port 8080 is taken/)
})

test('rules of nat by hand: those that take checks at a port of their own are in the way; direct routing passes them by', () => {
  const kind = (cluster: string, rule: string) => kindOf(`-A POSTROUTING ${rule}`, 2, targetIn(of(cluster)))
  const health = 'service: { type: tcp, port: 80, health: { port: 8081 } }'
  const to = (port: number) => `-d 10.2.1.0/24 -p tcp -m tcp --dport ${port} -j SNAT --to-source 10.2.1.99`
  assert.is(kind(health, to(8081)), 'in the way')
  assert.is(kind(health, to(80)), undefined)
  assert.is(kind('balancing: { method: dr }', '-d 10.2.1.3/32 -s 10.2.0.0/16 -j MASQUERADE'), undefined)
})

test.run()
