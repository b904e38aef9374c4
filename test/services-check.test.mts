// What the cluster check, status and the report make of several services, of those that do not say who answers, and of none.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { plain } from '../engine/base/colours.ts'
import { sh } from '../engine/base/sh.ts'
import type { Client } from '../engine/clients/client.ts'
import { summarize, type Sample } from '../engine/clients/losses.ts'
import { textsOf } from '../engine/cluster/finding.ts'
import { type NodeHandle, nodeStateScript, parseNodeState } from '../engine/cluster/node-state.ts'
import { parseStatus } from '../engine/cluster/status.ts'
import { judgeStatus, statusLines } from '../engine/commands/status.ts'
import { service as serviceDrill } from '../engine/operations/drills/service.ts'
import { lossLines, namesByAnswer } from '../engine/operations/traffic.ts'
import type { Session } from '../engine/cluster/session.ts'
import { writePage } from '../engine/operations/html-report.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { checkCluster } from '../engine/verify/check.ts'
import { judgeNodes } from '../engine/verify/judge.ts'
import { judgeAnswers } from '../engine/verify/judge-answers.ts'
import { watching, watchScript } from '../engine/verify/watch.ts'
import type { Inventory } from '../inventory/types.ts'
import { hurriedClock } from './clock.ts'
import { inventoryOf } from './variants.ts'

const folder = mkdtempSync(join(tmpdir(), 'services-'))
test.after(() => rmSync(folder, { recursive: true }))

const inventory = (more: string): Inventory =>
  inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, ${more} }
hosts:
  ns1: { address: 10.2.1.2, second: { address: 10.2.1.6 } }
  ns2: { address: 10.2.1.3, second: { address: 10.2.1.7 } }
