// Templates against golden files. After a change that is meant: UPDATE=1 node test/templates.test.mts, and look at the diff.
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { abilitiesOf } from '../inventory/levels.ts'
import { render } from '../tasks/template.ts'
import { keepalivedConf, recipes, variants } from './variants.ts'

const data = {
  cluster: {
    ...{ instances: [{ name: 'VI_1' }], vip: '10.2.1.5', network: '10.2.1.0/24', snmp: { enabled: true } },
    routing: 'script',
  },
  host: { interface: 'eth0', address: '10.2.1.2', second: { interface: 'eth1', address: '10.2.1.6' } },
  can: abilitiesOf(3, {}),
  notifyScript: '/etc/keepalived/keepalived-notify.sh',
  routesScript: '/etc/keepalived/routes.sh',
  tables: { first: { number: 20 }, second: { number: 21 } },
  ...{ prefix: 'keepalived-playbooks-', program: 'iptables' },
  groups: [
    { when: '', wanted: ["want nat '-I POSTROUTING 1 -j SNAT --to-source 10.2.1.5'"] },
    { when: '[ -e /here ]', wanted: ["want raw '-I OUTPUT 1 -j CT --notrack'"] },
  ],
  snmp: { community: 'secret', source: '127.0.0.1' },
  ...{ view: 'systemonly', whose: "Debian's" },
  zone: 'load.balance',
  zoneFile: '/etc/bind/load.balance.zone',
  record: 'health',
  identity: 'nameserver-1',
  address: '10.2.1.2',
  vips: [{ address: '10.2.1.5/32', device: 'eth0' }],
  virtualMacs: ['vrrp.5'],
  serial: 42,
}

const rendered: [name: string, text: string][] = [
  ...variants.map(([name, text, level]): [string, string] => [`${name}.keepalived.conf`, keepalivedConf(text, level)]),
  ...[
    'keepalived-notify.sh',
    'keepalived.dropin',
    'routes.sh',
    'iptables.sh',
    'snmpd.conf',
    'health.zone',
    'named.conf.health',
  ].map((name): [string, string] => [name, render(name, data)]),
]
for (const [name, text] of rendered) {
  test(name, () => {
    const golden = new URL(`golden/${name}`, import.meta.url)
    if (process.env.UPDATE) writeFileSync(golden, text)
    assert.fixture(text, readFileSync(golden, 'utf8'))
  })
}

for (const [name, text, level] of recipes)
  test(`${name}, at level ${level}`, () => {
    const conf = keepalivedConf(text, level)
    assert.match(conf, `for level ${level};`)
    assert.is(conf.includes('virtual_server '), level > 1)
  })

test('a key that is not there is an error that names template and key', () => {
  assert.throws(
    () => render('snmpd.conf', { snmp: { community: 'x' } }),
    /template snmpd\.conf snmp: there is no "source"/,
  )
  assert.throws(() => render('snmpd.conf', {}), /snmp is not defined/)
})

test('configuration is no HTML: quotes and brackets stay', () => {
  assert.match(render('health.zone', { ...data, identity: `a'b<c>&"` }), `"=a'b<c>&"="`)
})

test.run()
