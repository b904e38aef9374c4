// An inventory that import.mts has made of files takes their place without a refusal: both compare in the same way.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Inventory } from '../inventory/types.ts'
import { handMade } from '../tasks/cluster/adoption/keepalived-conf.ts'
import { configuration } from '../tasks/cluster/keepalived-conf.ts'
import { dnsCheck, imported, instance, inventoryTextOf, pair, tracksDns, two } from './import-files.ts'
import { inventoryOf } from './variants.ts'

const server = (lines: string, inner = '') =>
  `${instance()}virtual_server 10.2.1.5 80 {\n delay_loop 1\n protocol TCP\n ${lines}\n${[2, 3]
    .map((last) => ` real_server 10.2.1.${last} 80 {\n  ${inner}\n  TCP_CHECK {\n }\n }\n`)
    .join('')}}\n`
const alike = (text: string) => ({ 'a.conf': text, 'b.conf': text })

const whole: [what: string, files: Record<string, string>, without: RegExp][] = [
  ['programs', pair('notify_master /bin/up\n notify_fault /bin/down'), /^ *notify: .*\n/m],
  ['a check and its weight', pair(tracksDns, dnsCheck.replace('fall 2', 'fall 2\n  weight 9')), /^ *checks:\n.*\n/m],
  ['another interface', pair('track_interface {\n eth7\n }'), /^ *track_interfaces: .*\n/m],
  ['IPv6 beside IPv4', pair('virtual_ipaddress_excluded {\n 2001:db8::5/64\n }'), /^ *more_vips: .*\n/m],
  ['IPv6 among IPv4', pair('virtual_ipaddress {\n 2001:db8::5/64\n }'), /^ *more_vips: .*\n/m],
  ['times of VRRP', pair('advert_int 2\n down_timer_adverts 4\n nopreempt'), /^ *down_timer_adverts: .*\n/m],
  [
    'a node that takes the addresses back',
    {
      'a.conf': instance('preempt_delay 30', { state: 'MASTER', priority: 150 }),
      'b.conf': instance(),
    },
    /^ *preempt_delay: .*\n/m,
  ],
  [
    'two instances that move together',
    alike(
      `${instance()}${instance('', { name: 'W', vip: '10.2.1.6/24', id: 6 })}vrrp_sync_group G {\n group {\n V\n W\n }\n}\n`,
    ),
    /^ *sync: .*\n/m,
  ],
  ['direct routing', alike(server('lb_kind DR')), /method: dr,?/],
  ['a weight', alike(server('weight 5')), /weight: 5,? ?/g],
  ['a quorum', alike(server('quorum 2\n quorum_down /bin/q')), /quorum: \{.*?\},?/],
  ['programs of real servers', alike(server('', 'notify_down "/bin/d"')), /real_server_down: [^,}\n]*,?/],
  ['persistence', alike(server('persistence_timeout 300')), /persistence: \S*/],
]
for (const [what, files, said] of whole) {
  test(`${what}: what was imported is taken over as it was`, () => {
    const result = imported(files, two)
    assert.equal(result.unsaid, [])
    const text = inventoryTextOf(result)
    assert.equal(refusals(inventoryOf(text), files, result.draft.level), [])
    assert.match(text, said)
    const other = inventoryOf(text.replace(said, ''))
    assert.not.equal(refusals(other, files, result.draft.level), [], `without ${said}, nothing is lost`)
  })
}

/** @returns why the files are not replaced by what the playbooks write */
function refusals({ cluster, hosts }: Inventory, files: Record<string, string>, level: 1 | 2 | 3): string[] {
  return Object.values(files).flatMap((text, index) => {
    const target = { cluster, hosts, host: hosts[index]! }
    return handMade(text, configuration(target, level), target)!.others
  })
}

test.run()
