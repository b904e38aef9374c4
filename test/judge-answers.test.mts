// How the cluster check asks clients, and what it makes of answers and of whom nodes have seen, by the table.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Client } from '../engine/clients/client.ts'
import { localTransport } from '../engine/transport/local.ts'
import { askAll, askedIn } from '../engine/verify/ask.ts'
import { textsOf } from '../engine/cluster/finding.ts'
import { judgeAnswers } from '../engine/verify/judge-answers.ts'
import { judgeSightings, parseWatch, seenAs } from '../engine/verify/watch.ts'
import type { Inventory } from '../inventory/types.ts'
import { balancedBy, cluster, first, hosts, inventory, second } from './judged.ts'

const [a, b] = [first, second]
const turns = [a, b, a, b, a, b, a, b, a, b]
const shares = [a, a, b, b, a, a, b, b, a, b]
const answered: [name: string, level: number, got: string[], others: number, problem: RegExp | undefined][] = [
  ['level 1: the holder alone', 1, Array(10).fill(a), 0, undefined],
  ['level 1: the other one', 1, Array(10).fill(b), 0, /^c: UDP: .* answered, and .* holds the VIP/],
  ['level 1: both', 1, turns, 0, /answered, and/],
  ['level 2: in turn', 2, turns, 0, undefined],
  ['level 2: in turn, beginning with the other', 2, turns.toReversed(), 0, undefined],
  ['level 2: one alone', 2, Array(10).fill(a), 0, /not every node answered its fair share/],
  ['level 2: fair, not in turn', 2, shares, 0, /^c: UDP: not strictly in turn/],
  ['level 2: fair, others ask too', 2, shares, 7, undefined],
  ['level 2: fair, one question from a port that IPVS remembers', 2, shares, -1, undefined],
  ['level 2: unfair, others ask too', 2, [...Array(9).fill(a), b], 7, /fair share/],
  ['level 2: unfair, one question from a port that IPVS remembers', 2, [...Array(9).fill(a), b], -1, /fair share/],
  ['one lost', 2, turns.slice(1), 0, /1 of 10 questions got no answer/],
  ['all lost', 2, [], 0, /10 of 10 questions got no answer/],
  [
    'one lost, and a stranger',
    2,
    [...turns.slice(2), '=somebody='],
    0,
    /1 of 10 questions got no answer .*; answers from unknown servers: =somebody=/,
  ],
  ['a stranger', 2, [...turns.slice(1), '=somebody='], 0, /answers from unknown servers: =somebody=/],
]
for (const [name, level, got, others, problem] of answered) {
  test(`answers: ${name}`, () => {
    const answers = {
      client: 'c',
      source: '10.2.1.10',
      asked: 10,
      answered: { UDP: got, TCP: level === 1 ? Array(10).fill(a) : turns },
    }
    const verdict = judgeAnswers(inventory, level, { VI_1: a }, answers, { UDP: others, TCP: 0 })[0]!
    if (problem) assert.match(verdict.finding!.text, problem)
    else assert.is(verdict.finding, undefined)
  })
}

const said: [others: number, how: string][] = [
  [7, '7 connections of other clients between ours'],
  [-1, '1 of our questions came from a port that IPVS remembers, and went where that one had gone before'],
]
for (const [others, how] of said) {
  test(`answers: why turns cannot be judged is said, ${others}`, () => {
    const answers = { client: 'c', source: '10.2.1.10', asked: 10, answered: { UDP: shares, TCP: turns } }
    const [verdict] = judgeAnswers(inventory, 2, { VI_1: a }, answers, { UDP: others, TCP: 0 })
    assert.is(verdict!.summary, `${a} 5, ${b} 5: fair shares (${how})`)
  })
}

test('answers: shares by weight, and one node for a client that persists', () => {
  const judge = (wanted: Inventory, UDP: string[]) =>
    judgeAnswers(
      wanted,
      2,
      { VI_1: first },
      { client: 'me', source: '', asked: UDP.length, answered: { UDP, TCP: UDP } },
      { UDP: 0, TCP: 0 },
    )[0]!
  const answers = (counts: readonly number[]) => counts.flatMap((count, i) => Array<string>(count).fill(hosts[i]!.name))
  assert.not(judge(balancedBy({ scheduler: 'wrr' }, [9, 1]), answers([9, 1])).finding)
  assert.ok(judge(balancedBy({ scheduler: 'wrr' }, [1, 1]), answers([9, 1])).finding)
  const stays = judge(balancedBy({ persistence: 50 }), answers([10, 0]))
  assert.is(stays.finding, undefined)
  assert.match(stays.summary, 'one client stays with one node')
})

