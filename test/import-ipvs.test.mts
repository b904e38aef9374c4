// What virtual servers of files become in an inventory, and what of them is as meant.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inventoryText } from '../engine/import/text.ts'
import { imported, instance, needsOf, pair, two } from './import-files.ts'

type Result = ReturnType<typeof imported>
const inventory = ({ draft }: Result) => inventoryText(draft, [])

/** A virtual server of the virtual IP. */
const server = (port: number, lines: string) => `virtual_server 10.2.1.5 ${port} {\n protocol TCP\n ${lines}\n}\n`
const real = (address: string, port: number, lines = 'TCP_CHECK { }') => `real_server ${address} ${port} { ${lines} }\n`
/** With both nodes behind it. */
const both = (port: number, check: string, lines = '') =>
  server(port, `${lines}\n${real('10.2.1.2', port, check)}${real('10.2.1.3', port, check)}`)

/** The lines of a real server that say how it is checked, and the service that they become. */
const checks: [check: string, service: string][] = [
  ['TCP_CHECK { connect_port 8008 }', '{ type: tcp, port: 5432, health: { port: 8008 } }'],
  [
    'HTTP_GET { connect_port 8008\n url { path /primary\n status_code 200 } }',
    '{ type: tcp, port: 5432, health: { http: /primary, port: 8008 } }',
  ],
  [
    'SSL_GET { url { path /livez\n status_code 401 } }',
    '{ type: tcp, port: 5432, health: { https: /livez, status: 401 } }',
  ],
  [
    'HTTP_GET { url { path /\n digest ff20ad2481f97b1754ef3e12ecd3a9cc }\n virtualhost a.example }',
    '{ type: tcp, port: 5432, health: { http: /, digest: ff20ad2481f97b1754ef3e12ecd3a9cc, host: a.example } }',
  ],
  // Words that keepalived does not know, and its own address.
  ['TCP_CHECK { connect_ip 10.2.1.2\n delay_beefore_retry 3 }', '{ type: tcp, port: 5432 }'],
]
for (const [check, service] of checks)
  test(`a check: ${check.replaceAll(/\s+/g, ' ')}`, () => {
    const own = (address: string) => real(address, 5432, check.replace('10.2.1.2', address))
    const result = imported(pair('', server(5432, `${own('10.2.1.2')}${own('10.2.1.3')}`)), two)
    assert.equal([needsOf(result), result.refused], [[], []])
    assert.match(inventory(result), `  service: ${service}\n`)
  })

test('a check that the inventory has not is told', () => {
  const urls = 'SSL_GET { url { path / }\n url { path /b } }'
  assert.equal(needsOf(imported(pair('', both(443, urls)), two)), ['the check SSL_GET'])
  const smtp = 'SMTP_CHECK { }'
  assert.equal(needsOf(imported(pair('', both(25, smtp)), two)), ['the check SMTP_CHECK'])
})

test('a scheduler and a method that keepalived leaves out: wlc and NAT', () => {
  const result = imported(pair('', both(80, 'TCP_CHECK { }', 'lb_algo loadbalance\n lb_kind dr')), two)
  assert.equal(needsOf(result), [])
  assert.match(inventory(result), 'balancing: { scheduler: wlc }')
  const foreign = imported(pair('', both(80, 'TCP_CHECK { }', 'lb_kind FNAT')), two)
  assert.equal(needsOf(foreign), [])
  assert.ok(foreign.hazards.some(({ code }) => code === 'unknown-forwarding-method'))
})

test('a service with a scheduler, flags or a persistence of its own', () => {
  const files = pair(
    '',
    both(80, 'TCP_CHECK { }', 'lb_algo mh\n mh-port\n persistence_timeout 50') +
      both(443, 'TCP_CHECK { }', 'lb_algo wlc\n persistence_timeout 50') +
      both(25, 'TCP_CHECK { }', 'lb_algo mh\n mh-fallback'),
  )
  const result = imported(files, two)
  assert.equal([needsOf(result), result.refused], [[], []])
  assert.match(inventory(result), 'balancing: { scheduler: mh, flags: [ port ], persistence: 50 }')
  assert.match(inventory(result), 'tcp443: { type: tcp, port: 443, balancing: { scheduler: wlc } }')
  assert.match(inventory(result), 'tcp25: { type: tcp, port: 25, balancing: { flags: [ fallback ], persistence: 0 } }')
})

test('TUN, and DR with real servers in another network', () => {
  for (const method of ['TUN', 'DR']) {
    const lines = `lb_kind ${method}\n${real('10.2.1.9', 80)}${real('192.168.1.9', 80)}`
    const result = imported(pair('', server(80, lines)), two)
    assert.equal([needsOf(result), result.refused], [[], []])
    assert.match(inventory(result), `method: ${method.toLowerCase()}`)
    assert.match(inventory(result), 'real2: { address: 192.168.1.9, role: real_server }')
  }
})

