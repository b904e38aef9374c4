// The prober on this machine: what it hears of a DNS service that comes and goes, and how it begins and ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Sample } from '../engine/clients/losses.ts'
import { type Prober, type Rates, startProber } from '../engine/clients/prober.ts'
import { pythonScript } from '../engine/clients/python.ts'
import { HostError, type UserError } from '../engine/base/errors.ts'
import { localTransport } from '../engine/transport/local.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { dnsService, type Mode, startResponder } from './dns.ts'

const text = '=nameserver-1='
const rates: Rates = { UDP: 10, TCP: 5, seconds: 120 }

/** A prober at work on a responder of its own. */
async function probing(transport: Transport = localTransport(), pace: Rates = rates) {
  const responder = await startResponder(text)
  const heard: Sample[] = []
  const client = { transport, service: dnsService }
  const server = { address: '127.0.0.1', port: responder.port }
  const prober: Prober = await startProber(client, server, pace, (each) => heard.push(each))
  /** Waits until so many more questions have ended that way. */
  const more = async (count: number, fits: (each: Sample) => boolean) => {
    const from = heard.length
    for (let tries = 0; heard.slice(from).filter(fits).length < count; tries++) {
      assert.ok(tries < 600, 'nothing was heard for half a minute')
      await wait(50)
    }
  }
  return { responder, heard, prober, more }
}
const well = ({ who }: Sample) => who === text
const byTcp = ({ protocol }: Sample) => protocol === 'TCP'

test('a service that goes and comes: every question lost is told, with why, and no other', async () => {
  const { responder, heard, prober, more } = await probing()
  const { asked } = responder
  prober.mark('well')
  await more(5, (each) => well(each) && byTcp(each))
  for (const [mode, lost] of [
    ['silent', 'timeout'],
    ['servfail', 'servfail'],
    ['nothing of use', 'empty'],
    ['down', 'refused'],
  ] as [Mode, string][]) {
    prober.mark(mode)
    // What was sent before the mark has arrived by now.
    await more(4, well)
    await responder.turn(mode)
    await more(2, (each) => each.lost === lost && byTcp(each))
    await more(2, (each) => each.lost === lost && !byTcp(each))
    await responder.turn('answer')
    await more(4, well)
  }
  prober.mark('well again')
  await more(5, (each) => well(each) && byTcp(each))
  const got = await prober.stop()

  assert.is(got.problem, undefined)
  assert.ok(Math.abs(got.started.getTime() - Date.now()) < 300_000)
  // Each is told, and told once, as it came; those outstanding when it stopped too.
  assert.equal(
    got.samples.map(({ number }) => number),
    got.samples.map((_, i) => i),
  )
  assert.equal(
    heard.toSorted((a, b) => a.number - b.number),
    got.samples,
  )

  // What it says is what the responder did.
  const tag = asked[0]!.name.split(/-\d+\./)[0]!
  const did = new Map(asked.map(({ name, protocol, mode }) => [name, [protocol, mode]]))
  assert.is(did.size, asked.length, 'a name was asked twice')
  assert.ok(new Set(asked.map(({ from }) => from)).size > asked.length / 2, 'old source ports')
  const says: Record<string, Mode[]> = {
    // What was on its way when the port closed is lost without a word, or with a reset.
    timeout: ['silent', 'down'],
    servfail: ['servfail'],
    empty: ['nothing of use'],
    refused: ['down'],
    reset: ['down'],
    closed: ['down'],
  }
  for (const { number, protocol, who, lost } of got.samples) {
    const [over, mode] = did.get(`${tag}-${number}.health.load.balance`) ?? [protocol, 'down' as Mode]
    assert.is(over, protocol)
    assert.ok(
      who ? who === text && mode === 'answer' : says[lost!]!.includes(mode as Mode),
      `${number} ${lost} ${mode}`,
    )
  }

  for (const protocol of ['UDP', 'TCP'] as const) {
    const { sent, lost, gap, answers } = got[protocol]
    assert.equal(answers, { [text]: sent - lost })
    assert.ok(gap > 0 && gap < got.seconds)
    for (const step of got.steps) {
      const calm = step.label.startsWith('well')
      assert.is(step[protocol].lost === 0, calm, `${protocol} ${step.label}`)
      assert.is(step[protocol].gap === 0, calm, `${protocol} ${step.label}`)
    }
  }
  assert.ok(got.UDP.sent > got.TCP.sent)
  // It asks no more.
  const before = asked.length
  await wait(400)
  assert.is(asked.length, before)
})

