// A health zone that somebody has defined by hand, read by the real named-checkconf: the article's is taken out, another is
// refused.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isChange } from '../../engine/runner/task.ts'
import { zoneByHand } from '../../services/dns/zone-by-hand.ts'
import { zoneFits } from '../../services/dns/zone-fits.ts'
import { zoneFile } from '../adoption/article.ts'

const folder = mkdtempSync(join(tmpdir(), 'adoption-zone-'))
test.after(() => rmSync(folder, { recursive: true }))

const path = (name: string) => join(folder, name)
const [conf, local, own] = ['named.conf', 'named.conf.local', 'named.conf.health'].map(path) as [string, string, string]
const task = zoneByHand({ zone: 'load.balance', conf, own, included: local }, 'health')

const article = `zone "load.balance" {
    type master;
    file "load.balance.zone";
};
`
const others = '// Do any local configuration here\nzone "example.org" { type master; file "example.zone"; };\n'

const bash = (script: string) => execFileSync('bash', ['-c', `set -euo pipefail\n${script}`], { encoding: 'utf8' })

function host(localText: string, zone = zoneFile, confText = `include "${local}";\n`): void {
  writeFileSync(conf, `options { directory "${folder}"; };\n${confText}`)
  writeFileSync(local, localText)
  writeFileSync(path('load.balance.zone'), zone)
  writeFileSync(path('example.zone'), zone)
  writeFileSync(own, `zone "load.balance" { type master; file "${path('ours')}"; };\n`)
}

function wanted() {
  const text = execFileSync('bash', ['-c', task.probe.text], { encoding: 'utf8' })
  return task.plan({ text, code: 0 }, { changes: () => false })
}

const taken: [name: string, text: string, zone?: string][] = [
  ['as in the article', others + article],
  ['first, with comments', `/* a\n zone "load.balance" { */ \n${article.replace('master;', 'master; // };')}${others}`],
  [
    'in one line, without a newline',
    `${others}zone load.balance IN { type primary; file "load.balance.zone"; };  # mine`,
  ],
  [
    'with who may ask',
    others + article.replace('type master;', 'type master; allow-query { any; 10.2.1.0/24; }; notify no;'),
  ],
  ['in capitals, with a dot at its end', others + article.replace('zone "load.balance"', 'ZONE "Load.Balance."')],
  ['with its own name server', article, `${zoneFile.replaceAll('ns.mydomain.ru.', 'ns')}ns A 10.2.1.2\n`],
]
for (const [name, text, zone] of taken)
  test(`taken out and given back: ${name}`, () => {
    host(text, zone)
    const answer = wanted()
    assert.ok(isChange(answer))
    bash(answer.apply.text)
    writeFileSync(local, `${readFileSync(local, 'utf8')}\ninclude "${own}";\n`)
    const all = bash(`named-checkconf -p ${conf}`)
    assert.match(all, `file "${path('ours')}"`)
    assert.is(all.match(/zone "load.balance"/g)!.length, 1)
    assert.not.ok(isChange(wanted()))
    writeFileSync(local, readFileSync(local, 'utf8').replace(`\ninclude "${own}";\n`, ''))
    bash(`(${answer.undo.text}); (${answer.undo.text})`)
    assert.is(readFileSync(local, 'utf8'), text)
  })

/** @returns why check mode refuses to put the zone at the end of the included file, or nothing */
function misfit(confText?: string, localText = '', absent: 'none' | 'local' = 'none'): string {
  host(localText, zoneFile, confText)
  if (absent === 'local') rmSync(local)
  const fits = zoneFits({ zone: 'load.balance', conf, included: local, own, text: `${article}\n` })
  const text = execFileSync('unshare', ['--map-root-user', 'bash', '-c', fits.probe.text], { encoding: 'utf8' })
  assert.is(localText, absent === 'local' ? '' : readFileSync(local, 'utf8'))
  try {
    assert.equal(fits.plan({ text, code: 0 }, { changes: () => false }), { unchanged: true })
    assert.equal(fits.plan({ text, code: 0 }, { changes: () => true }), { unchanged: true })
    return ''
  } catch (error) {
    return (error as Error).message
  }
}
const view = (...statements: string[]) => `view "all" {\n${statements.join('\n')}\n};\n`
const include = `include "${local}";`

test('check mode refuses what named would refuse: a zone outside of views', () => {
  assert.match(
    misfit(`${include}\n${view('zone "example.org" { type master; file "example.zone"; };')}`),
    /^named-checkconf refuses the zone load\.balance at the end of .*views.*: where .* has views, include .*local inside of the view/,
  )
})