test('answers: other schedulers need fair shares only', () => {
  const wlc = { ...inventory, cluster: { ...cluster, balancing: { ...cluster.balancing, scheduler: 'wlc' as const } } }
  const got = [a, a, b, b, a, a, b, b, a, b]
  assert.is(
    judgeAnswers(
      wlc,
      2,
      { VI_1: a },
      { client: 'c', source: '', asked: 10, answered: { UDP: got, TCP: got } },
      { UDP: 0, TCP: 0 },
    )[0]!.finding,
    undefined,
  )
})

/** A client that keeps what it is asked, and answers these texts. */
function clientOf(texts: readonly (string | undefined)[]): { client: Client; asked: string[] } {
  const asked: string[] = []
  const client: Client = {
    name: 'client',
    transport: localTransport(),
    ask: async (_, questions) => {
      asked.push(...questions.map(({ protocol, name }) => `${protocol} ${name}`))
      return { source: '10.2.1.10', texts: questions.map((__, i) => texts[i]) }
    },
  }
  return { client, asked }
}

test('ask: names that nobody has asked for, over UDP, over TCP, and the last', async () => {
  const { client, asked } = clientOf([])
  await askAll(inventory, client, { tag: 't-0', ends: 't', timeout: 9 })
  const names = (protocol: string, start: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${protocol} ${start}-${i}.health.load.balance`)
  assert.equal(asked, [...names('UDP', 't-0-v0', 10), ...names('TCP', 't-0-v1', 10), ...names('UDP', 't-last', 8)])
  assert.equal(askedIn(inventory, 1), { UDP: 18, TCP: 10 })
})

test('ask: a client that is not the last does not end the watch', async () => {
  const { client, asked } = clientOf([])
  await askAll(inventory, client, { tag: 't-0', timeout: 9 })
  assert.is(asked.length, 20)
})

test('ask: answers are named, losses are not answers, the last questions do not count', async () => {
  const lost = Array<undefined>(7).fill(undefined)
  const { client } = clientOf([
    ...['=nameserver-1=', undefined, '=x=', ...lost],
    ...['=nameserver-2=', undefined, undefined, ...lost],
    ...Array<string>(8).fill('=nameserver-1='),
  ])
  const answers = await askAll(inventory, client, { tag: 't-0', ends: 't', timeout: 9 })
  const answered = { UDP: [first, '=x='], TCP: [second] }
  assert.equal(answers, { client: 'client', source: '10.2.1.10', asked: 10, answered })
})

const seenBy = (...rows: string[]) => new Map([[a, parseWatch(rows.map((row) => `${row}\n`).join(''))]])
const notLogged = 'its log in the journal does not have the questions'
const refused = 'rndc: connect failed: 127.0.0.1#953: connection refused'
const sightings: [name: string, watched: ReturnType<typeof seenBy>, problems: string[], unseen?: string][] = [
  ['the client itself', seenBy('seen=10.2.1.10 t-v0-0.health', 'seen=10.2.1.10 t-v1-0.health'), []],
  ['a NAT in between', seenBy('seen=192.0.2.1 t-v0-0.health', 'seen=192.0.2.1 t-v1-0.health'), []],
  [
    'the VIP',
    seenBy('seen=10.2.1.5 t-v0-0.health', 'seen=10.2.1.10 t-v1-0.health'),
    [`c: UDP: ${a} saw 10.2.1.5 instead of the client 10.2.1.10`],
  ],
  ['a journal that has lost a line', seenBy('seen=10.2.1.10 t-v1-0.health'), []],
  ['a log that is in a file', seenBy(), [], notLogged],
  ['another client alone', seenBy('seen=10.2.1.10 u-v0-0.health'), [], notLogged],
  ['a log that can not be turned on', seenBy(`blind=${refused}`), [], refused],
  ['one that is on already', seenBy(`blind=${refused}`, 'seen=10.2.1.10 t-v0-0.health'), []],
]
for (const [name, watched, problems, why] of sightings) {
  test(`seen: ${name}`, () => {
    const answers = { client: 'c', source: '10.2.1.10', asked: 1, answered: { UDP: [a], TCP: [a] } }
    assert.equal(textsOf(judgeSightings(inventory, answers, 't', watched)), problems)
    assert.equal(seenAs(answers, 't', watched).unseen, why ? [{ node: a, why }] : [])
  })
}

test.run()
