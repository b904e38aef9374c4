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

/** The time without adverts after which a node of the priority 100 takes the address: RFC 5798, 6.1. */
const missing = (adverts: number, interval: number, skewed: number) => adverts * interval + ((256 - 100) / 256) * skewed

const panels: readonly Panel[] = [
  {
    title: 'Usual',
    ...{ length: 7.5, step: 0.5 },
    lanes: [
      {
        what: 'virtual IP: an advert each second',
        every: 1,
        after: [missing(3, 1, 1), missing(3, 1, 1)],
        result: 'the next node takes it',
      },
      { what: 'pools: a check each second', every: 1, after: [3, 5], result: 'a dead node is out' },
      { what: 'pools: a check each second', every: 1, after: [2, 3], result: 'a stopped service is out' },
    ],
  },
  {
    title: 'failover: quick',
    ...{ length: 1.5, step: 0.1 },
    lanes: [
      {
        what: 'virtual IP: an advert each 0.07 s',
        every: 0.07,
        after: [missing(5, 0.07, 0.07), missing(5, 0.07, 0.07)],
        result: 'the next node takes it',
      },
      { what: 'pools: BFD each 0.07 s', every: 0.07, after: [0.35, 0.35], result: 'a dead node is out' },
      { what: 'pools: a check each 0.3 s', every: 0.3, after: [0.4, 0.7], result: 'a stopped service is out' },
    ],
  },
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
  const end = last > first ? `${at0(first)} to ${at0(last)} s` : `${at0(first)} s`
  return [
    label([24, top + 19], what, '', 'start'),
    box([at(0), top], [at(first) - at(0), 28], 'part', 4),
    ...(last > first ? [box([at(first), top], [at(last) - at(first), 28], 'standby', 4)] : []),
    ...missed.map((seconds) => box([at(seconds) - 1, top + 8], [2, 12], 'held', 0)),
    label([at(last) + 10, top + 19], `${end}: ${result}`, '', 'start'),
  ]
}

const at0 = (seconds: number) => Number(seconds.toFixed(seconds < 1 ? 2 : 1))

export const failoverPicture: string = picture(
  'From a death to the moment when nobody notices it any more',
  panels
    .flatMap(({ title, lanes }) =>
      lanes.map(
        ({ what, after: [first, last], result }) =>
          `${title}, ${what}: after ${at0(first)} to ${at0(last)} seconds ${result}.`,
      ),
    )
    .join(' '),
  size,
  ...panels.map((panel, index) => panelAt(panel, 20 + index * height)),
)
