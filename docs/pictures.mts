// The pictures of the documentation; here those of docs/levels.md: the way of one packet at each level. All have the same places, to be compared.
import { arrow, box, type Point } from '../engine/report/svg.ts'
import { failoverPicture } from './failover-picture.ts'
import { label, picture } from './svg.ts'

// The columns: the client, the holder of the VIP, the other node.
const client = { left: 24, middle: 84, right: 144 }
const ns1 = { left: 334, middle: 449, right: 564 }
const ns2 = { left: 756, middle: 866, right: 976 }
type Column = typeof client

// The rows: the upper edge of the nodes, what goes there, what comes back, what is beside the way; and a node's height.
const [top, there, back, beside] = [36, 132, 216, 308]
const [short, tall] = [236, 306]
const sizeFor = (height: number): Point => [1000, top + height + 44]
const widthOf = ({ left, right }: Column) => right - left

const node = (column: Column, height: number, name: string, kind = 'host') => [
  box([column.left, top], [widthOf(column), height], kind),
  label([column.middle, top + 40], name, 'strong'),
]

/** On the upper edge of the node that holds it. */
const vip = ({ middle }: Column, held: boolean) => [
  box([middle - 68, top - 14], [136, 28], held ? 'held' : 'not-held', 14),
  label([middle, top + 5], 'VIP 10.2.1.5', `mono strong ${held ? 'on-held' : 'not-held'}`),
]

/** A program or an interface in a node. */
const part = (column: Column, from: number, to: number) =>
  box([column.left + 12, from], [widthOf(column) - 24, to - from], 'part', 6)

/** Lines of text in a column, their middle at this height. */
const lines = ({ middle }: Column, y: number, texts: string[], kind = '') =>
  texts.map((text, i) => label([middle, y + 5 + 20 * (i - (texts.length - 1) / 2)], text, kind))

/** An arrow between two columns: above it what it is, below it the addresses of its packet. */
function hop(from: Column, to: Column, y: number, what: string, packet: string, kind: '' | 'aside' = '') {
  const [start, end] = from.left < to.left ? [from.right + 4, to.left - 4] : [from.left - 4, to.right + 4]
  const middle = (start + end) / 2
  return [
    arrow([start, y], [end, y], kind),
    label([middle, y - 9], what, kind && 'quiet'),
    ...(packet ? [label([middle, y + 20], packet, 'mono')] : []),
  ]
}

const legend = (height: number, more = '') => [
  label([client.left, top + height + 24], `a → b: source and destination of the packet${more}`, 'quiet', 'start'),
]

const question = [
  box([client.left, there - 42], [widthOf(client), 168], 'host'),
  ...lines(client, (there + back) / 2 - 11, ['client'], 'strong'),
  ...lines(client, (there + back) / 2 + 11, ['10.2.1.10'], 'mono'),
  ...hop(client, ns1, there, '1  question', '10.2.1.10 → 10.2.1.5'),
]

/** What of a node is on the way, with the interface that packets come in by. */
const onTheWay = (column: Column, network: string) => [
  part(column, there - 42, back + 42),
  ...lines(column, there - 26, [network], 'mono quiet'),
]

const level1 = picture(
  'Level 1: failover',
  'The client 10.2.1.10 asks the VIP 10.2.1.5. ns1 holds the VIP and answers itself. Once a second it sends a VRRP ' +
    'advert to 224.0.0.18. ns2 stands by; when it has heard no advert for 3.6 seconds, it takes the VIP.',
  sizeFor(short),
  question,
  node(ns1, short, 'ns1 works'),
  vip(ns1, true),
  onTheWay(ns1, 'eth0 10.2.1.2'),
  lines(ns1, (there + back) / 2, ['named', 'answers itself']),
  hop(ns1, client, back, '2  answer', '10.2.1.5 → 10.2.1.10'),
  hop(ns1, ns2, there, 'VRRP, once a second', '10.2.1.2 → 224.0.0.18', 'aside'),
  hop(ns1, ns2, back, 'nothing for 3.6 s:', '', 'aside'),
  lines({ ...ns1, middle: (ns1.right + ns2.left) / 2 }, back + 16, ['ns2 takes the VIP'], 'quiet'),
  node(ns2, short, 'ns2 stands by', 'standby'),
  vip(ns2, false),
  onTheWay(ns2, 'eth0 10.2.1.3'),
  lines(ns2, (there + back) / 2, ['named', 'is ready'], 'quiet'),
  legend(short),
)

