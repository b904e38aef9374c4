import type { LossSummary } from '../clients/losses.ts'
import type { ReportData } from './data.ts'
import { Markup, markup } from './markup.ts'
import { lettered, outagesOf } from './outages.ts'
import { picture } from './picture.ts'
import { style } from './style.ts'
import { outageTable, poolTable, stepTable } from './tables.ts'
import { timeline } from './timeline.ts'
import { colourOf, counted, holdersOf, inSeconds, listed, moment, plural } from './wording.ts'

// The policy blocks every load and every script, even if a name contains HTML.
const policy = "default-src 'none'; style-src 'unsafe-inline'"

/** A report for people: one page of HTML that needs nothing else. */
export function reportPage(data: ReportData): string {
  const { title, cluster, problems, summary } = data
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}: ${cluster}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
${verdict(data)}
${problems.length > 0 ? section('Problems', markup`<ul class="problems">${problems.map((each) => markup`<li>${each}</li>`)}</ul>`) : ''}
${section('The cluster', markup`<div class="cluster">${picture(data)}${facts(data)}</div>`)}
${summary ? answers(data, summary) : ''}
${summary || data.steps.length > 0 ? section('Steps', stepTable(data)) : ''}
${data.nodes.some(({ pool }) => pool.length > 0) || data.balances ? section('Pools', poolTable(data)) : ''}
</main>
</body>
</html>
`.text
}

const section = (title: string, content: Markup) => markup`<section>
<h2>${title}</h2>
${content}
</section>`

const verdict = ({ title, cluster, ok, verdict, started }: ReportData) => markup`<header>
<p class="over">${title} of ${cluster}</p>
<h1 class="${ok ? 'ok' : 'failed'}"><span class="mark">${ok ? '✓ passed' : '✗ failed'}</span> ${verdict}</h1>
<p class="over">${moment(started)}</p>
</header>`

function facts({ level, vips, clients, nodes, seconds, summary }: ReportData): Markup {
  const rows = [
    ['Level', level === undefined ? 'none is known' : `${level}`],
    ['VIP', vips.map((vip) => `${vip}, held by ${holdersOf(nodes, vip)}`).join('; ')],
    ['Nodes', listed(nodes.map(({ name }) => name))],
    ['Clients', listed(clients) || 'none'],
    ['Took', inSeconds(seconds)],
    ...Object.entries(summary?.tallies ?? {}).map(([server, { sent, lost, gap }]) => [
      server,
      `${counted(lost)} of ${plural(sent, 'question')} lost, longest gap ${inSeconds(gap)}`,
    ]),
  ]
  return markup`<dl>${rows.map(([name, value]) => markup`<div><dt>${name!}</dt><dd>${value!}</dd></div>`)}</dl>`
}

function answers(data: ReportData, summary: LossSummary): Markup {
  if (summary.samples.length === 0) return section('Answers over time', markup`<p>Nothing was asked.</p>`)
  // The steps may last longer than a prober that ended early; at least 0.1 s avoids a division by zero.
  const end = data.steps.reduce((latest, { to }) => Math.max(latest, to), Math.max(summary.seconds, 0.1))
  const outages = outagesOf(summary.samples, summary.seconds)
  const marked = lettered(outages)
  const table = outages.length > 0 ? outageTable(data, marked, outages.length - marked.length) : ''
  return section(
    'Answers over time',
    markup`<figure>${legend(data, summary)}${timeline(data, summary, end, marked)}${spans(data, end)}</figure>
${table}`,
  )
}

/** The steps, below the times that they took. */
function spans({ steps }: ReportData, end: number): Markup {
  const part = (seconds: number) => ((seconds / end) * 100).toFixed(2)
  const items = steps.map(({ label, from, to }, i) => {
    const place = `left:${part(from)}%;width:${part(to - from)}%`
    return markup`<li style="${place}" title="${i + 1} ${label}"><b>${i + 1}</b><span> ${label}</span></li>`
  })
  return items.length > 0 ? markup`<ol class="spans">${items}</ol>` : markup``
}

function legend({ nodes }: ReportData, { samples, tallies }: LossSummary): Markup {
  const all = Object.values(tallies)
  const total = (identities: readonly string[]) =>
    all.reduce((sum, { answers }) => identities.reduce((more, who) => more + (answers[who] ?? 0), sum), 0)
  const known = new Set(nodes.flatMap(({ identities }) => identities))
  const unknown = samples.flatMap(({ who }) => (who === undefined || known.has(who) ? [] : who))
  const entry = (kind: string, name: string) => markup`<li><i class="${kind}"></i>${name}</li>`
  return markup`<ul class="legend">${[
    ...nodes.map(({ name, identities }, i) => {
      const others = identities.filter((identity) => identity !== name)
      return entry(
        colourOf(nodes, i),
        `${name}${others.length > 0 ? ` (${others.join(', ')})` : ''} ${counted(total(identities))}`,
      )
    }),
    ...(unknown.includes('') ? [entry('other', 'answers that do not say by whom')] : []),
    ...(unknown.some((who) => who !== '') ? [entry('other', 'no node')] : []),
    entry('lost', `lost ${counted(all.reduce((sum, { lost }) => sum + lost, 0))}`),
  ]}</ul>`
}
