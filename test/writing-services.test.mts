// The service of docs/writing-services.md, which is in no inventory: asked by all who ask, checked by keepalived, set up on a node.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { banner } from '../docs/examples/banner/banner.ts'
import { program } from '../docs/examples/banner/tasks.ts'
import { type Client, remoteClient, thisMachine } from '../engine/clients/client.ts'
import type { Sample } from '../engine/clients/losses.ts'
import { startProber } from '../engine/clients/prober.ts'
import type { Question } from '../engine/clients/question.ts'
import { flatten, tasksOf } from '../engine/runner/task.ts'
import type { Facts } from '../engine/runner/facts.ts'
import { localTransport } from '../engine/transport/local.ts'
import { targetOf } from '../tasks/target.ts'
import { freePort } from '../lab/port.ts'
import { inventoryOf, keepalivedConf, onlyContent } from './variants.ts'

const port = await freePort()
const text = `
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, service: { port: ${port} } }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }
`
const inventory = inventoryOf(text)
const service = banner(onlyContent(inventory))
const asking = service.asking!
const node = { ...inventory.hosts[0]!, address: '127.0.0.1' }
const at = { asking, server: { address: node.address, port } }
const local = localTransport()

/** What the program has logged, for all connections. */
let log = ''

/** systemd's part: the program of the node answers each connection. */
const answering = createServer({ allowHalfOpen: true }, (socket) => {
  const env = { ...process.env, REMOTE_ADDR: socket.remoteAddress }
  const child = spawn('bash', ['-c', program(node).text], { env })
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  // Whoever has an answer leaves, and the program may end before all is read.
  for (const end of [socket, child.stdin]) end.on('error', () => {})
  socket.pipe(child.stdin)
  child.stdout.pipe(socket)
}).listen(port, node.address)
await once(answering, 'listening')
test.after(() => void answering.close())

for (const client of [thisMachine(), remoteClient('a client', local)] satisfies Client[]) {
  const questions = [0, 1, 2].map((number): Question => ({ protocol: 'TCP', name: `tag-TCP-${number}` }))

  test(`${client.name}: each question is answered by the identity, and logged`, async () => {
    log = ''
    const { source, texts } = await client.ask(at, questions, 60)
    assert.equal([source, texts], ['127.0.0.1', Array(3).fill('=nameserver-1=')])
    for (let tries = 0; log.split('\n').length < 4 && tries < 200; tries++) await wait(50)
    // journalctl's part.
    const print = `journalctl() { printf '%s' '${log}'; }\n${service.sightings!.print('tag').text}`
    const { stdout } = await local.run(print, { timeout: 60 })
    assert.equal(String(stdout).split('\n').toSorted(), ['', ...questions.map(({ name }) => `127.0.0.1 ${name}`)])
  })

  test(`${client.name}: where nothing listens, there is no answer`, async () => {
    const nowhere = { asking, server: { ...at.server, port: await freePort() } }
    assert.equal((await client.ask(nowhere, questions, 60)).texts, [undefined, undefined, undefined])
  })
}

test('the prober asks it, over TCP alone', async () => {
  const heard: Sample[] = []
  const probed = { ...at, servers: [{ name: 'TCP', protocol: 'TCP' as const, perSecond: 2 }] }
  const prober = await startProber({ transport: local }, [probed], 60, (sample) => heard.push(sample))
  for (let tries = 0; heard.length < 3 && tries < 600; tries++) await wait(50)
  const { problem, tallies } = await prober.stop()
  assert.is(problem, undefined)
  assert.equal(Object.keys(tallies), ['TCP'])
  assert.equal(tallies.TCP!.answers, { '=nameserver-1=': tallies.TCP!.sent })
})

test('a node asks itself', async () => {
  const ask = (host: typeof node) => local.run(service.selfCheck(host, host.address).text, { timeout: 60 })
  assert.is((await ask(node)).code, 0)
  const { code, stderr } = await ask({ ...node, identity: 'another' })
  assert.equal([code, stderr], [1, 'the banner of ns1 does not come from 127.0.0.1\n'])
})

test('a question is logged without what a terminal heeds', async () => {
  log = ''
  await thisMachine().ask(at, [{ protocol: 'TCP', name: 'a\x1b[2J$(id);é' }], 60)
  for (let tries = 0; !log.endsWith('\n') && tries < 200; tries++) await wait(50)
  assert.is(log, '127.0.0.1 a??2J??id????\n')
})

test('keepalived keeps a pool for TCP alone, by connections', () => {
  const conf = keepalivedConf(text, 2, banner)
  assert.equal(conf.match(/^virtual_server .*|^ {4}protocol .*|^ {8}[A-Z]+_CHECK/gm), [
    `virtual_server 10.2.1.5 ${port} {`,
    '    protocol TCP',
    ...Array(2).fill(['        TCP_CHECK', '        FILE_CHECK']).flat(),
  ])
})

test('at level 1 keepalived sees by a connection whether it runs', () => {
  assert.match(keepalivedConf(text, 1, banner), `script "/bin/nc -z -w 2 10.2.1.2 ${port}"`)
})

test('a node is set up: its program, its units', () => {
  const facts = { ids: ['debian'], init: 'systemd' } as Partial<Facts> as Facts
  const target = targetOf(inventory, inventory.hosts[1]!, facts)
  const changes = tasksOf(flatten(service.tasks(target))).map(({ name, plan }) => {
    const change = plan({ text: '', code: 1 }, { changes: () => true })
    return [name, 'unchanged' in change ? '' : change.after]
  })
  assert.equal(
    changes.map(([name]) => name),
    [
      'file /usr/local/lib/banner',
      'file /etc/systemd/system/banner@.service',
      'file /etc/systemd/system/banner.socket',
      'service banner.socket is enabled, running and up to date',
    ],
  )
  assert.match(changes[0]![1]!, '=nameserver-2=')
  assert.match(changes[2]![1]!, `ListenStream=0.0.0.0:${port}\nAccept=yes\n`)
})

test.run()
