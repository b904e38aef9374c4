// A rolling reboot as a report gets it.
import { summarize, type Mark, type Sample } from '../../../engine/clients/losses.ts'
import type { ReportData, ReportNode, ReportStep } from '../../../engine/report/data.ts'

const perSecond = 12
const servers = ['UDP', 'TCP']

/** The phases in order: which nodes answer, and when none does. */
interface Phase extends Omit<Partial<ReportStep>, 'tallies'> {
  label: string
  seconds: number
  /** The identities of those who answer in turn. */
  by: readonly string[]
  /** Seconds without an answer at its start. */
  outage?: number
}

/** Questions to both virtual servers in turn, and what became of them. */
function samplesOf(phases: readonly Phase[]): { samples: Sample[]; marks: Mark[]; end: number } {
  const samples: Sample[] = []
  const marks: Mark[] = []
  let from = 0
  for (const { label, seconds, by, outage = 0 } of phases) {
    marks.push({ label, at: from })
    while (samples.length / perSecond < from + seconds) {
      const number = samples.length
      const sent = number / perSecond
      const late = 0.2
      const common = { server: servers[number % 2]!, sent, late }
      if (sent < from + outage) samples.push({ ...common, lost: number % 6 === 1 ? 'refused' : 'timeout' })
      else samples.push({ ...common, latency: 2, who: by[Math.floor(number / 2) % by.length]! })
    }
    from += seconds
  }
  return { samples, marks, end: from }
}

const pool = (addresses: readonly string[]) =>
  servers.flatMap((server) => addresses.map((address) => ({ server, address, weight: 1 })))

const node = (name: string, last: number, holdsVip: boolean, reals: readonly string[]): ReportNode => ({
  name,
  address: `10.2.1.${last}`,
  second: `10.2.1.${last + 4}`,
  identities: [name],
  holds: holdsVip ? ['10.2.1.5'] : [],
  kind: 'director',
  pool: pool(reals),
})

const [ns1, ns2] = ['ns1', 'ns2']

/** @param times as long */
const reboot = (times: number): Phase[] => [
  { label: 'before', seconds: 30 * times, by: [ns1, ns2], limit: 0 },
  {
    label: 'ns2 drained',
    seconds: 14 * times,
    by: [ns1],
    limit: 0,
    outcome: 'nothing lost',
  },
  { label: 'ns2 reboots', seconds: 58 * times, by: [ns1], limit: 0.5 },
  { label: 'ns2 is back', seconds: 24 * times, by: [ns1, ns2], limit: 0.5 },
  {
    label: 'the VIP moves from ns1 to ns2',
    seconds: 16 * times,
    by: [ns2],
    limit: 1,
    outage: 0.7,
    outcome: 'as expected',
  },
  { label: 'ns1 reboots', seconds: 61 * times, by: [ns2], limit: 4, outage: 4.6 },
  { label: 'ns1 is back', seconds: 30 * times, by: [ns2, ns1], limit: 0.5 },
]

/** The report of phases that took place. */
export function reportOf(phases: readonly Phase[], more: Partial<ReportData> = {}): ReportData {
  const { samples, marks, end } = samplesOf(phases)
  const found = summarize(servers, samples, marks, end)
  return {
    title: 'Rolling reboot',
    cluster: 'lab',
    vips: ['10.2.1.5'],
    servers,
    started: new Date('2026-03-14T13:03:22Z'),
    seconds: end + 21.34,
    ok: false,
    verdict: 'Both nodes were rebooted; clients waited 4.7 s where at most 4.0 s were expected.',
    problems: ['ns1 reboots: the longest gap over UDP was 4.7 s, at most 4.0 s were expected'],
    level: 3,
    balances: true,
    nodes: [node(ns1, 2, false, ['10.2.1.6', '10.2.1.7']), node(ns2, 3, true, ['10.2.1.6', '10.2.1.7'])],
    clients: ['client', 'remote'],
    summary: found,
    steps: found.steps.map((step, i) => ({ ...phases[i]!, ...step })),
    ...more,
  }
}

export const rollingReboot = (times = 1): ReportData => reportOf(reboot(times))

/** Hostile names that may come from an inventory or from the answer of a name server. */
export const hostile = `"><script>alert('x')</script><img src=x onerror="alert(1)">&amp;${'x'.repeat(120)}`

/** The same report with hostile names in place of all names. */
export function hostileReport(): ReportData {
  const report = rollingReboot()
  const { nodes, steps, summary } = report
  const answers = { [hostile]: 3 }
  return {
    ...report,
    ...{ title: hostile, cluster: hostile, vips: [hostile], verdict: hostile, problems: [hostile] },
    clients: Array(5).fill(hostile),
    nodes: nodes.map((each) => ({
      ...each,
      holds: each.holds.map(() => hostile),
      ...{ name: hostile, address: hostile, identities: [hostile] },
      pool: [...each.pool, { server: 'UDP', address: `${hostile}2`, weight: 0 }],
    })),
    steps: steps.map((step) => ({
      ...step,
      label: hostile,
      outcome: hostile,
      tallies: Object.fromEntries(servers.map((server) => [hostile, { ...step.tallies[server]!, answers }])),
    })),
    summary: {
      ...summary!,
      samples: summary!.samples.map((each) => (each.lost ? { ...each, lost: hostile } : { ...each, who: hostile })),
    },
  }
}

/** Five nodes that answer by chance, with a loss in eight: nothing that can be drawn as one thing. */
export function noisyReport(questions: number): ReportData {
  const names = ['a', 'b', 'c', 'd', 'e']
  let state = 1
  const chance = (of: number) => (state = (state * 48271) % 2147483647) % of
  const samples = Array.from({ length: questions }, (_, number): Sample => {
    const common = { server: servers[number % 2]!, sent: number / perSecond, late: 0 }
    return chance(8) === 0 ? { ...common, lost: 'timeout' } : { ...common, latency: 2, who: names[chance(5)]! }
  })
  const nodes = names.map((name, i) => node(name, i + 2, i === 0, ['10.2.1.2', '10.2.1.3']))
  return { ...rollingReboot(), nodes, summary: summarize(servers, samples, [], questions / perSecond), steps: [] }
}
