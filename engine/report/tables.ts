import type { Tally } from '../clients/losses.ts'
import type { ReportData, ReportNode, ReportStep } from './data.ts'
import { type Markup, markup } from './markup.ts'
import { type Lettered, stepsOf } from './outages.ts'
import { answersOf, counted, inSeconds, listed, plural } from './wording.ts'

/** A table that scrolls in itself where it is wider than the page. */
const table = (name: string, head: readonly string[], bodies: Markup[]) =>
  markup`<div class="scroll" role="region" aria-label="${name}" tabindex="0"><table>
<thead><tr>${head.map((title) => (title ? markup`<th scope="col">${title}</th>` : markup`<td></td>`))}</tr></thead>
${bodies}
</table></div>`

/** The steps, each with a row for a virtual server; before them the whole time, where a prober ran. */
export function stepTable(data: ReportData): Markup {
  const { summary } = data
  const whole = summary
    ? [stepBody('The whole time', { ...summary, label: '', from: 0, to: summary.seconds }, data)]
    : []
  const steps = data.steps.map((step, i) => stepBody(markup`<b class="number">${i + 1}</b> ${step.label}`, step, data))
  return table('Steps', ['', 'Sent', 'Lost', 'Longest gap', 'Who answered'], [...whole, ...steps])
}

function stepBody(title: string | Markup, step: ReportStep, data: ReportData): Markup {
  const { from, to, outcome, limit } = step
  const time = `${from.toFixed(1)}–${inSeconds(to)}`
  const more = [
    markup`<time title="${new Date(data.started.getTime() + from * 1000).toISOString()}">${time}</time>`,
    ...(limit === undefined
      ? []
      : [limit === 0 ? 'no loss is expected' : `gaps up to ${inSeconds(limit)} are expected`]),
  ].map((part) => markup`<span>${part}</span>`)
  return markup`<tbody><tr><th scope="rowgroup" colspan="5">${title}${
    outcome ? markup` <em>${outcome}</em>` : ''
  }<small>${more}</small></th></tr>
${Object.entries(step.tallies).map(([server, tally]) => tallyRow(server, tally, limit, data))}</tbody>`
}

function tallyRow(server: string, tally: Tally, limit: number | undefined, data: ReportData): Markup {
  const { sent, lost, gap, answers } = tally
  const long = limit !== undefined && gap > limit
  return markup`<tr><th scope="row">${server}</th><td>${counted(sent)}</td><td${lost > 0 ? bad : ''}>${counted(lost)}</td><td${
    long ? bad : ''
  }>${inSeconds(gap)}${long ? ' ✗ too long' : ''}</td><td>${answersOf(data, answers) || 'nobody'}</td></tr>`
}

const bad = markup` class="bad"`

/** @param others how many shorter outages have no letter */
export function outageTable({ steps, summary }: ReportData, marked: readonly Lettered[], others: number): Markup {
  const servers = Object.keys(summary!.tallies)
  const bodies = marked.map((outage) => {
    const { letter, from, to, shares, reasons } = outage
    const cells = servers.map((server) => {
      const share = shares[server]
      return markup`<td>${share ? `${inSeconds(share.gap)}, ${counted(share.lost)} lost` : '–'}</td>`
    })
    const during = stepsOf(outage, steps).map(
      ({ number, label }) => markup`<div><b class="number">${number}</b> ${label}</div>`,
    )
    const why = Object.entries(reasons).map(([reason, times]) => `${reason} ${counted(times)}`)
    return markup`<tr><th scope="row"><b class="letter">${letter}</b></th><td>${from.toFixed(1)}–${inSeconds(to)}</td>${
      cells
    }<td>${during.length > 0 ? during : 'between steps'}<small>${why.join(', ')}</small></td></tr>`
  })
  const head = ['', 'When', ...servers.map((server) => `${server} gap`), 'During']
  const rest = others > 0 ? markup`<p>${plural(others, 'shorter outage')} more.</p>` : ''
  return markup`${table('Outages', head, [markup`<tbody>${bodies}</tbody>`])}${rest}`
}

/** The pool of each director. */
export function poolTable({ nodes, servers }: ReportData): Markup {
  const nameOf = (address: string) =>
    nodes.find((node) => node.address === address || node.second === address)?.name ?? 'no node'
  const width = servers.length + 1
  const bodies = nodes.flatMap((node) => {
    if (node.kind === 'real server') return []
    const addresses = [...new Set(node.pool.map(({ address }) => address))]
    const rows = addresses.map(
      (address) =>
        markup`<tr><th scope="row">${nameOf(address)} <code>${address}</code></th>${servers.map((server) => {
          const weight = node.pool.find((each) => each.address === address && each.server === server)?.weight
          return markup`<td${weight ? '' : bad}>${weight === undefined ? 'missing' : weight || '0, gets nothing'}</td>`
        })}</tr>`,
    )
    const empty = markup`<tr><td class="bad" colspan="${width}">${
      node.kind === 'unknown' ? 'it could not be asked' : 'its pool is empty'
    }</td></tr>`
    return markup`<tbody><tr><th scope="rowgroup" colspan="${width}">${node.name}<small><span>${roleOf(node)}</span></small></th></tr>
${rows.length > 0 ? rows : empty}</tbody>`
  })
  return table('Pools', ['Real server', ...servers.map((server) => `${server} weight`)], bodies)
}

const roleOf = ({ holds, kind, address, second }: ReportNode) =>
  `${kind === 'unknown' ? '' : `${holds.length > 0 ? `holds ${listed(holds)}` : 'stands by'}; `}${listed([address, ...(second ? [second] : [])])}`
