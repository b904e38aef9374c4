// The picture of docs/failover.md: from a death to the moment when nobody notices it any more, by the usual timing and the quick one.
import { box, type Point } from '../engine/report/svg.ts'
import { label, picture } from './svg.ts'

/** What notices a death, and when, in seconds after it. */
interface Lane {
  what: string
  /** How often somebody hears of the node, or asks it. */
  every: number
  /** When it is noticed at the earliest and at the latest. */
  after: readonly [number, number]
  result: string
}

interface Panel {
  title: string
  /** Seconds that the axis shows, and from one of its marks to the next. */
  length: number
  step: number
  lanes: readonly Lane[]
}

/** When something is noticed, and how often somebody looks, in seconds. */
interface Timing {
  adverts: { every: number; missing: number }
  /** How the death of a node is seen, and that of a service. */
  node: { by: string; every: number; after: Lane['after'] }
  service: { every: number; after: Lane['after'] }
}

/** @param step of the marks of the axis, in seconds */
function panel(title: string, step: number, { adverts, node, service }: Timing): Panel {
  // A node of the priority 100: RFC 5798, 6.1.
  const silence = adverts.missing * adverts.every + ((256 - 100) / 256) * adverts.every
  const each = (seconds: number) => (seconds === 1 ? 'each second' : `each ${seconds} s`)
  return {
    title,
    ...{ length: 15 * step, step },
    lanes: [
      {
        what: `virtual IP: an advert ${each(adverts.every)}`,
        every: adverts.every,
        after: [silence, silence],
        result: 'the next node takes it',
      },
      { what: `pools: ${node.by} ${each(node.every)}`, ...node, result: 'a dead node is out' },
      { what: `pools: a check ${each(service.every)}`, ...service, result: 'a stopped service is out' },
    ],
  }
}

const panels: readonly Panel[] = [
  panel('Usual', 0.5, {
    adverts: { every: 1, missing: 3 },
    node: { by: 'a check', every: 1, after: [3, 5] },
    service: { every: 1, after: [2, 3] },
  }),
  panel('failover: quick', 0.1, {
    adverts: { every: 0.07, missing: 5 },
    node: { by: 'BFD', every: 0.07, after: [0.35, 0.35] },
    service: { every: 0.3, after: [0.4, 0.7] },
  }),
]

// Names on the left, the axis on the right of them.
const [left, width, row, height] = [300, 660, 52, 232]
const size: Point = [1000, 24 + panels.length * height]

function panelAt({ title, length, step, lanes }: Panel, top: number) {
  const at = (seconds: number) => Math.round(left + (seconds / length) * width)
  const marks = Array.from({ length: Math.round(length / step) + 1 }, (_, index) => index * step)
  const bottom = top + 40 + lanes.length * row
  return [
    label([24, top + 16], title, 'strong', 'start'),
    label([24, bottom + 14], 'seconds after the death', 'quiet', 'start'),
    ...marks.map((seconds) => label([at(seconds), bottom + 14], String(Number(seconds.toFixed(1))), 'mono quiet')),
    ...lanes.flatMap((one, index) => laneAt(one, top + 40 + index * row, at)),
  ]
}

function laneAt({ what, every, after: [first, last], result }: Lane, top: number, at: (seconds: number) => number) {
  // What would have come, or been asked, had nobody died.
  const missed = Array.from({ length: Math.floor(first / every + 1e-9) }, (_, index) => (index + 1) * every)
  const end = last > first ? `${rounded(first)} to ${rounded(last)} s` : `${rounded(first)} s`
  return [
    label([24, top + 19], what, '', 'start'),
    box([at(0), top], [at(first) - at(0), 28], 'part', 4),
    ...(last > first ? [box([at(first), top], [at(last) - at(first), 28], 'standby', 4)] : []),
    ...missed.map((seconds) => box([at(seconds) - 1, top + 8], [2, 12], 'held', 0)),
    label([at(last) + 10, top + 19], `${end}: ${result}`, '', 'start'),
  ]
}

const rounded = (seconds: number) => Number(seconds.toFixed(seconds < 1 ? 2 : 1))

export const failoverPicture: string = picture(
  'From a death to the moment when nobody notices it any more',
  panels
    .flatMap(({ title, lanes }) =>
      lanes.map(
        ({ what, after: [first, last], result }) =>
          `${title}, ${what}: after ${rounded(first)} to ${rounded(last)} seconds ${result}.`,
      ),
    )
    .join(' '),
  size,
  ...panels.map((panel, index) => panelAt(panel, 20 + index * height)),
)
