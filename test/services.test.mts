// Several services of a cluster, and those that are the user's own: what is set up, asked, checked and told of each.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { remoteClient, thisMachine } from '../engine/clients/client.ts'
import type { Sample } from '../engine/clients/losses.ts'
import { startProber } from '../engine/clients/prober.ts'
import { flatten, tasksOf } from '../engine/runner/task.ts'
import { localTransport } from '../engine/transport/local.ts'
import { askAll } from '../engine/verify/ask.ts'
import { freePort } from '../lab/port.ts'
import type { Inventory } from '../inventory/types.ts'
import { tasks as level1 } from '../playbooks/level1.mts'
import { tasks as level2 } from '../playbooks/level2.mts'
import { tasks as level3 } from '../playbooks/level3.mts'
import { servicesOf } from '../services/all.ts'
import type { Service } from '../services/service.ts'
import { askedServicesOf, virtualServersOf } from '../services/virtual-server.ts'
import { allowAnswers, snat } from '../tasks/cluster/firewall.ts'
import { untracked } from '../tasks/cluster/untracked.ts'
import { targetOf } from '../tasks/target.ts'
import { startResponder } from './dns.ts'
import { debian as facts, filesOf } from './rendered.ts'
import { inventoryOf } from './variants.ts'

const local = localTransport()
const lists = { 1: level1, 2: level2, 3: level3 }

/** A cluster of two with these keys. */
const inventory = (more: string): Inventory =>
  inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, ${more} }
hosts:
  ns1: { address: 10.2.1.2, second: { address: 10.2.1.6 } }
  ns2: { address: 10.2.1.3, second: { address: 10.2.1.7 } }
