// The prober on this machine: what it hears of a DNS service that comes and goes, and how it begins and ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Sample } from '../../engine/clients/losses.ts'
import { type Prober, type Probed, startProber } from '../../engine/clients/prober.ts'
import { pythonScript } from '../../engine/clients/python.ts'
import { HostError, type UserError } from '../../engine/base/errors.ts'
import { localTransport } from '../../engine/transport/local.ts'
import type { Transport } from '../../engine/transport/transport.ts'
import { dnsAt, dnsService, type Mode, startResponder } from '../dns.ts'

const text = '=nameserver-1='
/** Questions per second, and seconds after which it ends by itself. */
const rates = { UDP: 10, TCP: 5, seconds: 120 }
const probedAt = (port: number, pace = rates): Probed => ({
  ...dnsAt(port),
  servers: (['UDP', 'TCP'] as const).map((protocol) => ({ name: protocol, protocol, perSecond: pace[protocol] })),
})

/** A prober at work on a responder of its own. */
async function probing(transport: Transport = localTransport(), pace = rates) {
  const responder = await startResponder(text)
  const heard: Sample[] = []
  /** What Python has printed of each question. */
  let printed = ''
  const hearing: Transport = {
    ...transport,
    run: (script, options) =>
      transport.run(script, {
        ...options,
        onStdout: (chunk) => {
          printed += chunk.toString('latin1')
          options.onStdout?.(chunk)
        },
      }),
  }
  const services = [probedAt(responder.port, pace)]
  const prober: Prober = await startProber({ transport: hearing }, services, pace.seconds, (each) => heard.push(each))
  /** Waits until so many more questions have ended that way. */
  const more = async (count: number, fits: (each: Sample) => boolean) => {
    const from = heard.length
    for (let tries = 0; heard.slice(from).filter(fits).length < count; tries++) {
      assert.ok(tries < 600, 'nothing was heard for half a minute')
      await wait(50)
    }
  }
  const numbers = () => [...printed.matchAll(/^(\d+) (?:UDP|TCP) /gm)].map(([, number]) => Number(number))
  return { responder, heard, prober, more, numbers }
}
const well = ({ who }: Sample) => who === text
const byTcp = ({ server }: Sample) => server === 'TCP'

test('a service that goes and comes: every question lost is told, with why, and no other', async () => {
  const { responder, heard, prober, more, numbers } = await probing()
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
    numbers().toSorted((a, b) => a - b),
    got.samples.map((_, i) => i),
  )
  assert.equal(
    heard.toSorted((a, b) => a.sent - b.sent),
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
  for (const [i, { server: protocol, who, lost }] of heard.entries()) {
    const number = numbers()[i]!
    const [over, mode] = did.get(`${tag}-${number}.health.load.balance`) ?? [protocol, 'down' as Mode]
    assert.is(over, protocol)
    assert.ok(
      who ? who === text && mode === 'answer' : says[lost!]!.includes(mode as Mode),
      `${number} ${lost} ${mode}`,
    )
  }

  for (const protocol of ['UDP', 'TCP'] as const) {
    const { sent, lost, gap, answers } = got.tallies[protocol]!
    assert.equal(answers, { [text]: sent - lost })
    assert.ok(gap > 0 && gap < got.seconds)
    for (const step of got.steps) {
      const calm = step.label.startsWith('well')
      assert.is(step.tallies[protocol]!.lost === 0, calm, `${protocol} ${step.label}`)
      assert.is(step.tallies[protocol]!.gap === 0, calm, `${protocol} ${step.label}`)
    }
  }
  assert.ok(got.tallies.UDP!.sent > got.tallies.TCP!.sent)
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
  // So many that some are outstanding when it is stopped.
  const pace = { UDP: 20, TCP: 200, seconds: 120 }
  const { prober, more } = await probing(client, pace)
  await more(3, well)
  for (let time = 0; time < 3; time++) {
    process.kill(pid, 'SIGSTOP')
    await wait(1300)
    process.kill(pid, 'SIGCONT')
    await more(400, well)
  }
  const { tallies, late, seconds, samples } = await prober.stop()
  const { UDP, TCP } = tallies
  assert.equal([UDP!.lost, TCP!.lost], [0, 0], JSON.stringify(samples.filter(({ lost }) => lost)))
  assert.ok(late > 1000, `${late} ms late`)
  assert.ok(UDP!.sent >= Math.floor(seconds * pace.UDP) - 2, `${UDP!.sent} sent in ${seconds} s`)
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
  assert.ok(got.tallies.UDP!.lost > 5 && got.tallies.TCP!.lost > 0)
  assert.equal(await prober.stop(), got)
})

test('a prober whose reader goes away ends', async () => {
  const script = await pythonScript(dnsService.asking!, 'prober.py', ['127.0.0.1', 9, 'x', 10, 2, 60, 'tag'])
  const child = spawn('bash', ['-c', script.text], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  assert.equal(await once(child, 'close'), [0, null])
})

const nowhere = [probedAt(9)]

/** A client on which scripts run after something else. */
const after = (prelude: string): Transport => {
  const local = localTransport()
  return { ...local, run: (script, options) => local.run(`${prelude}\n${script}`, options) }
}

const startRefused = (transport: Transport): Promise<string> =>
  startProber({ transport }, nowhere, rates.seconds, () => {}).then(
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
    const prober = await startProber({ transport }, nowhere, rates.seconds, () => {})
    if (when === 'before it is stopped') cut[0]!()
    const stopped = prober.stop()
    cut[1]!()
    const got = await stopped
    assert.is(got.problem, lost.message)
    assert.equal([got.tallies.UDP!.sent, got.tallies.UDP!.lost], [2, 1])
  })
}

test.run()
