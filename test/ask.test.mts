// Asking a DNS service, from this machine and from a client: what comes back, and what a client has to have.
import { createSocket } from 'node:dgram'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Client, ensureClients, remoteClient, thisMachine } from '../engine/clients/client.ts'
import type { Question } from '../engine/clients/question.ts'
import type { UserError } from '../engine/base/errors.ts'
import { localTransport } from '../engine/transport/local.ts'
import { sshTransport } from '../engine/transport/ssh.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { askedServicesOf } from '../services/virtual-server.ts'
import { dnsAt, type Mode, startResponder } from './dns.ts'
import { freePort } from '../lab/port.ts'
import { inventoryOf, onlyService } from './variants.ts'

const text = '=nameserver-1='
const clients: Client[] = [thisMachine(), remoteClient('a client', localTransport())]

const questions = (...protocols: Question['protocol'][]): Question[] =>
  protocols.map((protocol, i) => ({ protocol, name: `tag-${i}.health.load.balance` }))

/** What a name server says: flags with the code, counts of questions and answers, and the records behind the question. */
const cname = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 0, 0, 2, 0xc0, 12]
const a = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]
const said: [name: string, flags: number, answers: number, records: number[], text: string | undefined][] = [
  ['an address', 0x8180, 1, a, ''],
  ['another name', 0x8180, 2, [...cname, ...a], ''],
  ['another name, which is not there', 0x8183, 1, cname, undefined],
  ['old records, and that its own servers do not answer', 0x8182, 1, a, undefined],
  ['nothing', 0x8180, 0, [], undefined],
  ['more than fits a datagram', 0x8380, 0, [], ''],
]

for (const client of clients)
  test(`${client.name}: a name server is one that has what it is asked for`, async () => {
    const { asking } = onlyService(
      inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, service: { type: udp, port: 53, health: { dns: www.example.com } } }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }
`),
    )
    for (const [name, flags, answers, records, wanted] of said) {
      const socket = createSocket('udp4')
      socket.on('message', (query, { port, address }) => {
        const head = Buffer.from(query)
        head.writeUInt16BE(flags, 2)
        head.writeUInt16BE(answers, 6)
        socket.send(Buffer.concat([head, Buffer.from(records)]), port, address)
      })
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
      const at = { asking: asking!, server: { address: '127.0.0.1', port: socket.address().port } }
      const { texts } = await client.ask(at, [{ protocol: 'UDP', name: asking!.question }], 60)
      socket.close()
      assert.equal(texts, [wanted], name)
    }
  })

for (const client of clients) {
  test(`${client.name}: one question after the other, each once, without recursion, from a port of its own`, async () => {
    const { port, asked } = await startResponder(text)
    const wanted = questions(...Array(20).fill('UDP'), ...Array(5).fill('TCP'), 'UDP')
    const replies = await client.ask(dnsAt(port), wanted, 60)
    assert.equal(replies, { source: '127.0.0.1', texts: wanted.map(() => text) })
    assert.equal(
      asked.map(({ protocol, name }) => ({ protocol, name })),
      wanted,
    )
    assert.ok(asked.every(({ recursion }) => !recursion))
    const ports = asked.map(({ protocol, from }) => `${protocol} ${from}`)
    assert.is(new Set(ports).size, wanted.length)
  })

  for (const mode of ['silent', 'servfail', 'nothing of use', 'down'] as Mode[]) {
    test(`${client.name}: a service that is ${mode} answers nothing, and is asked once`, async () => {
      const responder = await startResponder(text)
      await responder.turn(mode)
      const wanted = questions('UDP', 'TCP')
      const { texts } = await client.ask(dnsAt(responder.port), wanted, 60)
      assert.equal(texts, [undefined, undefined])
      assert.is(responder.asked.length, mode === 'down' ? 0 : 2)
    })
  }

  test(`${client.name}: nothing that a terminal heeds comes through`, async () => {
    const { port } = await startResponder('\x1b[2J\né')
    const { texts } = await client.ask(dnsAt(port), questions('UDP', 'TCP'), 60)
    assert.equal(texts, ['?[2J???', '?[2J???'])
  })

  test(`${client.name}: an answer without a word is one`, async () => {
    const { port } = await startResponder('')
    assert.equal((await client.ask(dnsAt(port), questions('UDP', 'TCP'), 60)).texts, ['', ''])
  })

  test(`${client.name}: where nothing is asked, and where no way goes`, async () => {
    assert.equal(await client.ask(dnsAt(9), [], 60), { source: '127.0.0.1', texts: [] })
    // A broadcast address, which no socket may be connected to without more.
    const nowhere = { ...dnsAt(9), server: { address: '255.255.255.255', port: 9 } }
    assert.equal(await client.ask(nowhere, questions('UDP', 'TCP'), 60), { source: '', texts: [undefined, undefined] })
  })
}

/** A transport on which scripts run after something else. */
const after = (prelude: string): Transport => {
  const local = localTransport()
  return { ...local, run: (script, options) => local.run(`${prelude}\n${script}`, options) }
}
const bare = after('PATH=/nowhere')
const away = sshTransport({ host: '127.0.0.1', port: await freePort() }, { name: 'away', connectTimeout: 20 })
const inventory = inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }
`)
const noPython = /^x has no python3 to ask the service with: install python3 there/

const ready: [name: string, clients: Client[], probing: boolean, code?: number, why?: RegExp][] = [
  ['this machine, which needs nothing', [{ ...thisMachine(), transport: bare }], false],
  ['this machine with a prober', [thisMachine()], true],
  ['this machine with a prober and no python3', [{ ...thisMachine(), name: 'x', transport: bare }], true, 3, noPython],
  ['a client', [clients[1]!], false],
  ['a client without python3', [clients[1]!, remoteClient('x', bare)], false, 3, noPython],
  [
    'a client on which it fails',
    [remoteClient('x', after('python3() { :; }; exec() { echo old >&2; return 3; }'))],
    false,
    3,
    /failed on x: old$/,
  ],
  ['a client that is away', [remoteClient('away', away)], false, 4, /^away: /],
]
for (const [name, asking, probing, code, why] of ready) {
  test(`before anything begins: ${name}`, async () => {
    const error: UserError | undefined = await ensureClients(
      { services: askedServicesOf(inventory.cluster), clients: asking },
      { probing, timeout: 60 },
    ).catch((problem) => problem)
    assert.is(error?.exitCode, code)
    if (why) assert.match(error!.message, why)
  })
}

test.run()
