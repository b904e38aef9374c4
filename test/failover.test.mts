// A quick failover: what one word in the inventory means, and what of it numbers of the inventory change.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Level } from '../inventory/levels.ts'
import { allowBfd } from '../tasks/cluster/firewall.ts'
import { configuration, watchedBy } from '../tasks/cluster/keepalived-conf.ts'
import { packetsOf } from '../tasks/cluster/packets.ts'
import { targetOf } from '../tasks/target.ts'
import { parseFacts } from '../engine/runner/facts.ts'
import { inventoryOf } from './variants.ts'

/** One that does both, one that only directs, one that only serves. */
const mixed = `hosts:
  a: { address: 10.2.1.2 }
  b: { address: 10.2.1.3, role: director }
  c: { address: 10.2.1.4, role: real_server }
  d: { address: 10.2.1.6 }`

const inventory = (more: string) => inventoryOf(`cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, ${more} }\n${mixed}`)

const targetIn = (more: string, name: string) => {
  const found = inventory(more)
  return targetOf(
    found,
    found.hosts.find((host) => host.name === name)!,
    parseFacts('ids=debian\ninit=systemd\n'),
  )
}

const bfd = { interval_ms: 70, multiplier: 5 }
for (const [more, version, interval, missing, watching] of [
  ['failover: quick', 3, 0.07, 5, bfd],
  ['failover: quick, bfd: { interval_ms: 50 }', 3, 0.07, 5, { ...bfd, interval_ms: 50 }],
  ['failover: quick, advert_int: 0.5, down_timer_adverts: 2', 3, 0.5, 2, bfd],
  ['failover: quick, vrrp_version: 2', 2, 1, 3, bfd],
  ['failover: usual', 2, 1, 3, undefined],
  ['bfd: {}', 2, 1, 3, bfd],
  ['vrrp_version: 3', 3, 1, 3, undefined],
] as const)
  test(`${more}: VRRP version ${version}, after ${missing} adverts of ${interval} s, ${watching ? 'BFD' : 'no BFD'}`, () => {
    const { cluster } = inventory(more)
    assert.equal(
      [cluster.vrrp_version, cluster.advert_int, cluster.down_timer_adverts, cluster.bfd],
      [version, interval, missing, watching],
    )
  })

test('services are asked more often, and numbers of the inventory go before', () => {
  const health = (more: string) => inventory(more).cluster.health_check
  assert.equal(health('failover: quick'), { interval: 0.3, retries: 2, retry_delay: 0.2, timeout: 2 })
  assert.equal(health('failover: usual'), { interval: 1, retries: 2, retry_delay: 1, timeout: 2 })
  assert.is(health('failover: quick, health_check: { interval: 5 }').interval, 5)
  const { cluster, host, hosts } = targetIn('failover: quick', 'a')
  const conf = configuration({ cluster, host, hosts }, 2)
  assert.match(conf, /^ {4}delay_loop 0\.3$/m)
  assert.match(conf, /^ +delay_before_retry 0\.2$/m)
  // A script of the node itself costs a process each time.
  assert.match(configuration({ cluster, host, hosts }, 1), /^ {4}interval 1$/m)
})

test('directors watch each other, where the level balances; those that serve are out of the pools where they are gone', () => {
  const confOf = (name: string, level: Level) => {
    const { cluster, host, hosts } = targetIn('bfd: {}', name)
    return { conf: configuration({ cluster, host, hosts }, level), peers: watchedBy(host, { cluster, hosts, level }) }
  }
  const { conf, peers } = confOf('a', 2)
  assert.equal(
    peers.map(({ peer, name }) => [peer.name, name]),
    [
      ['b', 'bfd_2'],
      ['d', 'bfd_4'],
    ],
  )
  const checked = [...conf.matchAll(/real_server (\S+) 53 \{(?:(?!real_server)[^])*?name (bfd_\d)/g)]
  assert.equal([...new Set(checked.map(([, address, name]) => `${address} ${name}`))], ['10.2.1.6 bfd_4'])
  assert.equal(
    confOf('b', 2).peers.map(({ peer }) => peer.name),
    ['a', 'd'],
  )
  assert.equal(confOf('c', 2).peers, [])
  assert.equal(confOf('a', 1).peers, [])
  assert.not.match(confOf('a', 1).conf, 'bfd')
})

test('its packets are let pass, and are tried', () => {
  const target = targetIn('failover: quick', 'a')
  assert.equal(
    allowBfd(target, 2).map(({ name }) => name),
    ['bfd-in-b', 'bfd-out-b', 'bfd-in-d', 'bfd-out-d'],
  )
  assert.equal(
    packetsOf(target, 2).flatMap(({ what, protocol, toPort }) => (toPort === 3784 ? [`${what} ${protocol}`] : [])),
    ['BFD to b udp', 'BFD from b udp', 'BFD to d udp', 'BFD from d udp'],
  )
  assert.equal(allowBfd(targetIn('failover: usual', 'a'), 2), [])
})

test.run()
