// The page and the chart of docs/performance.json, which bench/fleet.mts writes.
import { readFileSync } from 'node:fs'
import type { Key } from '../bench/fleet/contenders.ts'
import { countsOf, figureRows, type Measured, ratioRows } from '../bench/fleet/figures.ts'
import { Markup, markup } from '../engine/report/markup.ts'
import type { Point } from '../engine/report/svg.ts'
import { label, picture } from './svg.ts'

const measured = JSON.parse(readFileSync(new URL('performance.json', import.meta.url), 'utf8')) as Measured[]
const figures = measured.flatMap((one) => one.figures)

/** What the chart shows, and what it is called there, the most important first. */
const lines: readonly [Key, string][] = [
  ['converged', 'level 1'],
  ['script', 'one script, ssh2'],
  ['openssh', 'one script, OpenSSH'],
  ['mitogen', 'Ansible with mitogen'],
  ['ansible', 'Ansible'],
]

const size: Point = [1000, 440]
const [left, right, top, bottom] = [84, 760, 70, 370]

const ofKey = (key: Key) => figures.filter((figure) => figure.key === key)
const shown = figures.filter(({ key }) => lines.some(([one]) => one === key))
const counts = countsOf(figures)
/** Powers of ten around all that is shown. */
const decades = ((seconds: number[]) => {
  const [low, high] = [Math.floor(Math.log10(Math.min(...seconds))), Math.ceil(Math.log10(Math.max(...seconds)))]
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index))
})(shown.map(({ wall }) => wall))

/** Both axes are logarithmic: what is a multiple looks the same everywhere. */
const between = (from: number, to: number, first: number, last: number, value: number) =>
  from + ((to - from) * Math.log(value / first)) / Math.log(last / first || Math.E)
const xOf = (count: number) => Math.round(between(left + 40, right - 40, counts[0]!, counts.at(-1)!, count))
const yOf = (seconds: number) => Math.round(between(bottom, top, decades[0]!, decades.at(-1)!, seconds))

const line = (points: readonly Point[], kind: string) =>
  markup`<path class="${kind}" fill="none" d="M${new Markup(points.map((point) => point.join()).join(' L'))}"/>`

/** Names beside the ends of lines stay apart. */
function apart(heights: readonly number[]): number[] {
  const order = heights.map((_, index) => index).toSorted((a, b) => heights[a]! - heights[b]!)
  const placed = [...heights]
  for (const [place, index] of order.entries())
    if (place > 0) placed[index] = Math.max(placed[index]!, placed[order[place - 1]!]! + 20)
  return placed
}

const ends = lines.flatMap(([key, name]) => {
  const last = ofKey(key).at(-1)
  return last ? [{ key, name, last }] : []
})
const heights = apart(ends.map(({ last }) => yOf(last.wall)))

export const performanceChart: string = picture(
  'Seconds of a converged run, by hosts',
  `A run with nothing to change, with ${counts.join(', ')} hosts, in seconds: ${ends
    .map(
      ({ key, name }) =>
        `${name} ${ofKey(key)
          .map(({ wall }) => wall.toFixed(1))
          .join(', ')}`,
    )
    .join('; ')}.`,
  size,
  [label([left, top - 30], 'seconds of a run with nothing to change', 'strong', 'start')],
  decades.flatMap((seconds) => [
    line(
      [
        [left, yOf(seconds)],
        [right - 40, yOf(seconds)],
      ],
      'quiet',
    ),
    label([left - 30, yOf(seconds) + 5], String(Number(seconds.toPrecision(1))), 'mono quiet'),
  ]),
  counts.map((count) => label([xOf(count), bottom + 28], `${count} hosts`, 'mono quiet')),
  ends.flatMap(({ key, name, last }, index) => {
    const points = ofKey(key).map(({ count, wall }): Point => [xOf(count), yOf(wall)])
    const kind = key === 'converged' ? 'strong' : 'quiet'
    return [
      ...(points.length > 1 ? [line(points, kind)] : []),
      ...points.map(([x, y]) => markup`<circle class="head ${kind}" cx="${x}" cy="${y}" r="4"/>`),
      label([xOf(last.count) + 14, heights[index]! + 5], name, kind, 'start'),
    ]
  }),
)

const table = ([head, ...rows]: readonly string[][]): string =>
  [head!, head!.map((_, column) => (column === 1 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')

/** What the page says between its two marks. */
const results = (): string => `
| hosts | date | machine | load average before |
|---:|---|---|---:|
${measured.map(({ count, date, machine, load }) => `| ${count} | ${date} | ${machine} | ${load} |`).join('\n')}

${table(ratioRows(figures))}

${table(figureRows(figures))}
`

/** @returns the page with the results of now between its marks */
export const withResults = (page: string): string =>
  page.replace(/(<!-- measured -->\n).*(<!-- end -->)/s, (_, begin: string, end: string) => begin + results() + end)