test('a prober that is held up loses nothing by it, catches up, and says how late it was', async () => {
  let pid = 0
  const local = localTransport()
  const client: Transport = {
    ...local,
    run: (script, options) =>
      local.run(script, {
        ...options,
        onStdout: (chunk) => {
          pid ||= Number(/^start (\d+)/.exec(chunk.toString())?.[1])
          options.onStdout?.(chunk)
        },
      }),
  }
  const { prober, more } = await probing(client)
  await more(3, well)
  process.kill(pid, 'SIGSTOP')
  await wait(1500)
  process.kill(pid, 'SIGCONT')
  await more(20, well)
  const { UDP, TCP, late, seconds, samples } = await prober.stop()
  assert.equal([UDP.lost, TCP.lost], [0, 0], JSON.stringify(samples.filter(({ lost }) => lost)))
  assert.ok(late > 1000, `${late} ms late`)
  assert.ok(UDP.sent >= Math.floor(seconds * rates.UDP) - 2, `${UDP.sent} sent in ${seconds} s`)
})

test('a prober whose time is over says so, and what became of the questions that were outstanding then', async () => {
  const local = localTransport()
  let over: Promise<unknown> = Promise.resolve()
  const run: Transport['run'] = (...words) => {
    const ending = local.run(...words)
    over = ending
    return ending
  }
  const { responder, prober } = await probing({ ...local, run }, { ...rates, seconds: 1 })
  await responder.turn('silent')
  await over
  const got = await prober.stop()
  assert.match(got.problem!, /^the prober ended after 1(\.\d+)? s, before it was told to/)
  assert.is(got.samples.length, responder.asked.length)
  assert.ok(got.UDP.lost > 5 && got.TCP.lost > 0)
  assert.equal(await prober.stop(), got)
})

test('a prober whose reader goes away ends', async () => {
  const script = await pythonScript(dnsService, 'prober.py', ['127.0.0.1', 9, 'x', 10, 2, 60, 'tag'])
  const child = spawn('bash', ['-c', script.text], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  assert.equal(await once(child, 'close'), [0, null])
})

const nowhere = { address: '127.0.0.1', port: 9 }

/** A client on which scripts run after something else. */
const after = (prelude: string): Transport => {
  const local = localTransport()
  return { ...local, run: (script, options) => local.run(`${prelude}\n${script}`, options) }
}

const startRefused = (transport: Transport): Promise<string> =>
  startProber({ transport, service: dnsService }, nowhere, rates, () => {}).then(
    () => 'it started',
    (error: UserError) => error.message,
  )

test('a client without python3, and one on which it fails', async () => {
  assert.match(await startRefused(after('PATH=/nowhere')), /^the client has no python3/)
  assert.match(await startRefused(after('python3() { :; }; exec() { echo broken >&2; return 3; }')), /client: broken$/)
})

for (const when of ['before it is stopped', 'while it is stopped']) {
  test(`a connection that is lost ${when}: what was heard until then is kept`, async () => {
    const lost = new HostError('the connection was lost')
    const cut: (() => void)[] = []
    const transport: Transport = {
      ...localTransport(),
      run: (_, { onStdout }) => {
        // Lines come in any pieces.
        for (const piece of ['sta', 'rt 1 2.0\n0 UDP 0.0', '00 0.0 1.0 a\n1 UDP 0.100 0.0 ref', 'used\n2 U'])
          onStdout?.(Buffer.from(piece))
        return new Promise((_, reject) => cut.push(() => reject(lost)))
      },
    }
    const prober = await startProber({ transport, service: dnsService }, nowhere, rates, () => {})
    if (when === 'before it is stopped') cut[0]!()
    const stopped = prober.stop()
    cut[1]!()
    const got = await stopped
    assert.is(got.problem, lost.message)
    assert.equal([got.UDP.sent, got.UDP.lost], [2, 1])
  })
}

test.run()