`)

test('an answer that does not say whose it is has no name', () => {
  assert.equal([...namesByAnswer(inventory('service: { type: tcp, port: 5432 }'))], [])
  const names = namesByAnswer(several)
  assert.equal([names.get('nameserver-1'), names.get('=nameserver-2='), names.get('')], ['ns1', 'ns2', undefined])
})

const certified = 'certificate: /c, key: /k'
const several = inventory(
  `services: { dns: { type: dns }, web: { type: http }, shop: { type: https, ${certified} }, db: { type: tcp, port: 5432 } }`,
)
const none = inventory('service: { type: none }')
const mute = inventory('service: { type: udp, port: 514, unit: rsyslog }')

/** What a healthy node of a level prints. */
const printed = (given: Inventory, level: number, holds: boolean, ...more: string[]): string => {
  const places =
    given === several ? ['UDP 53', 'TCP 53', 'TCP 80', 'TCP 443', 'TCP 5432'] : given === mute ? ['UDP 514'] : []
  const reals = level === 3 ? ['10.2.1.6', '10.2.1.7'] : ['10.2.1.2', '10.2.1.3']
  const pools = places
    .map((place) => place.split(' '))
    .flatMap(([protocol, port]) => [
      `pool=${protocol}  10.2.1.5:${port} rr`,
      ...reals.map((real) => `pool=  -> ${real}:${port} Masq 1 0 0`),
    ])
  const units = given === several ? ['named', 'nginx'] : given === mute ? ['rsyslog'] : []
  return [
    ...(holds ? ['held=VI_1 10.2.1.5'] : []),
    `level=${level}`,
    'keepalived=active',
    ...units.map((unit) => `service=${unit} active`),
    `state=VI_1 ${holds ? 'MASTER' : 'BACKUP'}`,
    ...(level > 1 ? pools : []),
    'version=2.2.7',
    'uptime=60.1',
    'now=1700000600',
    ...more,
    '',
  ].join('\n')
}
const states = (given: Inventory, level: number) =>
  given.hosts.map((host, i) => parseNodeState(host, given.cluster, printed(given, level, i === 0)))

test('pools are those of each service', () => {
  assert.equal(judgeNodes(several, states(several, 3), 3), [])
  const [state] = states(several, 2)
  assert.equal(Object.keys(state!.schedulers), ['dns UDP', 'dns TCP', 'web TCP', 'shop TCP', 'db TCP'])
  const pool = state!.pool.filter(({ server, address }) => server !== 'shop TCP' || address !== '10.2.1.3')
  const { 'db TCP': _, ...schedulers } = state!.schedulers
  assert.equal(textsOf(judgeNodes(several, [{ ...state!, pool, schedulers }], 2)), [
    'ns1: its shop TCP pool lacks ns2',
    'ns1: its db TCP pool is not there',
  ])
})

test('a unit behind two services is told once, and what it does not answer then is no finding more', () => {
  const [first, second] = states(several, 1)
  const silent = ['web', 'shop', 'db'].map((service) => ({ service, address: '10.2.1.3', why: `${service} is silent` }))
  const ill = { ...second!, services: { named: 'active', nginx: 'failed' }, silent }
  assert.equal(judgeNodes(several, [first!, ill], 1), [
    { code: 'service-down', node: 'ns2', about: 'nginx', text: 'ns2: nginx is failed' },
    { code: 'service-silent', node: 'ns2', about: 'db 10.2.1.3', text: 'ns2: db is silent' },
  ])
})

test('the script of a node asks each service, and each unit once', () => {
  const script = nodeStateScript(several.cluster, several.hosts[0]!).text
  assert.match(script, 'for unit in named nginx; do')
  for (const { name } of [{ name: 'dns' }, { name: 'web' }, { name: 'shop' }, { name: 'db' }])
    assert.match(script, `silent=${name} 10.2.1.2 `)
  assert.match(nodeStateScript(none.cluster, none.hosts[0]!).text, 'for unit in ; do')
})

// Answers

const answersOf = (answered: Record<string, string[]>) => ({ client: 'c', source: '10.2.1.9', asked: 4, answered })
const turns = ['ns1', 'ns2', 'ns1', 'ns2']

test('a service with a scheduler of its own is judged by it, in its pool and by who answered', () => {
  const { cluster } = several
  const web = { ...cluster.services.web!, balancing: { scheduler: 'sh', persistence: 30 } as const }
  const own = { ...several, cluster: { ...cluster, services: { ...cluster.services, web } } }
  const one = { 'web TCP': ['ns1', 'ns1', 'ns1', 'ns1'], 'dns UDP': ['ns1', 'ns1', 'ns1', 'ns1'] }
  assert.equal(
    judgeAnswers(own, 2, { VI_1: 'ns1' }, answersOf(one), {}).map(({ server, finding }) => [server, finding?.code]),
    [
      ['dns UDP', 'unfair-shares'],
      ['web TCP', undefined],
    ],
  )
  const [state] = states(several, 2)
  const scheduler = (name: string) => {
    const schedulers = { ...state!.schedulers, 'web TCP': name }
    return judgeNodes(own, [{ ...state!, schedulers }], 2).find(({ about }) => about === 'web TCP scheduler')?.text
  }
  assert.is(scheduler('sh persistent 30'), undefined)
  assert.is(scheduler('rr'), 'ns1: its web TCP pool has the scheduler rr, not sh persistent 30')
})

test('answers are judged by service: by name, or by how many there are', () => {
  const dns = { 'dns UDP': turns, 'dns TCP': turns }
  const judge = (more: Record<string, string[]>) =>
    judgeAnswers(several, 2, { VI_1: 'ns1' }, answersOf({ ...dns, ...more }), {}).map(
      ({ server, summary, finding }) => [server, summary, finding?.text],
    )
  const well = [
    ['dns UDP', 'ns1 2, ns2 2: strictly in turn', undefined],
    ['dns TCP', 'ns1 2, ns2 2: strictly in turn', undefined],
  ]
  assert.equal(judge({ 'web TCP': ['ns1', 'ns1', 'ns1', 'ns1'], 'db TCP': ['', '', '', ''] }), [
    ...well,
    ['web TCP', 'ns1 4, ns2 0: unfair shares', 'c: web TCP: not every node answered its fair share (ns1 4, ns2 0)'],
    ['db TCP', '4 of 4 answered; its answers do not say by whom', undefined],
  ])
  assert.equal(judge({ 'db TCP': ['', '', ''] }), [
    ...well,
    ['db TCP', '3 of 4 answered', 'c: db TCP: 1 of 4 questions got no answer'],
  ])
})

/** The cluster check of made-up nodes. @returns findings, how many questions were asked, and what else was found */
async function check(given: Inventory, level: number) {
  const asked: string[] = []
  const nodes = given.hosts.map((host, i): NodeHandle => {
    const text = `${printed(given, level, i === 0)}\n${watching}\n`
    const run: Transport['run'] = async (_, { onStdout }) => {
      onStdout?.(Buffer.from(text))
      return { stdout: Buffer.from(text), stderr: '', code: 0 }
    }
    return { host, transport: { connect: async () => {}, close: async () => {}, run } }
  })
  const client: Client = {
    name: 'c',
    transport: nodes[0]!.transport,
    ask: async ({ server }, questions) => {
      asked.push(...questions.map(({ protocol }) => `${protocol} ${server.port}`))
      return {
        source: '10.2.1.9',
        texts: questions.map((_, i) =>
          server.port === 53 ? `=nameserver-${1 + (i % 2)}=` : `nameserver-${1 + (i % 2)}`,
        ),
      }
    },
  }
  const result = await checkCluster(given, nodes, {
    clients: [client],
    changed: false,
    timeout: 9,
    clock: hurriedClock(),
    say: () => {},
  })
  return { ...result, asked: [...new Set(asked)] }
}

test('where nobody can be asked, the check is of the nodes alone', async () => {
  for (const [given, level] of [
    [none, 1],
    [mute, 1],
    [mute, 2],
    [mute, 3],
  ] as const) {
    const { findings, asked, answers, verdicts, seen, holder } = await check(given, level)
    assert.equal([findings, asked, answers, verdicts, seen, holder], [[], [], [], [], [], 'ns1'])
  }
})

test('each service is asked at its port', async () => {
  const { asked, answers } = await check(several, 2)
  assert.equal(asked, ['UDP 53', 'TCP 53', 'TCP 80', 'TCP 443', 'TCP 5432'])
  assert.equal(Object.keys(answers[0]!.answered), ['dns UDP', 'dns TCP', 'web TCP', 'shop TCP', 'db TCP'])
})

test('a watch lasts until the last questions are in every log, and ends at once without a log', async () => {
  const log = (name: string) => join(folder, name)
  const service = (name: string) => ({
    name,
    sightings: { isOn: sh`true`, on: sh`true`, off: sh`true`, print: () => sh`cat ${log(name)}` },
  })
  const start = (services: Parameters<typeof watchScript>[0]) => {
    const child = spawn('bash', ['-c', watchScript(services, 'tag', 60, 3, [3]).text.replaceAll('/run/', `${folder}/`)])
    let said = ''
    child.stdout.on('data', (data) => {
      said += data
    })
    return new Promise<string>((resolve) => child.on('close', () => resolve(said)))
  }
  for (const name of ['a', 'b']) writeFileSync(log(name), `10.2.1.9 tag-0-v0-0.${name}\n`)
  const watched = start([service('a'), service('b'), { name: 'c' }])
  let over = false
  void watched.then(() => {
    over = true
  })
  writeFileSync(log('a'), `${readFileSync(log('a'), 'utf8')}10.2.1.9 tag-last-0.a\n`)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  assert.not(over)
  writeFileSync(log('b'), `${readFileSync(log('b'), 'utf8')}10.2.1.9 tag-last-0.b\n`)
  assert.match(await watched, /seen=10\.2\.1\.9 tag-0-v0-0\.a\n[^]*seen=10\.2\.1\.9 tag-0-v0-0\.b\n/)
  assert.equal(await start([{ name: 'c' }]), `\n${watching}\n`)
})

// What people read

const statusOf = (given: Inventory, level: number, ...more: string[]) =>
  given.hosts.map((host, i) => parseStatus(host, given.cluster, printed(given, level, i === 0, ...(i ? [] : more))))

test('status: units, pools and flapping by service', () => {
  const removed = (at: number, port: number) =>
    `log=${at}.1 ns1 Keepalived_healthcheckers[7]: Removing service [10.2.1.3]:tcp:${port} from VS [10.2.1.5]:tcp:${port}`
  const nodes = statusOf(
    several,
    2,
    ...[1, 2, 3].map((i) => removed(1700000000 + i, 443)),
    removed(1700000004, 80),
    removed(1700000004, 8080),
  )
  assert.equal(nodes[0]!.removals, { '10.2.1.3 shop TCP': 3, '10.2.1.3 web TCP': 1 })
  assert.equal(textsOf(judgeStatus(several, nodes)), [
    'ns1: the shop TCP real server ns2 is flapping: removed 3 times in 10 min',
  ])
  const rows = statusLines(several, nodes, [], plain)
  assert.is(
    rows[0],
    'ns1      level 2, VRRP MASTER, holds 10.2.1.5, keepalived 2.2.7 active, named active, nginx active, up 1 min',
  )
  assert.is(rows[3], '         web TCP pool: ns1 weight 1, 0 connections; ns2 weight 1, 0 connections')
  assert.is(rows.at(-1), 'cluster  healthy: ns1 holds 10.2.1.5, named and nginx answer on every node')
})

test('status: an address alone', () => {
  assert.equal(statusLines(none, statusOf(none, 1), [], plain), [
    'ns1      level 1, VRRP MASTER, holds 10.2.1.5, keepalived 2.2.7 active, up 1 min',
    'ns2      level 1, VRRP BACKUP, without 10.2.1.5, keepalived 2.2.7 active, up 1 min',
    'cluster  healthy: ns1 holds 10.2.1.5',
  ])
})

test('a drill stops the units of services, where they have any', () => {
  const { possible } = serviceDrill
  assert.equal(
    [several, mute, none].map(({ cluster }) => possible(cluster)),
    [true, true, false],
  )
})

test('losses: a part for each virtual server, and a word where there is none', () => {
  const sample = (server: string, lost: boolean): Sample => ({
    server,
    sent: 0.1,
    late: 0,
    ...(lost ? { lost: 'timeout' } : { latency: 1, who: 'a' }),
  })
  const summary = (servers: string[], samples: Sample[]) => ({
    ...summarize(servers, samples, [], 1),
    started: new Date(),
  })
  assert.equal(lossLines(summary(['dns UDP', 'web TCP'], [sample('dns UDP', false), sample('web TCP', true)])), [
    '  in all     1.0 s  dns UDP lost 0 of 1; web TCP lost 1 of 1, longest gap 0.9 s',
  ])
  assert.equal(lossLines(summary([], [])), ['  in all     1.0 s  nobody could be asked'])
})

test("report: an answer that does not say by whom is nobody's, and a lane for each virtual server", async () => {
  const samples = Array.from({ length: 40 }, (_, i): Sample => ({
    ...(i % 2 ? { server: 'dns UDP', who: '=nameserver-1=' } : { server: 'db TCP', who: '' }),
    ...{ sent: i / 10, late: 0, latency: 1 },
  }))
  const servers = ['dns UDP', 'db TCP']
  const file = join(folder, 'report.html')
  const context = {
    console: { print: () => {} },
    redactor: { redact: (text: string) => text },
  } as unknown as Parameters<typeof writePage>[0]
  const session = { inventory: several, clients: [] } as Partial<Session> as Session
  const more = { title: 'x', started: new Date(), seconds: 4, ok: true, verdict: 'well', problems: [], steps: [], file }
  await writePage(context, session, states(several, 2), { ...more, summary: summarize(servers, samples, [], 4) })
  const page = readFileSync(file, 'utf8')
  for (const server of servers) assert.match(page, `<th scope="row">${server}</th>`)
  assert.match(page, 'answers that do not say by whom')
  assert.not.match(page, 'no node')
  assert.match(page, /ns1 \(=nameserver-1=, nameserver-1\) 20<[^]*ns2 \(=nameserver-2=, nameserver-2\) 0</)
  assert.match(page, 'somebody 20')
  for (const server of ['dns UDP', 'shop TCP', 'db TCP']) assert.match(page, `<th scope="col">${server} weight</th>`)
})

test.run()
