// The report for people: what it says, and how a browser shows it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { summarize, type Sample } from '../../engine/clients/losses.ts'
import { outagesOf } from '../../engine/report/outages.ts'
import { reportPage } from '../../engine/report/page.ts'
import { assertWritable } from '../../engine/base/report-file.ts'
import { writeReport } from '../../engine/report/write.ts'
import { UserError } from '../../engine/base/errors.ts'
import { inCi } from '../../engine/cli/options.ts'
import { type Browser, type Scheme, startBrowser } from './report/browser.ts'
import { ensureTools } from '../tools.ts'
import { hostileReport, noisyReport, rollingReboot } from './report/samples.ts'

const folder = mkdtempSync(join(tmpdir(), 'report-test-'))
test.after(() => rmSync(folder, { recursive: true }))

const level1 = { ...rollingReboot(), level: 1, balances: false, ok: true, problems: [], steps: [] }
const pages = {
  reboot: reportPage(rollingReboot()),
  hostile: reportPage(hostileReport()),
  hour: reportPage(rollingReboot(3600 / 233)),
  noisy: reportPage(noisyReport(43200)),
  standing: reportPage({ ...level1, nodes: level1.nodes.map((node) => ({ ...node, pool: [] })), summary: undefined }),
  unheld: reportPage({
    ...level1,
    level: 2,
    balances: true,
    nodes: level1.nodes.map((node) => ({ ...node, holds: [], pool: [] })),
  }),
  nothing: reportPage({ ...level1, summary: summarize([], [], [], 0), nodes: [], clients: [] }),
}

