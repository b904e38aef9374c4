// What a change of the inventory means for nodes of which some have it and some do not yet.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HostError } from '../engine/base/errors.ts'
import { refuseDeaf } from '../engine/cluster/limit.ts'
import type { Session } from '../engine/cluster/session.ts'
import { advertsChange } from '../tasks/cluster/adverts.ts'
import { configuration, keepalivedConf } from '../tasks/cluster/keepalived-conf.ts'
import { inventoryOf } from './variants.ts'

const inventory = (more = '') =>
  inventoryOf(`cluster: { vip: 10.2.1.5, network: 10.2.1.0/24${more} }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }`)

const conf = (more?: string) => {
  const { cluster, hosts } = inventory(more)
  return configuration({ cluster, hosts, host: hosts[0]! }, 2)
}

const rows: [change: string, before: string, after: string, found: ReturnType<typeof advertsChange>][] = [
  ['a password', '', ', auth_pass: secret12', 'deaf'],
  ['another password', ', auth_pass: secret11', ', auth_pass: secret12', 'deaf'],
  ['the authentication header', ', auth_pass: secret12', ', auth_pass: secret12, auth_type: AH', 'deaf'],
  ['VRRP version 3', '', ', vrrp_version: 3', 'deaf'],
  ['version 3 in place of a password', ', auth_pass: secret12', ', vrrp_version: 3, advert_int: 0.1', 'deaf'],
  ['another interval of version 2', '', ', advert_int: 2', 'deaf'],
  ['another interval of version 3', ', vrrp_version: 3', ', vrrp_version: 3, advert_int: 0.1', undefined],
  ['another multicast group', '', ', mcast_group: 224.0.0.19', 'deaf'],
  ['another number', '', ', virtual_router_id: 77', 'anew'],
  ['unicast', '', ', unicast: true', 'anew'],
  ['another number and a password', '', ', virtual_router_id: 77, auth_pass: secret12', 'anew'],
  ['another instance beside it', '', ', instances: { W: { vip: 10.2.1.9 } }', undefined],
  ['another name of the instance', '', ', instance: WEB', undefined],
  ['another scheduler', '', ', balancing: { scheduler: wlc }', undefined],
  ['another address', '', ', more_vips: [10.2.1.8]', undefined],
  ['that nodes preempt', '', ', preempt: true', undefined],
]
for (const [change, before, after, found] of rows)
  test(`${change}: ${found ?? 'all hear each other'}`, () => {
    assert.is(advertsChange(conf(before), conf(after)), found)
    assert.is(advertsChange(conf(after), conf(after)), undefined)
  })

test('a node without a configuration, or with one of something else, was heard by nobody', () => {
  assert.is(advertsChange('', conf()), undefined)
  assert.is(advertsChange('vrrp_instance A { virtual_ipaddress { 10.9.9.9 } }', conf()), undefined)
})

test('a run that leaves a node out is refused where that one would hear nobody any more', async () => {
  const { cluster, hosts, ...rest } = inventory()
  const password = ', auth_pass: secret12'
  /** @param has the keepalived.conf of the node that is left out; ? where it is unreachable */
  const refused = async (more: string, limited: typeof hosts, lost: string[], has = conf()) => {
    const run = () => {
      if (has === '?') throw new HostError('ns1: no answer')
      return Promise.resolve({ stdout: Buffer.from(has), stderr: '', code: 0 })
    }
    const session = { inventory: { cluster, hosts, ...rest }, limited, reach: () => ({ run }) } as unknown as Session
    const planned = [{ key: `file ${keepalivedConf}`, before: conf(), after: conf(more) }]
    return refuseDeaf(session, planned, lost, 9).then(
      () => '',
      (error: Error) => error.message.replace(/ any more, .* and would hold 10\.2\.1\.5 as well/, ''),
    )
  }
  const [, second] = hosts
  const deaf = 'ns1 would not hear the adverts of the others: '
  assert.is(await refused(password, hosts, []), '')
  assert.is(await refused(password, [second!], []), `${deaf}leave --limit out`)
  assert.is(await refused(password, [second!], [], '?'), `${deaf}leave --limit out`)
  assert.is(await refused(password, hosts, ['ns1']), `${deaf}run again when it takes part`)
  assert.is(await refused(', balancing: { scheduler: wlc }', hosts, ['ns1']), '')
  // Somebody has changed a file by hand, and gets it back.
  assert.is(await refused(password, [second!], [], conf(password)), '')
})

test.run()