/** What levels 2 and 3 have in common: a director that is a real server as well, and another real server. */
const balancing = (forth: string[], home: string, own: string, other: string, height: number) => [
  ...question,
  ...node(ns1, tall, 'ns1 directs and works'),
  ...vip(ns1, true),
  ...onTheWay(ns1, 'eth0 10.2.1.2'),
  ...lines(ns1, there + 6, forth),
  ...lines(ns1, back, [home]),
  arrow([ns1.middle - 70, back + 44], [ns1.middle - 70, beside - 22]),
  label([ns1.middle - 56, back + 62], 'the next one: here', 'quiet', 'start'),
  part(ns1, beside - 20, beside + 22),
  ...lines(ns1, beside, [`${own}  named`], 'mono'),
  ...node(ns2, height, 'ns2 works'),
  ...onTheWay(ns2, other),
  ...lines(ns2, there - 3, ['named logs:']),
  ...legend(tall, '; *rewritten by the director*'),
]

const level2 = picture(
  'Level 2: load balancing',
  'The client 10.2.1.10 asks the VIP 10.2.1.5, which ns1 holds. On ns1 IPVS rewrites the destination to the real server ' +
    '10.2.1.3, in turn with its own 10.2.1.2, and SNAT the source to the VIP. So ns2 sees 10.2.1.5 as the client and ' +
    'answers to it. ns1 undoes both, and the client gets an answer from 10.2.1.5.',
  sizeFor(tall),
  balancing(['IPVS: to a real server', 'SNAT: from the VIP'], 'undoes both', 'eth0 10.2.1.2', 'eth0 10.2.1.3', short),
  hop(ns1, ns2, there, '2  question', '*10.2.1.5* → *10.2.1.3*'),
  lines(ns2, there + 17, ['client *10.2.1.5*'], 'mono'),
  lines(ns2, back, ['answers that client']),
  hop(ns2, ns1, back, '3  answer', '10.2.1.3 → 10.2.1.5'),
  hop(ns1, client, back, '4  answer', '*10.2.1.5* → *10.2.1.10*'),
)

const level3 = picture(
  'Level 3: real servers see who asks',
  'The client 10.2.1.10 asks the VIP 10.2.1.5, which ns1 holds. On ns1 IPVS rewrites only the destination, to 10.2.1.7 on ' +
    'ns2, in turn with its own 10.2.1.6. So ns2 sees 10.2.1.10 as the client. The rule for 10.2.1.7 sends the answer by ' +
    'eth1 to the VIP, and ns1 puts the VIP in as its source. Health checks go to 10.2.1.3, the first address of ns2.',
  sizeFor(tall),
  balancing(['IPVS: to a real server', 'source stays'], 'from the VIP again', 'eth1 10.2.1.6', 'eth1 10.2.1.7', tall),
  hop(ns1, ns2, there, '2  question', '10.2.1.10 → *10.2.1.7*'),
  lines(ns2, there + 17, ['client 10.2.1.10'], 'mono'),
  lines(ns2, back + 8, ['from 10.2.1.7', 'lookup table1:', 'default via 10.2.1.5'], 'mono'),
  hop(ns2, ns1, back, '3  answer', '10.2.1.7 → 10.2.1.10'),
  hop(ns1, client, back, '4  answer', '*10.2.1.5* → 10.2.1.10'),
  hop(ns1, ns2, beside, 'health checks', '10.2.1.2 → 10.2.1.3', 'aside'),
  [part(ns2, beside - 20, beside + 22), ...lines(ns2, beside, ['eth0 10.2.1.3'], 'mono quiet')],
)

export const pictures = {
  'docs/level1.svg': level1,
  'docs/level2.svg': level2,
  'docs/level3.svg': level3,
  'docs/failover.svg': failoverPicture,
}
