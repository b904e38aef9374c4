// The prober's lines and how they are summed up, by the table.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Mark, summarize, type Sample } from '../engine/clients/losses.ts'
import { parseLine } from '../engine/clients/prober.ts'

const sample = { sent: 1.5, late: 0.3 }
const [udp, tcp] = ['UDP', 'TCP'].map((protocol) => ({ kind: 'sample', protocol }))
const printed: [line: string, means: unknown][] = [
  ['start 4711 1700000000.123', { kind: 'start', pid: 4711, epoch: 1700000000.123 }],
  ['end 12.345', { kind: 'end', at: 12.345 }],
  ['7 UDP 1.500 0.3 2.1 =ns-1=', { ...udp, sample: { ...sample, latency: 2.1, who: '=ns-1=' } }],
  ['7 UDP 1.500 0.3 1000.1 =ns-1=', { ...udp, sample: { ...sample, latency: 1000.1, lost: 'slow' } }],
  ['7 UDP 1.500 0.3 2.1 two words', { ...udp, sample: { ...sample, latency: 2.1, who: 'two words' } }],
  ['7 UDP 1.500 0.3 2.1 ', { ...udp, sample: { ...sample, latency: 2.1, who: '' } }],
  ['7 UDP 1.500 0.3 timeout', { ...udp, sample: { ...sample, lost: 'timeout' } }],
  ['7 TCP 1.500 0.3 rcode-5', { ...tcp, sample: { ...sample, lost: 'rcode-5' } }],
  ['7 SCTP 1.500 0.3 timeout', undefined],
  ['7 UDP 1.500 0.3', undefined],
  ['motd', undefined],
]
for (const [line, means] of printed) test(`line: ${line}`, () => assert.equal(parseLine(line), means))

/** Questions a tenth of a second apart from 0.0 on: `a` and `b` answered by these, `-` lost. */
const sent = (results: string, server = 'UDP'): Sample[] =>
  [...results].map((who, i) => ({
    server,
    sent: i / 10,
    late: i,
    ...(who === '-' ? { lost: 'timeout' } : { latency: 1, who }),
  }))

const sum = (samples: Sample[], marks: Mark[], end: number) => summarize(['UDP', 'TCP'], samples, marks, end)

const sums: [results: string, end: number, lost: number, gap: number, span: number, answers: object][] = [
  ['', 1, 0, 0, 0, {}],
  ['abab', 0.4, 0, 0, 0, { a: 2, b: 2 }],
  ['ab-b', 0.4, 1, 0.1, 0.1, { a: 1, b: 2 }],
  ['a-a---aa-a', 1, 5, 0.3, 0.8, { a: 5 }],
  ['--a', 0.3, 2, 0.2, 0.2, { a: 1 }],
  ['a--', 0.35, 2, 0.25, 0.25, { a: 1 }],
  ['---', 0.3, 3, 0.3, 0.3, {}],
]
for (const [results, end, lost, gap, span, answers] of sums) {
  test(`account: "${results}"`, () => {
    assert.equal(sum(sent(results), [], end).tallies.UDP, { sent: results.length, lost, slow: 0, gap, span, answers })
  })
}

test('account: virtual servers apart, samples in order of sending, the worst lateness', () => {
  const mixed = [...sent('a--a', 'TCP'), ...sent('b').map((each) => ({ ...each, sent: 0.4 }))]
  const got = sum(mixed.toReversed(), [], 0.5)
  const { UDP, TCP } = got.tallies
  assert.equal([UDP!.lost, TCP!.lost, TCP!.gap, UDP!.answers], [0, 2, 0.2, { b: 1 }])
  assert.equal(got.samples, mixed)
  assert.equal([got.seconds, got.late, got.steps], [0.5, 3, []])
})

test('account: a step has what was sent in it, and its part of an outage', () => {
  const marks = [
    { label: 'one', at: 0.15 },
    { label: 'two', at: 0.55 },
    { label: 'three', at: 0.8 },
    { label: 'never', at: 2 },
  ]
  // 0.0 lost before the first step; 0.4 to 0.7 lost from one to two; all well in three.
  const { tallies, steps } = sum(sent('-aab---aab'), marks, 1)
  assert.equal([tallies.UDP!.lost, tallies.UDP!.gap], [4, 0.3])
  assert.equal(
    steps.map(({ label, from, to, tallies: { UDP } }) => [label, from, to, UDP!.sent, UDP!.lost, UDP!.gap]),
    [
      ['one', 0.15, 0.55, 4, 2, 0.15],
      ['two', 0.55, 0.8, 2, 1, 0.1],
      ['three', 0.8, 1, 2, 0, 0],
      ['never', 2, 2, 0, 0, 0],
    ],
  )
  assert.equal(steps[0]!.tallies.UDP!.answers, { a: 1, b: 1 })
})

test.run()
