import type { LossSummary } from '../clients/losses.ts'
import { type Bin, binsOf, stretches } from './bins.ts'
import type { ReportData, ReportNode } from './data.ts'
import { type Markup, markup } from './markup.ts'
import type { Lettered } from './outages.ts'
import { box } from './svg.ts'
import { colourOf, inSeconds, plural } from './wording.ts'

// Widths are in percent, so that letters keep their size on a narrow screen. Heights are in pixels.
const lane = { height: 44, first: 42, pitch: 70 }
/** @param servers how many lanes there are */
const axisOf = (servers: number) => lane.first + servers * lane.pitch - 22
/** The minimum share of the lane for losses, in percent: one loss among many answers stays visible. */
const leastLoss = 15
/** Letters closer together than this, in percent, would overlap on a phone. */
const letterWidth = 5

/**
 * Who answered when, one lane for each virtual server; losses hatched, the longest outages with their letters.
 * @param end of the picture, in seconds
 */
export function timeline(data: ReportData, summary: LossSummary, end: number, marked: readonly Lettered[]): Markup {
  const at = (seconds: number) => percent((seconds / end) * 100)
  const servers = Object.keys(summary.tallies)
  const axis = axisOf(servers.length)
  const lanes = servers.map((server, i): Lane => {
    const bins = binsOf(server, summary.samples, data.nodes, { servers: servers.length, end })
    return { server, top: lane.first + i * lane.pitch, bins, nodes: data.nodes }
  })
  return markup`<svg class="timeline" width="100%" height="${axis + 22}" role="img" aria-labelledby="timeline-title timeline-desc">
<title id="timeline-title">Answers over time</title>
<desc id="timeline-desc">${inWords(summary, end, marked)}</desc>
<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">${[
    box([0, 0], [6, 6], 'loss-ground', 0),
    box([0, 0], [3, 6], 'loss-line', 0),
  ]}</pattern></defs>
${lanes.map(bars)}
${data.steps.map(({ from }) => line(at(from), lane.first - 4, axis - 4, 'border'))}
${letters(marked, end, axis)}
${lanes.map((each) => [...losses(each), ...namesIn(each)])}
${ticks(end).map((tick) => tickAt(tick, end, axis))}
</svg>`
}

const percent = (number: number) => `${Math.min(100, Math.max(0, number)).toFixed(2)}%`

const line = (x: string, from: number, to: number, kind: string) =>
  markup`<line class="${kind}" x1="${x}" x2="${x}" y1="${from}" y2="${to}"/>`

function inWords({ tallies }: LossSummary, end: number, marked: readonly Lettered[]): string {
  const sums = Object.entries(tallies)
    .map(([server, { lost, sent }]) => `${server} ${lost} of ${sent}`)
    .join(', ')
  const gaps = marked.map(({ letter, from, to }) => `${letter} at ${inSeconds(from)} for ${inSeconds(to - from)}`)
  return `In ${inSeconds(end)} these questions were lost: ${sums}. ${gaps.length > 0 ? `Outages: ${gaps.join(', ')}.` : ''}`
}

interface Lane {
  server: string
  top: number
  bins: readonly Bin[]
  nodes: readonly ReportNode[]
}

function bars({ server, top, bins, nodes }: Lane): Markup {
  return markup`<text class="strong" y="${top - 7}">${server}</text>
<rect class="lane" y="${top}" width="100%" height="${lane.height}"/>
<svg y="${top}" width="100%" height="${lane.height}" viewBox="0 0 ${bins.length} 100" preserveAspectRatio="none">
${[...nodes, undefined].map((_, i) => band(bins, i, colourOf(nodes, i)))}
</svg>`
}

// Hatching is invisible below a width of some pixels.
const losses = ({ top, bins }: Lane) =>
  stretches(bins, (bin) => Math.round((lossIn(bin) / 100) * lane.height)).flatMap(({ from, length, value }) => {
    const [x, width] = [from, length].map((number) => percent((number / bins.length) * 100))
    if (value === 0) return []
    const style = `width:max(${width},5px)`
    return markup`<rect class="loss" x="${x!}" y="${top}" width="${width!}" height="${value}" style="${style}"/>`
  })

