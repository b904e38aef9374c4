import type { RealServer, ReportData, ReportNode } from './data.ts'
import { type Markup, markup } from './markup.ts'
import { arrow, box, type Point, text } from './svg.ts'
import { colourOf, holdersOf, listed, shortened } from './wording.ts'

// As wide as a phone, so that its letters are as large there as those around it.
const [width, middle] = [344, 172]
const client = { height: 34, gap: 8, shown: 3 }
const director = { top: 92, height: 66 }
const server = { left: 132, height: 48, pitch: 60 }
const trunk = 28

/** What a node, or an address that no node has, gets from a director. */
interface Branch {
  name: string
  address: string
  colour: string
  /** Over the line to it. */
  label: string
  kind: 'used' | 'unused'
}

/** Clients, the VIP at its holder, and the real servers that the holder sends questions to, from top to bottom. */
export function picture(data: ReportData): Markup {
  const holders = data.nodes.filter(({ holds }) => holds.length > 0)
  const parts: Markup[] = [...clientsOf(data)]
  let top = director.top
  for (const holder of holders.length > 0 ? holders : [undefined]) {
    const branches = branchesOf(data, holder)
    parts.push(...directorAt(top, data, holder), ...branches.flatMap((_, i) => branchAt(top, branches, i)))
    top += director.height + branches.length * server.pitch + 44
  }
  return markup`<svg class="picture" viewBox="0 0 ${width} ${top - 36}" role="img" aria-labelledby="picture-title picture-desc">
<title id="picture-title">The cluster at the end of the run</title>
<desc id="picture-desc">${inWords(data, holders)}</desc>
${parts}
</svg>`
}

function inWords(data: ReportData, holders: readonly ReportNode[]): string {
  const asking = data.clients.length > 0 ? listed(data.clients) : 'Clients'
  const asked = data.vips.map((vip) => `${vip}, held by ${holdersOf(data.nodes, vip)}`)
  const ask = `${asking} ask the VIP ${asked.join('; ')}.`
  const branches = holders.flatMap((holder) =>
    branchesOf(data, holder).map(({ name, address, label }) => `${holder.name} to ${name} ${address}: ${label}.`),
  )
  return [ask, ...branches].join(' ')
}

function clientsOf({ clients }: ReportData): Markup[] {
  const names = clients.length > 0 ? clients : ['clients']
  const more = names.length - client.shown
  const shown = more > 0 ? [...names.slice(0, client.shown - 1), `and ${more + 1} more`] : names
  const each = Math.min(140, (width - 2) / shown.length - client.gap)
  const start = middle - (shown.length * (each + client.gap)) / 2 + client.gap / 2
  return shown.flatMap((name, i) => {
    const left = start + i * (each + client.gap)
    const centre = left + each / 2
    return [
      box([left, 1], [each, client.height], 'host'),
      text([centre, 23], shortened(name, Math.floor(each / 9)), 'strong'),
      arrow([centre, client.height + 5], [middle + (centre - middle) / 4, director.top - 18]),
    ]
  })
}

function directorAt(top: number, { vips, balances, nodes }: ReportData, holder: ReportNode | undefined): Markup[] {
  const pill = (kind: string) => [
    box([middle - 84, top - 14], [168, 28], kind, 14),
    text(
      [middle, top + 5],
      `VIP ${shortened((holder?.holds ?? vips).join(', '), 15)}`,
      `mono strong ${kind === 'held' ? 'on-held' : kind}`,
    ),
  ]
  const inside = (first: string, second: string) => [
    text([middle, top + 35], first, 'strong'),
    text([middle, top + 54], second, 'mono quiet'),
  ]
  const frame: readonly [Point, Point] = [
    [1, top],
    [width - 2, director.height],
  ]
  if (!holder && nodes.some(({ kind }) => kind === 'unknown'))
    return [
      box(...frame, 'standby'),
      ...pill('not-held'),
      ...inside('No node holds it', 'as far as nodes could be asked'),
    ]
  if (!holder) return [box(...frame, 'standby'), ...pill('not-held'), ...inside('No node holds it', 'nobody answers')]
  // The holder answers itself at level 1, and appears nowhere else in the picture.
  const swatch = box([13, top + 22], [22, 22], `swatch ${colourOf(nodes, nodes.indexOf(holder))}`, 5)
  const does = balances ? 'holds it and directs' : 'holds it and answers'
  return [
    box(...frame, 'host'),
    ...(balances ? [] : [swatch]),
    ...pill('held'),
    ...inside(`${shortened(holder.name, 20)} ${does}`, shortened(holder.address, 40)),
  ]
}

/** Entries below the director: standby nodes at level 1, else real servers and nodes outside its pool. */
function branchesOf(data: ReportData, holder: ReportNode | undefined): Branch[] {
  const { nodes, balances } = data
  const pool = holder?.pool ?? []
  const strangers = pool.filter(({ address }) => !nodes.some((node) => addressesOf(node).includes(address)))
  const addresses = new Set(strangers.map(({ address }) => address))
  return [
    ...nodes.flatMap((node, i): Branch[] => {
      const own = pool.filter(({ address }) => addressesOf(node).includes(address))
      const { name, address } = node
      const colour = colourOf(nodes, i)
      if (own.length > 0) return [branchTo(data, node === holder ? `${name} itself` : name, own, colour)]
      if (!balances && node === holder) return []
      const label = node.kind === 'unknown' ? 'not known' : !holder ? 'no VIP' : balances ? 'not in pool' : 'stands by'
      return [{ name, address, colour, label, kind: 'unused' }]
    }),
    ...[...addresses].map((address) =>
      branchTo(
        data,
        'no node',
        strangers.filter((each) => each.address === address),
        'other',
      ),
    ),
  ]
}

const addressesOf = ({ address, second }: ReportNode) => [address, ...(second ? [second] : [])]

function branchTo({ servers }: ReportData, name: string, reals: readonly RealServer[], colour: string): Branch {
  const weights = servers.map((server) => reals.find((each) => each.server === server)?.weight)
  const same = new Set(weights).size === 1
  return {
    name,
    address: reals[0]!.address,
    colour,
    label: same ? `weight ${weights[0]}` : servers.map((server, i) => `${server} ${weights[i] ?? '–'}`).join(', '),
    kind: weights.some((weight) => weight) ? 'used' : 'unused',
  }
}

function branchAt(directorTop: number, branches: readonly Branch[], i: number): Markup[] {
  const { name, address, colour, label, kind } = branches[i]!
  const leadsOn = branches.slice(i).some((branch) => branch.kind === 'used')
  const from = directorTop + director.height
  const y = from + 16 + i * server.pitch
  const centre = y + server.height / 2
  // Each line begins where the one before turned, so that the trunk is drawn once.
  const start = i === 0 ? from + 1 : centre - server.pitch
  return [
    markup`<path class="trunk ${leadsOn ? '' : 'aside'}" d="M${trunk},${start}V${centre}"/>`,
    kind === 'used'
      ? arrow([trunk, centre], [server.left - 3, centre])
      : markup`<path class="aside" d="M${trunk},${centre}H${server.left - 3}"/>`,
    text([(trunk + server.left) / 2, centre - 8], label, kind === 'used' ? 'small' : 'small quiet'),
    box([server.left, y], [width - server.left - 1, server.height], kind === 'used' ? 'host' : 'standby'),
    box([server.left + 12, y + 13], [22, 22], `swatch ${colour}`, 5),
    text([server.left + 46, y + 20], shortened(name, 19), 'strong', 'start'),
    text([server.left + 46, y + 38], shortened(address, 20), 'mono quiet', 'start'),
  ]
}
