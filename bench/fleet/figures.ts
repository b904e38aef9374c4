import type { Key } from './contenders.ts'
import type { Usage } from './usage.ts'

/** What has been measured of one thing with so many hosts: medians of its runs. */
export interface Figure extends Omit<Usage, 'stdout'> {
  count: number
  key: Key
  name: string
  runs: number
  /** Changes of all hosts together. */
  changed: number
  /** Executions of all hosts together, where it tells them. */
  executions?: number
}

/** What was measured with one number of hosts, and where. */
export interface Measured {
  count: number
  date: string
  machine: string
  /** The load average of the machine before the hosts were started. */
  load: number
  figures: Figure[]
}

/** @returns measurements with others of the same numbers of hosts replaced by newer ones, the smallest number first */
export const merged = (old: readonly Measured[], newer: readonly Measured[]): Measured[] =>
  [...old.filter(({ count }) => !newer.some((one) => one.count === count)), ...newer].toSorted(
    (a, b) => a.count - b.count,
  )

/** What a ratio is, and its bound by the number of hosts: that of the next smaller number counts for those between. */
interface Ratio {
  name: string
  of: Key
  to?: Key
  by: 'wall' | 'memory'
  most?: Record<number, number>
  least?: Record<number, number>
}

const ratios: readonly Ratio[] = [
  {
    name: 'converged ÷ one script, ssh2',
    of: 'converged',
    to: 'script',
    by: 'wall',
    most: { 2: 2, 20: 1.4, 50: 1.3 },
  },
  { name: 'check ÷ converged', of: 'check', to: 'converged', by: 'wall', most: { 2: 1 } },
  {
    name: 'first apply ÷ that of one script',
    of: 'first',
    to: 'scriptFirst',
    by: 'wall',
    most: { 2: 2, 20: 1.7 },
  },
  {
    name: 'Ansible, converged ÷ converged',
    of: 'ansible',
    to: 'converged',
    by: 'wall',
    least: { 2: 8, 20: 25, 50: 30 },
  },
  { name: 'Ansible with mitogen ÷ converged', of: 'mitogen', to: 'converged', by: 'wall' },
  { name: 'clusters of two ÷ one cluster, converged', of: 'pairs', to: 'converged', by: 'wall', most: { 2: 1.3 } },
  { name: 'memory, converged, MB', of: 'converged', by: 'memory', most: { 2: 90, 20: 120 } },
]

/** A ratio that has been measured. */
export interface MeasuredRatio {
  name: string
  count: number
  value: number
  /** The same of all CPU, of the hosts as well, which other work on the machine changes less. */
  cpu?: number
  bound?: string
  kept?: boolean
}

const boundOf = (bounds: Record<number, number> | undefined, count: number): number | undefined =>
  Object.entries(bounds ?? {})
    .filter(([from]) => Number(from) <= count)
    .at(-1)?.[1]

/** @returns the ratios of what has been measured, each beside its bound */
export const ratiosOf = (figures: readonly Figure[]): MeasuredRatio[] =>
  countsOf(figures).flatMap((count) =>
    ratios.flatMap(({ name, of, to, by, most, least }): MeasuredRatio[] => {
      const figure = (key: Key) => figures.find((one) => one.count === count && one.key === key)
      const [upper, lower] = [figure(of), to && figure(to)]
      if (!upper || (to && !lower)) return []
      const cpu = (one: Figure) => one.controller + one.hosts
      const value = upper[by] / (lower?.[by] ?? 1)
      const [atMost, atLeast] = [boundOf(most, count), boundOf(least, count)]
      return [
        {
          name,
          count,
          value,
          ...(lower && { cpu: cpu(upper) / cpu(lower) }),
          ...(atMost !== undefined && { bound: `≤ ${atMost}`, kept: value <= atMost }),
          ...(atLeast !== undefined && { bound: `≥ ${atLeast}`, kept: value >= atLeast }),
        },
      ]
    }),
  )

/** @returns the numbers of hosts, each once */
export const countsOf = (figures: readonly Figure[]): number[] => [...new Set(figures.map(({ count }) => count))]

const digits = (number: number) =>
  number < 10 ? number.toFixed(2) : number < 100 ? number.toFixed(1) : number.toFixed(0)

/** @returns rows of a table of all figures, the first of them its head */
export const figureRows = (figures: readonly Figure[]): string[][] => [
  ['hosts', 'what', 'runs', 'wall s', 'CPU here s', 'CPU of hosts s', 'memory MB', 'executions', 'changes'],
  ...figures.map((one) => [
    String(one.count),
    one.name,
    String(one.runs),
    ...[one.wall, one.controller, one.hosts].map(digits),
    one.memory.toFixed(0),
    String(one.executions ?? ''),
    String(one.changed),
  ]),
]

/** @returns rows of a table of ratios, the first of them its head */
export const ratioRows = (figures: readonly Figure[]): string[][] => [
  ['hosts', 'ratio', 'wall', 'all CPU', 'bound', 'kept'],
  ...ratiosOf(figures).map(({ count, name, value, cpu, bound = '', kept }) => [
    String(count),
    name,
    digits(value),
    cpu === undefined ? '' : digits(cpu),
    bound,
    kept === undefined ? '' : kept ? 'yes' : '**no**',
  ]),
]