/** The part of a bin that is shown as lost, in percent. */
const lossIn = ({ asked, lost }: Bin) => (lost === 0 ? 0 : Math.max(leastLoss, Math.round((lost / asked) * 100)))

/** The part of the answers that each node gave. */
function sharesIn({ answered }: Bin): number[] {
  const some = answered.filter((number) => number > 0)
  // Round-robin counts differ by one if a bin ends within a turn; treat them as equal.
  const even = Math.max(...some) - Math.min(...some) <= 1
  const weights = even ? answered.map((number) => (number > 0 ? 1 : 0)) : answered
  const sum = weights.reduce((all, number) => all + number, 0)
  return weights.map((number) => (sum === 0 ? 0 : number / sum))
}

/** The answers of one node: a share of each bin's height, stacked on those of earlier nodes. */
function band(bins: readonly Bin[], node: number, kind: string): Markup {
  const paths = stretches(bins, (bin) => {
    const shares = sharesIn(bin)
    const below = shares.slice(0, node).reduce((sum, share) => sum + share, 0)
    return [below, below + shares[node]!].map((share) => 100 - Math.round(share * (100 - lossIn(bin)))) as [
      number,
      number,
    ]
  }).flatMap(({ from, length, value: [bottom, top] }) =>
    bottom > top ? [`M${from},${bottom}h${length}V${top}h-${length}z`] : [],
  )
  return paths.length > 0 ? markup`<path class="${kind}" d="${paths.join('')}"/>` : markup``
}

/** The names of nodes that were the only one to answer for a long time. */
function namesIn({ top, bins, nodes }: Lane) {
  const only = ({ answered }: Bin) => {
    const who = answered.flatMap((number, i) => (number > 0 ? [i] : []))
    return who.length === 1 ? who[0]! : -1
  }
  return stretches(bins, only).map(({ from, length, value }) => {
    const node = nodes[value]
    // A name too long for its part is better left to the legend.
    const room = (length / bins.length) * 40
    if (!node || node.name.length > room) return ''
    return markup`<text class="on-node" x="${percent(((from + length / 2) / bins.length) * 100)}" y="${top + lane.height - 9}" text-anchor="middle">${node.name}</text>`
  })
}

/** The letters over the lanes; those too close together share a place: `B–D`. */
function letters(marked: readonly Lettered[], end: number, axis: number): Markup[] {
  const groups: { at: number; outages: Lettered[] }[] = []
  for (const outage of marked) {
    const at = ((outage.from + outage.to) / 2 / end) * 100
    const last = groups.at(-1)
    if (last && at - last.at < letterWidth) last.outages.push(outage)
    else groups.push({ at, outages: [outage] })
  }
  return groups.map(({ at, outages }) => {
    const [first, last] = [outages[0]!.letter, outages.at(-1)!.letter]
    const name = first === last ? first : `${first}–${last}`
    const lost = outages.flatMap(({ shares }) => Object.values(shares).map(({ lost }) => lost))
    const tip = `${name}: ${plural(
      lost.reduce((sum, number) => sum + number, 0),
      'question',
    )} lost`
    const inView = percent(Math.min(98, Math.max(2, at)))
    return markup`<g><title>${tip}</title>${line(percent(at), 20, axis - 4, 'gap')}<text class="letter" x="${inView}" y="15" text-anchor="middle">${name}</text></g>`
  })
}

const tickSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200]

/** At most six time labels below the lanes. */
function ticks(end: number): number[] {
  const step = tickSteps.find((each) => end / each <= 5) ?? Math.ceil(end / 5)
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step)
}

function tickAt(seconds: number, end: number, axis: number): Markup {
  const at = (seconds / end) * 100
  const anchor = seconds === 0 ? 'start' : at > 94 ? 'end' : 'middle'
  const name = `${Number(seconds.toFixed(1))} s`
  return markup`${line(percent(at), axis - 4, axis + 2, 'tick')}<text class="quiet" x="${percent(at)}" y="${axis + 16}" text-anchor="${anchor}">${name}</text>`
}