test('tunnels of another kind than IP in IP, and a real server with a method of its own, are told', () => {
  const several = ['clients passed on by several methods']
  assert.equal(needsOf(imported(pair('', both(80, 'TCP_CHECK { }', 'lb_kind TUN type gue port 6080')), two)), several)
  assert.equal(needsOf(imported(pair('', both(80, 'TCP_CHECK { }', 'lb_kind TUN type ipip')), two)), [])
  assert.equal(needsOf(imported(pair('', both(80, 'lvs_method TUN\n TCP_CHECK { }', 'lb_kind DR')), two)), several)
  assert.equal(needsOf(imported(pair('', both(80, 'lvs_method DR\n TCP_CHECK { }', 'lb_kind DR')), two)), [])
})

test('a director without VRRP, whose name servers a program asks', () => {
  const asks = (command: string) =>
    [2, 3]
      .map((n) => real(`10.2.1.${n}`, 53, `MISC_CHECK { misc_path "${command.replace('@', `@10.2.1.${n}`)}" }`))
      .join('')
  const result = (command: string) => imported({ 'a.conf': server(53, asks(command)).replace('TCP', 'UDP') }, two)
  const dig = result('/usr/bin/dig +tries=3 @ localhost')
  assert.equal([needsOf(dig), dig.refused], [[], []])
  assert.equal(dig.added.filter((why) => /VRRP\)|in place of a program/.test(why)).length, 2)
  assert.match(inventory(dig), 'service: { type: udp, port: 53, health: { dns: localhost } }')
  for (const [command, name] of Object.entries({
    '/usr/bin/dig @ -p 53 www.example.org. AAAA +short': 'www.example.org, record: AAAA',
    '/usr/bin/host -W 2 -t NS example.org @': 'example.org, record: NS',
    '/bin/nslookup -type=txt ns.example.org @': 'ns.example.org, record: TXT',
  }))
    assert.match(inventory(result(command.replace(/(?<!dig )@/, '10.2.1.2'))), `health: { dns: ${name} }`)
  assert.equal(needsOf(result('/usr/bin/dig @ a; reboot')), ['the check MISC_CHECK'])
})

test('an address that no instance holds, as its block is misspelt: the inventory holds it', () => {
  const misspelt = Object.entries(pair('', both(80, 'TCP_CHECK { }'))).map(
    ([name, text]) => [name, text.replace('virtual_ipaddress', 'vitual_ipaddress')] as const,
  )
  const result = imported(Object.fromEntries(misspelt), two)
  assert.equal([needsOf(result), result.refused], [[], []])
  assert.ok(result.hazards.some(({ code }) => code === 'virtual-server-without-vip'))
})

test('DR and another port: keepalived sends clients to that of the virtual server, and checks the other', () => {
  const lines = `lb_kind DR\n${real('10.2.1.8', 8080)}${real('10.2.1.9', 8080)}`
  const result = imported(pair('', server(80, lines)), two)
  assert.equal(needsOf(result), [])
  assert.match(inventory(result), 'service: { type: tcp, port: 80, health: { port: 8080 } }')
})

test('NAT and another port', () => {
  const lines = `${real('10.2.1.8', 8080)}${real('10.2.1.9', 8080, 'TCP_CHECK { connect_port 8080 }')}`
  const result = imported(pair('', server(80, lines)), two)
  assert.equal(needsOf(result), [])
  assert.match(inventory(result), 'service: { type: tcp, port: 80, real_port: 8080 }')
  const several = server(80, `${real('10.2.1.8', 8080)}${real('10.2.1.8', 8081)}`)
  assert.ok(needsOf(imported(pair('', several), two)).includes('real servers on several ports'))
})

test('real servers of another network than the virtual IP says', () => {
  const files = (vip: string) => ({
    'a.conf': instance('', { vip }) + server(80, `lb_kind NAT\n${real('10.2.1.9', 80)}${real('10.2.2.9', 80)}`),
  })
  const byNat = imported(files('10.2.1.5/24'))
  assert.equal(needsOf(byNat), [])
  assert.match(inventory(byNat), 'real2: { address: 10.2.2.9, role: real_server }')
  // Without a prefix length one network may hold both.
  const guessed = imported(files('10.2.1.5'))
  assert.equal(needsOf(guessed), [])
  assert.match(inventory(guessed), 'network: 10.2.0.0/22 # assumed')
})

test('a real server with the first address of the network: the gateway is another', () => {
  const result = imported(pair('', server(80, `${real('10.2.1.1', 80)}${real('10.2.1.9', 80)}`)), two)
  assert.equal([needsOf(result), result.refused], [[], []])
  assert.match(inventory(result), 'real1: { address: 10.2.1.1, role: real_server }')
})

