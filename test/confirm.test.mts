// How a run is confirmed on its hosts, or undone, and what becomes of the others meanwhile.
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Documents } from '../documents/all.ts'
import type { RunContext } from '../engine/cli/main.ts'
import type { Finding } from '../engine/cluster/finding.ts'
import type { Session } from '../engine/cluster/session.ts'
import { runNote } from '../engine/cluster/run-note.ts'
import { exitCode, HostError } from '../engine/base/errors.ts'
import { sh } from '../engine/base/sh.ts'
import { bringTo } from '../engine/commands/bring-to.ts'
import { confirmAll, goBackAll, keepWaiting } from '../engine/commands/confirm.ts'
import { brought, settle } from '../engine/commands/settle.ts'
import { localTransport } from '../engine/transport/local.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { checkedFilled } from './documents.ts'
import { host, inFreshFolders, made, options, runHost, shown, silent, state, touch } from './engine-host.ts'
import { inventoryOf } from './variants.ts'

inFreshFolders()

const local = localTransport()
const stubs = 'systemctl() { true; }; systemd-run() { true; }'
/** This machine, with a state folder of the test's. */
const reachable: Transport = {
  ...local,
  run: (script, how) => local.run(`${stubs}\n${script.replaceAll(runNote('').folder, state)}`, how),
}
const gone: Transport = {
  connect: async () => Promise.reject(new HostError('ns2: nobody there')),
  run: async () => Promise.reject(new HostError('ns2: nobody there')),
  close: async () => {},
}
const reach = (name: string) => (name === 'ns1' ? reachable : gone)
const inventory = inventoryOf(`cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }`)
const session = { inventory, limited: inventory.hosts, reach, clients: [] } as unknown as Session
const run = { session, note: options.note, timeout: 60, confirmWithin: 60 }
const begin = (...tasks: Parameters<typeof host>[0]) =>
  runHost(host(tasks, reachable), { ...options, confirmWithin: 60 }, silent)

function contextOf(): { context: RunContext<Documents['run']>; end(): Promise<void> } {
  const endings: (() => unknown)[] = []
  const context = {
    options: { check: false, timeout: 60, forks: 2 },
    console: { print: () => {}, status: () => {}, colour: { red: String } },
    document: { document: 'run', playbook: 'x', exitCode: 0 },
    atEnd: (action: () => unknown) => endings.push(action),
  } as unknown as RunContext<Documents['run']>
  const end = async () => {
    for (const action of endings) await action()
  }
  return { context, end }
}

test('a host that is unreachable keeps no other from being worked on; the exit code tells', async () => {
  const { context, end } = contextOf()
  const playbook = { title: 'x', level: 1, tasks: () => [touch('a')] } as const
  assert.is(await bringTo(context, session, playbook, { checking: true, seconds: 60 }), exitCode.unreachable)
  await end()
  assert.equal(
    checkedFilled('run', context.document).hosts!.map(({ status }) => status),
    ['changed', 'unreachable'],
  )
  assert.is(shown('a'), '')
  assert.throws(() => readFileSync(`${state}/confirm`), /ENOENT/)
})

test('hosts that are done are told to wait on while others are at work', async () => {
  await begin(touch('a'))
  const armed = () => readFileSync(`${state}/confirm`, 'utf8')
  const first = armed()
  const end = keepWaiting({ ...run, confirmWithin: 0.3 }, ['ns1', 'ns2'])
  while (armed() === first) await wait(10)
  end()
})

test('what can not be confirmed, and what goes back in part, is told of each host', async () => {
  const printed: string[] = []
  const console = { print: (line: string) => void printed.push(line) }
  assert.equal(await confirmAll(run, ['ns2']), ['ns2: nobody there'])
  await begin(touch('a'), made('b', sh`false`))
  assert.equal(await goBackAll(run, ['ns1', 'ns2'], console), [
    { host: 'ns1', undone: false },
    { host: 'ns2', undone: false },
  ])
  assert.match(printed.join('\n'), /ns1 {2}not undone: touch b/)
  assert.equal(['a', 'b'].map(shown), [undefined, ''])
})

test('a host that is lost in the middle of a change undoes the run, and the document says so', async () => {
  const { context } = contextOf()
  const none = { tasks: 1, changes: [], notTried: [], executions: 1, seconds: 0 }
  const lost = { ...none, host: 'ns2', status: 'unreachable', failure: { task: 'touch a', reason: 'lost' } } as const
  await settle(context, run, [lost, { ...none, host: 'ns1', status: 'ok' }], { stopWaiting: silent })
  assert.equal(checkedFilled('run', context.document).unconfirmed, [
    'ns2 is not reached any more: what it was changed to is not confirmed, and it undoes that by itself within 60 s',
  ])
})

test('a run that makes the cluster worse goes back; not for what the clients bring', () => {
  const finding = (code: Finding['code']): Finding => ({ code, node: 'ns1', text: code })
  assert.is(brought([], [finding('conntrack-full'), finding('not-in-turn')]), undefined)
  assert.is(brought([finding('service-down')], [finding('service-down')]), undefined)
  assert.is(brought([], [finding('conntrack-full'), finding('service-down')])?.code, 'service-down')
})

test.run()