`)
const targetIn = (given: Inventory) => targetOf(given, given.hosts[0]!, facts)
const serviceIn = (more: string): Service => servicesOf(inventory(more).cluster)[0]!

const several = inventory('services: { dns: { type: dns }, web: { type: http }, log: { type: udp, port: 514 } }')

// Names

test('virtual servers have the name of their service where there are several', () => {
  const names = (more: string) => virtualServersOf(inventory(more).cluster).map(({ name }) => name)
  assert.equal(names(''), ['UDP', 'TCP'])
  assert.equal(names('services: { names: { type: dns } }'), ['UDP', 'TCP'])
  assert.equal(names('services: { names: { type: dns }, web: { type: http } }'), ['names UDP', 'names TCP', 'web TCP'])
  assert.equal(names('service: { type: none }'), [])
})

test('a node is a name server by default where one is served, and has its own name otherwise', () => {
  const identities = (more: string) => inventory(more).hosts.map(({ identity }) => identity)
  assert.equal(identities('services: { web: { type: http }, dns: { type: dns } }'), ['nameserver-1', 'nameserver-2'])
  assert.equal(identities('services: { web: { type: http }, db: { type: tcp, port: 1 } }'), ['ns1', 'ns2'])
  assert.equal(identities('service: { type: none }'), ['ns1', 'ns2'])
})

test('a place is told as the inventory has it', () => {
  const path = ['cluster', 'services', 'dns', 'port']
  assert.match(inventory('').place(path), /cluster\.service\.port$/)
  assert.match(several.place(path), /cluster\.services\.dns\.port$/)
})

// What is set up

for (const level of [1, 2, 3] as const)
  test(`level ${level}: the one service under another key changes nothing on a host`, () => {
    const all = (given: Inventory) => ({
      files: filesOf(given, given.hosts[0]!, level),
      // Of what listens on a port, it is said for which service.
      tasks: tasksOf(flatten(lists[level](targetIn(given)))).map(({ name, key, probe }) => [
        name,
        key,
        probe.text.replaceAll('names', 'dns'),
      ]),
    })
    const own = all(inventory('service: { health_zone: a.b }'))
    assert.equal(all(inventory('services: { dns: { type: dns, health_zone: a.b } }')), own)
    assert.equal(all(inventory('services: { names: { type: dns, health_zone: a.b } }')), own)
  })

test('rules are for one service each', () => {
  const target = targetIn(several)
  assert.equal(
    snat(target, 2).map((rule) => 'virtualServer' in rule && [rule.name, rule.protocols, rule.virtualServer.port]),
    [
      ['snat-dns', ['udp', 'tcp'], 53],
      ['snat-web', ['tcp'], 80],
      ['snat-log', ['udp'], 514],
    ],
  )
  assert.equal(
    allowAnswers(target, 2).map((rule) => 'accept' in rule && [rule.name, rule.protocol, rule.fromPort]),
    [
      ['answers-dns-udp-ns2', 'udp', 53],
      ['answers-dns-tcp-ns2', 'tcp', 53],
      ['answers-web-tcp-ns2', 'tcp', 80],
      ['answers-log-udp-ns2', 'udp', 514],
    ],
  )
  const names = untracked(target, 3).map(({ name }) => name)
  assert.is(new Set(names).size, 4 * 4)
  assert.ok(names.includes('untracked-answers-of-ns2-log-udp'))
})

test('an address alone needs no service, no pool and no rule but that of VRRP', () => {
  const none = inventory('service: { type: none }, checks: { proxy: { process: haproxy } }')
  const names = tasksOf(flatten(level1(targetIn(none)))).map(({ name }) => name)
  assert.equal(
    names.filter((name) => /named|nginx|bind|answers/.test(name)),
    [],
  )
  assert.equal(
    names.filter((name) => name.startsWith('iptables rule')),
    ['iptables rule vrrp-in', 'iptables rule vrrp-out'],
  )
})

test('the web services that the playbooks set up have one file, and what they share is there once', () => {
  const two = inventory(`services: {
    shop: { type: https, certificate: /c, key: /k, host: shop.example.com, header: x-node },
    old: { type: http, managed: false, unit: apache2, port: 8080 },
    web: { type: http }, more: { type: http, port: 81 } }`)
  const conf = filesOf(two, two.hosts[0]!, 2).get('/etc/nginx/conf.d/keepalived-health.conf')!
  const lines = (start: string) => conf.match(new RegExp(`^ *${start} .*`, 'gm'))?.map((line) => line.trim())
  assert.equal(lines('listen'), ['listen 443 ssl;', 'listen 80;', 'listen 81;'])
  assert.equal(lines('add_header'), ['add_header x-node ns1 always;', 'add_header X-Served-By ns1 always;'])
  assert.equal([lines('log_format')!.length, lines('map')!.length], [1, 1])
  const [shop, old, web, more] = servicesOf(two.cluster).map((one) => tasksOf(flatten(one.tasks(targetIn(two)))))
  assert.equal([old, web, more], [[], [], []])
  assert.equal(
    shop!.map(({ name }) => name),
    [
      '/c is there',
      '/k is there',
      'nginx accepts /etc/nginx/conf.d/keepalived-health.conf',
      'file /etc/nginx/conf.d/keepalived-health.conf',
      'service nginx is enabled, running and up to date',
    ],
  )
})

// Nodes that ask themselves

const sockets: (Server | ReturnType<typeof createSocket>)[] = []
test.after(() => {
  for (const one of sockets) one.close()
})
async function tcpListener(taken = () => {}): Promise<number> {
  const server = createServer((socket) => socket.end())
    .listen(0, '127.0.0.1')
    .on('connection', taken)
  sockets.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
async function udpSocket(type: 'udp4' | 'udp6', address: string): Promise<number> {
  const socket = createSocket(type)
  sockets.push(socket)
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket.address().port
}

/** What a node finds of its own service: the exit codes of both checks, and what the one says. */
async function self(more: string, prelude = ''): Promise<[check: number, keepalived: number, said: string]> {
  const { selfCheck, localCheck } = serviceIn(more)
  const host = { ...several.hosts[0]!, address: '127.0.0.1' }
  const run = (script: string) => local.run(`${prelude}\n${script}`, { timeout: 60 })
  const check = await run(selfCheck(host, host.address).text)
  // keepalived has no shell: what it runs must be the same without one.
  const words = localCheck(host, 2).split(' ')
  assert.ok(
    words.every((word) => !/["'\\$`;&|<>(){}]/.test(word)),
    words.join(' '),
  )
  const { code } = await run(words.map((word) => `'${word}'`).join(' '))
  return [check.code!, code!, check.stderr]
}
const silent = (kind: string, port: number) => `nothing answers at ${kind} port ${port} of 127.0.0.1\n`

test('tcp: a node asks itself by a connection', async () => {
  const port = await tcpListener()
  assert.equal(await self(`service: { type: tcp, port: ${port} }`), [0, 0, ''])
  const none = await freePort()
  assert.equal(await self(`service: { type: tcp, port: ${none} }`), [1, 1, silent('tcp', none)])
})

for (const [type, address] of [
  ['udp4', '127.0.0.1'],
  ['udp4', '0.0.0.0'],
  ['udp6', '::'],
  ['udp6', '::ffff:127.0.0.1'],
] as const)
  test(`udp: a node looks for a socket, here of ${address}`, async () => {
    const port = await udpSocket(type, address)
    assert.equal(await self(`service: { type: udp, port: ${port} }`), [0, 0, ''])
  })

test('udp: what listens elsewhere, or asks another port, is no service', async () => {
  const elsewhere = await udpSocket('udp4', '127.0.0.2')
  const [check, , said] = await self(`service: { type: udp, port: ${elsewhere} }`)
  assert.equal([check, said], [1, silent('udp', elsewhere)])
  const asked = await freePort()
  const client = createSocket('udp4')
  sockets.push(client)
  client.connect(asked, '127.0.0.1')
  await once(client, 'connect')
  assert.equal(await self(`service: { type: udp, port: ${asked} }`), [1, 1, silent('udp', asked)])
})