for (const [name, page] of Object.entries(pages)) {
  test(`${name}: one small page, of which no value was forgotten`, () => {
    assert.ok(page.length < 300_000, `${page.length} characters`)
    assert.not.match(page, /undefined|NaN|Infinity|\[object/)
  })
}

test('no name gets out of its text', () => {
  assert.not.match(pages.hostile, /<script|<img|<x/)
  assert.match(pages.hostile, '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)')
})

test('nothing is loaded from elsewhere', () => {
  assert.not.match(pages.reboot, /https?:|\/\/[a-z]|src=|href=|@import|url\((?!#)/i)
})

test('a page without answers says so', () => {
  assert.match(pages.nothing, 'Nothing was asked.')
  assert.not.match(pages.standing, 'Answers over time')
})

/** What a page has in its table of steps: sent and lost, the whole time first. */
function rowsOf(page: string, server: string): number[][] {
  const row = new RegExp(`<th scope="row">${server}</th><td>([\\d,]+)</td><td[^>]*>([\\d,]+)</td>`, 'g')
  return [...page.matchAll(row)].map((cells) => cells.slice(1).map((cell) => Number(cell.replaceAll(',', ''))))
}

for (const server of ['UDP', 'TCP']) {
  test(`${server}: the steps add up to the whole`, () => {
    const { sent, lost } = rollingReboot().summary!.tallies[server]!
    const [whole, ...steps] = rowsOf(pages.reboot, server)
    assert.equal(whole, [sent, lost])
    const sum = (column: number) => steps.reduce((all, row) => all + row[column]!, 0)
    assert.equal([steps.length, sum(0), sum(1)], [7, sent, lost])
    assert.ok(lost > 0)
  })
}

test('an outage has its letter in the picture, and the step that caused it', () => {
  const letters = [...pages.reboot.matchAll(/<text class="letter"[^>]*>([^<]+)</g)].map(([, letter]) => letter)
  assert.equal(letters, ['A', 'B'])
  const row = /<b class="letter">B<\/b>.*/.exec(pages.reboot)![0]
  assert.match(row, '142.0–146.8 s')
  assert.match(pages.reboot.slice(pages.reboot.indexOf(row)), /^[^]*?<\/b> ns1 reboots</)
  assert.match(pages.reboot, /4\.7 s ✗ too long/)
})

/** Questions a tenth of a second apart: `a` answered, `-` lost, each to one virtual server. */
const asked = (results: string, server = 'UDP'): Sample[] =>
  [...results].map((who, number) => {
    const common = { server, sent: number / 10, late: 0 }
    return who === '-' ? { ...common, lost: 'timeout' } : { ...common, latency: 1, who }
  })

test('losses close together, of both virtual servers, are one outage; others are not', () => {
  const UDP = asked(`a--a-a${'a'.repeat(20)}-a`)
  const found = outagesOf([...UDP, ...asked('aa--aa', 'TCP')], 3)
  const told = found.map(({ from, to, shares, reasons }) => [from, to, shares.UDP?.lost, shares.TCP?.lost, reasons])
  assert.equal(told, [
    [0.1, 0.5, 3, 2, { timeout: 5 }],
    [2.6, 2.7, 1, undefined, { timeout: 1 }],
  ])
})

test('an outage that does not end goes on to the end', () => {
  assert.equal(
    outagesOf(asked('a--'), 5).map(({ from, to }) => [from, to]),
    [[0.1, 5]],
  )
})

test('of many outages only the longest have letters, and the others are counted', () => {
  assert.match(pages.noisy, /[1-9][\d,]* shorter outages? more/)
  assert.is([...pages.noisy.matchAll(/<b class="letter">/g)].length, 20)
})

test('a report is written as a whole, for everybody to read, and a link to it stays one', async () => {
  const [file, link] = [join(folder, 'report.html'), join(folder, 'link.html')]
  const before = process.umask(0o077)
  try {
    await writeReport(file, rollingReboot())
    symlinkSync(file, link)
    await writeReport(link, { ...rollingReboot(), title: 'The second' })
  } finally {
    process.umask(before)
  }
  assert.is(statSync(file).mode & 0o777, 0o644)
  assert.match(readFileSync(file, 'utf8'), 'The second')
  assert.equal(readdirSync(folder).sort(), ['link.html', 'report.html'])
})

const refused: [file: string, why: string][] = [
  [join(folder, 'none', 'report.html'), `there is no folder ${folder}/none`],
  [folder, 'it is a folder; name a file in it'],
  // Not even by root.
  ['/proc/report.html', '/proc takes no file: ENOENT'],
  ['/dev/null', 'it is no ordinary file'],
  [
    fileURLToPath(new URL('../../package.json', import.meta.url)),
    'there is a file of that name that is no report: name another, or take it away',
  ],
]
for (const [file, why] of refused) {
  test(`refused before the run and at its end: ${why.replaceAll(folder, 'FOLDER')}`, async () => {
    // One after the other: an error that nobody awaits yet would end the process.
    for (const attempt of [() => assertWritable(file), () => writeReport(file, rollingReboot())]) {
      const error = await attempt().then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      assert.instance(error, UserError)
      assert.is((error as UserError).message, `The report can't be written to ${file}: ${why}`)
    }
  })
}

/** What a browser finds of a page in a frame. */
interface Seen {
  name: string
  width: number
  /** How wide its content is. */
  content: number
  /** Elements that would load or run something. */
  active: number
  ground: string
}

let browser: Browser
test.before(async () => {
  await ensureTools(true, inCi(), console.log)
  browser = await startBrowser()
  await browser.open(framed())
})
test.after(() => browser.close())

/** A page with all reports in frames as wide as a phone and as a desk. */
function framed(): string {
  const escapedPage = (page: string) => page.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
  const frames = Object.entries(pages).flatMap(([name, page]) =>
    [360, 1200].map(
      (width) => `<iframe name="${name}" style="width:${width}px;border:0" srcdoc="${escapedPage(page)}"></iframe>`,
    ),
  )
  return `<!doctype html><title></title>${frames.join('')}`
}

/** What is seen in the frames, as an expression. */
const look = `[...document.querySelectorAll('iframe')].map((frame) => {
  const inside = frame.contentDocument
  return {
    name: frame.name,
    width: inside.documentElement.clientWidth,
    content: inside.documentElement.scrollWidth,
    active: inside.querySelectorAll('script, img, link, [onerror], [src]').length,
    ground: frame.contentWindow.getComputedStyle(inside.body).backgroundColor,
  }
})`

for (const [scheme, wanted] of [
  ['light', 'rgb(255, 255, 255)'],
  ['dark', 'rgb(13, 17, 23)'],
] as const) {
  test(`in a browser, ${scheme}: no page scrolls sideways, on a phone or a desk`, async () => {
    await browser.setScheme(scheme)
    const seen = await browser.find<Seen[]>(look)
    assert.is(seen.length, Object.keys(pages).length * 2)
    for (const { name, width, content, active, ground } of seen) {
      assert.ok(width === 360 || width === 1200, `${name} is ${width} wide`)
      assert.equal([name, content, active, ground], [name, width, 0, wanted])
    }
  })
}

// The frames above have told of both schemes at both widths.
for (const [width, scheme] of [
  [360, 'dark'],
  [1200, 'light'],
] satisfies [number, Scheme][]) {
  test(`in a browser, ${scheme}, ${width} pixels: a picture of that size with something on it`, async () => {
    await browser.setScheme(scheme)
    await browser.open(pages.reboot)
    const png = await browser.screenshot(width, 1600)
    assert.equal([png.readUInt32BE(16), png.readUInt32BE(20)], [width, 1600])
    assert.ok(png.length > 30_000, `${png.length} bytes`)
  })
}

test('in a browser: it prints on a few sheets', async () => {
  await browser.open(pages.reboot)
  const pdf = (await browser.print()).toString('latin1')
  assert.match(pdf, /^%PDF-/)
  const sheets = [...pdf.matchAll(/\/Type\s*\/Page\b/g)].length
  assert.ok(sheets > 0 && sheets < 5, `${sheets} sheets`)
})

test.run()