/** Files of nodes that each send clients to themselves. */
const alone = (lines: (address: string) => string) =>
  Object.fromEntries(
    ['10.2.1.2', '10.2.1.3'].map((address, index) => [
      `${index}.conf`,
      instance('', { priority: 100 - index }) + server(3306, lines(address)),
    ]),
  )

test('each node as its own only real server: level 1, and what was run when it failed', () => {
  const result = imported(
    alone((address) => real(address, 3306, 'weight 3\n notify_down "/bin/stop it"\n TCP_CHECK { connect_timeout 9 }')),
  )
  assert.equal([needsOf(result), result.draft.level], [[], 1])
  const text = inventory(result)
  assert.match(text, 'notify: { fault: /bin/stop it }')
  assert.match(text, 'service: { type: tcp, port: 3306 } # of each node alone, its only real server')
  assert.match(text, 'node1: { address: 10.2.1.2 }\n  node2: { address: 10.2.1.3 }')
  assert.match(result.added.join('\n'), 'that none are sent on (level 1)')
  assert.match(result.added.join('\n'), '(notify_down) is run when the node gives the virtual IP up')
})

test('each node as its own only real server: a page, and what an inventory has not', () => {
  const page = imported(alone((address) => real(address, 3306, 'HTTP_GET { url { path /up } }')))
  assert.equal(needsOf(page), [])
  assert.match(inventory(page), 'service: { type: tcp, port: 3306, health: { http: /up } }')
  const sorry = imported(alone((address) => `sorry_server 10.2.1.9 80\n${real(address, 3306)}`))
  assert.equal(needsOf(sorry), ['programs and sorry servers of a node that serves alone'])
  const own = imported(alone((address) => real(address, 3306, `notify_down "/bin/stop ${address}"\n TCP_CHECK { }`)))
  assert.equal(needsOf(own), ['programs and sorry servers of a node that serves alone'])
})

test('one file: the node itself only where the file tells its address', () => {
  const file = (lines: string) => imported({ 'a.conf': instance(lines) + server(3306, real('10.2.1.2', 3306)) })
  assert.is(file('unicast_src_ip 10.2.1.2\n unicast_peer { 10.2.1.3 }').draft.level, 1)
  assert.match(inventory(file('')), 'real1: { address: 10.2.1.2, role: real_server }')
})

test('checks of VRRP take what is not said from those of real servers', () => {
  const script = 'vrrp_script own { script "/bin/own"\n interval 1\n timeout 3\n fall 2\n user nobody }\n'
  const pool = both(80, 'TCP_CHECK { retry 5\n connect_timeout 4 }', 'delay_loop 6')
  const result = imported(pair('track_script { own }', script + pool), two)
  assert.equal(needsOf(result), [])
  assert.match(inventory(result), 'own: { command: /bin/own, interval: 1, timeout: 3, fall: 2 }')
})

test('an address that is on another interface than adverts, and is balanced', () => {
  const peers = 'unicast_src_ip 10.9.0.2\n unicast_peer { 10.9.0.3 }'
  const text =
    instance(peers, { vip: '192.0.2.5/24 dev eth1' }) +
    server(80, `lb_algo rr\n lb_kind NAT\n ${real('10.9.0.2', 80)}${real('10.9.0.3', 80)}`).replace(
      '10.2.1.5',
      '192.0.2.5',
    )
  const result = imported({ 'a.conf': text })
  assert.equal([needsOf(result), result.refused, result.kept], [[], [], []])
  for (const line of ['vip: 192.0.2.5', 'vip_interface: eth1', 'network: 10.9.0.0/24'])
    assert.match(inventory(result), line)
})

test('services of some real servers, and of some virtual IPs alone', () => {
  const at = (vip: string, port: number, reals: string) =>
    server(port, `lb_algo rr\n lb_kind NAT\n ${reals}`).replace('10.2.1.5', vip)
  const [web, db, both] = [real('10.2.1.7', 80), real('10.2.1.9', 3306), real('10.2.1.9', 80)]
  const result = imported(
    pair(
      'virtual_ipaddress { 10.2.1.6 }',
      at('10.2.1.5', 80, web) + at('10.2.1.6', 3306, db) + at('10.2.1.6', 80, web + both),
    ),
    two,
  )
  assert.equal([needsOf(result), result.refused, result.kept], [[], [], []])
  assert.equal(result.draft.cluster.services, {
    tcp80: { type: 'tcp', port: 80, hosts: ['real1'], vips: ['10.2.1.5'] },
    tcp3306: { type: 'tcp', port: 3306, hosts: ['real2'], vips: ['10.2.1.6'] },
    tcp80b: { type: 'tcp', port: 80, vips: ['10.2.1.6'] },
  })
})

test.run()