for (const type of ['tcp', 'udp'])
  test(`${type}: a program of the user's is asked in place of the port, as keepalived asks it`, async () => {
    const more = (program: string) => `service: { type: ${type}, port: 9, check: ${program} }`
    // Its last words are address and port; it runs as the user that keepalived takes.
    const nobody = `timeout() { return 3; }
runuser() { [ "$*" = "-u nobody -- timeout 4 /usr/bin/$program 127.0.0.1 9" ] && command "\${@:4}"; }`
    assert.equal(await self(more('/usr/bin/true --fast'), `program='true --fast'; ${nobody}`), [0, 0, ''])
    assert.equal(await self(more('/usr/bin/false'), `program=false; ${nobody}`), [1, 1, silent(type, 9)])
    const { asking, selfCheckProgram, healthCheck, localCheck } = serviceIn(more('/usr/bin/true --fast'))
    assert.equal([asking, selfCheckProgram], [undefined, '/usr/bin/true'])
    assert.equal(healthCheck(type === 'tcp' ? 'TCP' : 'UDP'), { program: '/usr/bin/true --fast' })
    assert.is(localCheck(several.hosts[0]!, 2), '/usr/bin/timeout -k 1 2 /usr/bin/true --fast 10.2.1.2 9')
  })

// Clients

/** A cluster at 127.0.0.1 with a name server, a web server and a program of the user's, which all answer as ns1. */
async function answering(): Promise<{
  given: Inventory
  turn: Awaited<ReturnType<typeof startResponder>>['turn']
  asked: string[]
}> {
  const asked: string[] = []
  const dns = await startResponder('=ns1=')
  const web = createHttpServer(({ url }, response) => {
    asked.push(`${url}`)
    response.setHeader('x-served-by', 'ns1').end()
  }).listen(0, '127.0.0.1')
  sockets.push(web)
  await once(web, 'listening')
  const ports = [dns.port, (web.address() as AddressInfo).port, await tcpListener(() => asked.push('db'))]
  const base = inventory(`services: { dns: { type: dns, port: ${ports[0]} }, web: { type: http, port: ${ports[1]} },
    db: { type: tcp, port: ${ports[2]} }, log: { type: udp, port: 9 } }`)
  const hosts = base.hosts.map((host) => ({ ...host, identity: host.name }))
  const here = { name: 'VI_1', virtual_router_id: 5, vips: [{ address: '127.0.0.1', prefix: 32, excluded: false }] }
  return {
    given: { ...base, cluster: { ...base.cluster, network: '127.0.0.0/8', instances: [here] }, hosts },
    turn: dns.turn,
    asked,
  }
}

for (const client of [thisMachine(), remoteClient('a client', local)])
  test(`${client.name}: each service is asked, by questions of its own, and the last ones are for those whose log is seen`, async () => {
    const { given, asked } = await answering()
    const answers = await askAll(given, client, { tag: 't-0', ends: 't', timeout: 60 })
    const ten = (name: string) => Array<string>(10).fill(name)
    assert.equal(answers.answered, {
      'dns UDP': ten('ns1'),
      'dns TCP': ten('ns1'),
      'web TCP': ten('ns1'),
      'db TCP': ten(''),
    })
    assert.is(answers.source, '127.0.0.1')
    const names = (start: string, count: number) => Array.from({ length: count }, (_, i) => `/?${start}-${i}`)
    const all = [...names('t-0-v2', 10), ...names('t-last', 8), ...ten('db')]
    // The kernel takes connections before this process hears of them.
    for (let tries = 0; asked.length < all.length && tries < 500; tries++) await wait(10)
    assert.equal(asked, all)
  })

for (const client of [thisMachine(), remoteClient('a client', local)])
  test(`${client.name}: a name server of the user's is asked for the name of its health, with recursion, and has to have a record`, async () => {
    const { port, turn, asked } = await startResponder('not who has answered')
    const base = inventory(`service: { type: udp, port: ${port}, health: { dns: www.example.org } }`)
    const here = { name: 'VI_1', virtual_router_id: 5, vips: [{ address: '127.0.0.1', prefix: 32, excluded: false }] }
    const given = { ...base, cluster: { ...base.cluster, network: '127.0.0.0/8', instances: [here] } }
    const answered = async () => (await askAll(given, client, { tag: 't-0', timeout: 60 })).answered
    assert.equal(await answered(), { UDP: Array<string>(10).fill('') })
    assert.equal(
      asked.map(({ name, recursion }) => [name, recursion]),
      Array.from({ length: 10 }, () => ['www.example.org', true]),
    )
    for (const mode of ['servfail', 'nothing of use'] as const) {
      await turn(mode)
      assert.equal(await answered(), { UDP: [] })
    }
  })