test('check mode refuses a configuration that named refuses already, and one that does not read the file', () => {
  assert.match(
    misfit('nonsense;\n'),
    /^named-checkconf refuses .*named\.conf as it is \(.*unknown option 'nonsense'\): mend/,
  )
  assert.is(
    misfit(''),
    `named does not read ${local}, where the zone load.balance is put: add to ${conf}: include "${local}";`,
  )
})

test('the zone fits: no views, the file inside of a view, no such file, the zone there already', () => {
  assert.is(misfit(), '')
  assert.is(misfit(`${include}\n`, others), '')
  assert.is(misfit(view(include)), '')
  assert.is(misfit(`view "all" { ${include} };\n`, 'zone "example.org" { type master; file "example.zone"; };'), '')
  assert.is(misfit('', '', 'local'), '')
  assert.is(misfit(`${include}\n`, article), '')
  assert.is(misfit(`${include}\nnonsense;\n`, `include "${own}";\n`), '')
})

test('it is found in a file that an included file includes', () => {
  host(`include "${path('more')}";\n`)
  writeFileSync(path('more'), article)
  const answer = wanted()
  assert.ok(isChange(answer))
  assert.match(answer.before, `${path('more')}:1\nzone "load.balance" {`)
})

test('a file that a comment includes is not read, and one that a view includes is refused', () => {
  writeFileSync(path('more'), article)
  host(`/*\ninclude "${path('more')}";\n*/\n`)
  assert.equal(wanted(), { unchanged: true })
  host('', zoneFile, `view "all" {\ninclude "${path('more')}";\n};\n`)
  assert.throws(wanted, `${path('more')}:1 defines the zone load.balance, inside of a view: `)
})

test('nothing to do: no zone, ours, another zone, no named', () => {
  for (const text of ['', `include "${own}";\n`, others]) {
    host(text)
    assert.equal(wanted(), { unchanged: true })
  }
  assert.equal(task.plan({ text: '', code: 0 }, { changes: () => false }), { unchanged: true })
})

test('where named refuses what is left, the zone comes back', () => {
  host(others + article)
  const answer = wanted()
  assert.ok(isChange(answer))
  writeFileSync(conf, `nonsense;\n${readFileSync(conf, 'utf8')}`)
  assert.throws(() => bash(answer.apply.text))
  assert.is(readFileSync(local, 'utf8'), others + article)
})

const at = (line: number, why: string) =>
  `${local}:${line} defines the zone load.balance, ${why}: take it out, or give the inventory another service.health_zone`
const refused: [name: string, said: string, text: string, zone?: string][] = [
  [
    'a secondary',
    at(3, 'whose "type secondary;" is not that of a health zone'),
    `${others}zone "load.balance" { type secondary; primaries { 10.2.1.9; }; file "x"; };\n`,
  ],
  [
    'with updates',
    at(1, 'which has "allow-update" beside what a health zone has'),
    article.replace('type', 'allow-update { 10.2.1.9; }; type'),
  ],
  [
    'with other records',
    at(1, 'and its file load.balance.zone has more than the health record: www.load.balance. A'),
    article,
    `${zoneFile}www A 10.2.1.9\n`,
  ],
  [
    'without the record',
    at(1, 'and its file load.balance.zone has no TXT record of health.load.balance.'),
    article,
    zoneFile.replace('health', 'alive'),
  ],
  ['in a view', at(2, 'and other things stand in its lines or around it'), `view "all" {\n${article}};\n`],
  [
    'with something else in its line',
    at(1, 'and other things stand in its lines or around it'),
    `${article.trim()} zone "example.org" { type master; file "example.zone"; };\n`,
  ],
]
for (const [name, said, text, zone] of refused)
  test(`refused: ${name}`, () => {
    host(text, zone)
    try {
      wanted()
      assert.unreachable()
    } catch (error) {
      assert.is((error as Error).message, said)
    }
  })

test('beside ours, in other letters: refused; nobody names it: right', () => {
  const both = `include "${local}";\ninclude "${own}";\n`
  host(others + article.replaceAll('load.', 'LOAD.'), zoneFile, both)
  assert.throws(wanted, /defines the zone load.balance, and named-checkconf refuses/)
  host(others, zoneFile, both)
  assert.equal(wanted(), { unchanged: true })
})

test('refused: in a file that is not found', () => {
  const text = `zone=zone "load.balance" {\nzone=\ttype master;\nzone=};\n`
  assert.throws(() => task.plan({ text, code: 0 }, { changes: () => false }), 'stands in none of')
  assert.equal(task.plan({ text: `own=yes\n${text}`, code: 0 }, { changes: () => false }), { unchanged: true })
})

test.run()