test("a name server of the user's that has its health elsewhere is not asked by clients", () => {
  assert.is(serviceIn('service: { type: udp, port: 53, health: { dns: www.example.org, port: 54 } }').asking, undefined)
})

test('the prober asks all services at the same time, and tells of each what it lost', async () => {
  const { given, turn } = await answering()
  const services = askedServicesOf(given.cluster).map((one) => ({
    ...one,
    servers: one.servers.map((server) => ({ ...server, perSecond: 20 })),
  }))
  const heard: Sample[] = []
  const began = Date.now()
  const prober = await startProber({ transport: local }, services, 60, (sample) => heard.push(sample))
  const more = async (count: number, fits: (sample: Sample) => boolean) => {
    const from = heard.length
    for (let tries = 0; heard.slice(from).filter(fits).length < count && tries < 600; tries++) await wait(50)
  }
  prober.mark('well')
  for (const { name } of services.flatMap(({ servers }) => servers)) await more(3, ({ server }) => server === name)
  await turn('down')
  await more(3, ({ server, lost }) => server === 'dns UDP' && lost === 'refused')
  prober.mark('down')
  await more(3, ({ server, lost }) => server === 'dns TCP' && lost === 'refused')
  const { tallies, problem, steps, started, seconds } = await prober.stop()
  assert.is(problem, undefined)
  assert.ok(Math.abs(started.getTime() - began) < 60_000)
  assert.equal(Object.keys(tallies), ['dns UDP', 'dns TCP', 'web TCP', 'db TCP'])
  for (const name of ['web TCP', 'db TCP']) assert.is(tallies[name]!.lost, 0)
  for (const name of ['dns UDP', 'dns TCP']) assert.ok(steps[1]!.tallies[name]!.lost > 0)
  assert.equal(Object.keys(tallies['db TCP']!.answers), [''])
  assert.ok(seconds > 0 && steps.at(-1)!.to === seconds)
})

test('what several probers of a client have heard has one clock', async () => {
  const first = 'start 1 100.000\n0 UDP 1.000 0.0 1.0 a\nend 4.000\n'
  const second = 'start 2 102.500\n0 TCP 1.000 0.0 1.0 b\nend 3.000\n'
  const transport = {
    ...local,
    run: async (script: string, { onStdout }: { onStdout?: (chunk: Buffer) => void }) => {
      if (!/^exec .* -IS - /.test(script)) return { stdout: Buffer.from(''), stderr: '', code: 0 }
      // The questions per second over UDP, then over TCP, then for how long.
      onStdout!(Buffer.from(/ 1 0 60 probe-/.test(script) ? first : second))
      await wait(100)
      return { stdout: Buffer.from(''), stderr: '', code: 0 }
    },
  }
  const asked = (name: string, protocol: 'UDP' | 'TCP') => ({
    ...askedServicesOf(several.cluster)[0]!,
    servers: [{ name, protocol, perSecond: 1 }],
  })
  const prober = await startProber({ transport }, [asked('first', 'UDP'), asked('second', 'TCP')], 60, () => {})
  const { samples, started, seconds } = await prober.stop()
  assert.equal(
    samples.map(({ server, sent }) => [server, sent]),
    [
      ['first', 1],
      ['second', 3.5],
    ],
  )
  assert.equal([started.getTime(), seconds], [100_000, 4])
})

test('a prober of several that can not ask one of them asks none', async () => {
  const { given } = await answering()
  const [dns, web] = askedServicesOf(given.cluster).map((one) => ({
    ...one,
    servers: one.servers.map((server) => ({ ...server, perSecond: 20 })),
  }))
  const broken = { ...web!, asking: { ...web!.asking, program: new URL('nowhere.py', import.meta.url) } }
  let heard = 0
  const error = await startProber({ transport: local }, [dns!, broken], 60, () => heard++).then(
    () => undefined,
    (problem: NodeJS.ErrnoException) => problem,
  )
  assert.is(error?.code, 'ENOENT')
  const until = heard
  await wait(300)
  assert.is(heard, until)
})

test('a prober of nothing ends when it is told to', async () => {
  const before = Date.now()
  const prober = await startProber({ transport: local }, [], 60, () => {})
  prober.mark('a')
  await wait(50)
  const { tallies, samples, steps, seconds, started, problem } = await prober.stop()
  assert.equal([tallies, samples, problem], [{}, [], undefined])
  assert.ok(seconds >= 0.04 && seconds < 60, `${seconds} s`)
  assert.equal([steps[0]!.label, steps[0]!.tallies], ['a', {}])
  assert.ok(started.getTime() >= before && started.getTime() < Date.now() - 40)
})

test.run()
