// keepalived.conf as keepalived reads it: words, blocks, includes, definitions, lines for one host; and what is wrong with one.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { linesOf, parseBlocks, problemLines } from '../engine/conf/blocks.ts'
import { hostsIn, readConf } from '../engine/conf/read.ts'
import type { Statement } from '../engine/conf/statement.ts'

const folder = mkdtempSync(join(tmpdir(), 'import-read-'))
test.after(() => rmSync(folder, { recursive: true }))

/** Writes files, the first of which is read. */
function files(texts: Record<string, string>): string {
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return join(folder, Object.keys(texts)[0]!)
}

/** A short picture of statements: words, and their blocks in brackets. */
const picture = (statements: readonly Statement[]): unknown[] =>
  statements.map(({ words, block }) => (block.length > 0 ? [words.join(' '), picture(block)] : words.join('|')))

const read: [name: string, text: string, picture: unknown[]][] = [
  ['a block in one line', 'a b { c d }', [['a b', ['c|d']]]],
  ['a brace without a blank', 'a b{c d}', [['a b', ['c|d']]]],
  ['a brace on its own line', 'a b\n\n{\n c\n}', [['a b', ['c']]]],
  ['nested blocks, then a statement', 'a {\n b {\n c\n}\n d\n}', [['a', [['b', ['c']], 'd']]]],
  ['comments of both kinds', '! one {\na { # two }\n b ! three\n}', [['a', ['b']]]],
  ['comment characters behind a backslash', 'a \\#b \\!c', ['a|#b|!c']],
  ['quotes of both kinds', `s "x 'y' # {" 'u "v" }'`, [`s|x 'y' # {|u "v" }`]],
  ['a quote behind a backslash', 's "/bin/sh -c \\"a b\\""', ['s|/bin/sh -c "a b"']],
  ['line ends of Windows, tabs, a byte order mark', '\ufeffa {\r\n\tb\tc\r\n}\r\n', [['a', ['b|c']]]],
  ['a definition', '$A=x\na $A ${A}y', ['a|x|xy']],
  ['a definition with blanks around', '$A = x y\na $A', ['a|x|y']],
  ['a definition of several lines', '$A=b 1 \\\n  c 2 \\\n  d\na {\n $A\n}', [['a', ['b|1', 'c|2', 'd']]]],
  ['a definition of several lines whose first is empty', '$A=\\\n b 1 \\\n c\na {\n $A\n}', [['a', ['b|1', 'c']]]],
  ['a definition by another', '$A=$B\n$B=y\na $A', ['a|y']],
  ['lines for this host', '@one a 1\n@two a 2\n@^one a 3\n@^two a 4', ['a|1', 'a|4']],
  ['a definition for this host', '@one $P=1\n@two $P=2\na $P', ['a|1']],
  ['the name of this host', 'a $_INSTANCE', ['a|one']],
  ['a sequence', '~SEQ(i, 2, 4) a $i', ['a|2', 'a|3', 'a|4']],
  ['a sequence to a number', '~SEQ(i, 2) a $i', ['a|1', 'a|2']],
  ['a sequence in steps, downwards', '~SEQ(i, 6, -2, 1) a $i', ['a|6', 'a|4', 'a|2']],
  ['a sequence of hexadecimal numbers', '~SEQx(i, 9, 10) a fe80::${i}', ['a|fe80::9', 'a|fe80::a']],
  ['a sequence by definitions', '$N=2\n~SEQ(i, 1, $N) a $i', ['a|1', 'a|2']],
  ['a sequence in a sequence', '~SEQ(i, 2) ~SEQ(j, 2) a $i $j', ['a|1|1', 'a|1|2', 'a|2|1', 'a|2|2']],
  ['a list', '~LST(n, x, y) a $n', ['a|x', 'a|y']],
  ['a list of several names', '~LST({n,m}, {x,1}, {y,2}) a $n $m', ['a|x|1', 'a|y|2']],
  ['dollars of a script', `s "/bin/x $1 $(date)"`, ['s|/bin/x $1 $(date)']],
]
for (const [name, text, wanted] of read)
  test(`read: ${name}`, () => {
    const { statements, problems } = readConf(files({ 'one.conf': text }), 'one')
    assert.equal([picture(statements), problems], [wanted, []])
  })

test('read: all forms of include', () => {
  const texts = {
    'main.conf': 'includer one.in\nincludem o*.in\nincludew t*.in\nincludeb {one,two}.in\nincludea two.in',
  }
  const { statements, problems } = readConf(files({ ...texts, 'one.in': 'a', 'two.in': 'b' }))
  assert.equal([picture(statements), problems], [['a', 'a', 'b', 'a', 'b', 'b'], []])
  assert.equal(readConf(files({ 'main.conf': 'includer none*' })).problems[0]!.isTaken, true)
})

test('read: includes, by name and by pattern, from the folder of the file that has them', () => {
  const file = files({
    'main.conf': 'include sub/a.conf\ninclude sub/*.inc',
    'sub/a.conf': 'a\ninclude b.conf',
    'sub/b.conf': 'b',
    'sub/2.inc': 'd',
    'sub/1.inc': '  c',
  })
  const { statements } = readConf(file)
  assert.equal(picture(statements), ['a', 'b', 'c', 'd'])
  assert.equal(
    statements.map((one) => [one.file.slice(folder.length), one.line, one.column]),
    [
      ['/sub/a.conf', 1, 1],
      ['/sub/b.conf', 1, 1],
      ['/sub/1.inc', 1, 3],
      ['/sub/2.inc', 1, 1],
    ],
  )
})

test('read: places of statements', () => {
  const { statements } = parseBlocks(linesOf('a {\n  b  { c "d" }\n}', 'f'))
  const [a] = statements
  const [b] = a!.block
  const [c] = b!.block
  assert.equal(
    [a, b, c].map((one) => [one!.line, one!.column]),
    [
      [1, 1],
      [2, 3],
      [2, 8],
    ],
  )
})

test('hosts that lines are for', () => assert.equal(hostsIn('@a x\n @^b y\nz @c\n@a z'), ['a', 'b']))

const wrong: [name: string, text: string, said: string][] = [
  ['} too many', 'a {\n}\n }', '3:2 } closes nothing: take it out, or look for a { that is missing above'],
  ['{ alone', '{\n}', '1:1 { without a keyword before it: take it out, or name its block'],
  ['{ missing', 'vrrp_instance A\n  state BACKUP\n}', '1:1 vrrp_instance A has no {: put one at the end of this line'],
  ['} missing', 'global_defs {\n a\n', '1:1 global_defs is not closed at the end of the file: put in a }'],
  [
    '} missing before the next block',
    'vrrp_instance A {\n track_script {\n  x\n }\nvrrp_instance B {\n}',
    '5:1 a } is missing before vrrp_instance: vrrp_instance A of line 1 is not closed',
  ],
  ['a quote without an end', 'a "b c', '1:3 a " without an end: close it in the same line'],
  [
    'a name without a definition',
    'a $B',
    '1:1 $B is not defined: put its value in its place, or a line $B=VALUE above',
  ],
  ['the same in braces', ' a ${B}/24', '1:2 $B is not defined: put its value in its place, or a line $B=VALUE above'],
  ['a template', 'a {{ vip }}', '1:1 {{ is of a template: render it first, and import the file that it makes'],
  [
    'no file',
    'include no/a.conf',
    '1:1 include no/a.conf: there is no such file here; put it there, or take the line out',
  ],
  [
    'no file where keepalived wants one',
    'includem no*.conf',
    '1:1 includem no*.conf: there is no such file here; put it there, or take the line out',
  ],
  ['a sequence without an end', '~SEQ(i, 1, 0, 3) a', '1:1 ~SEQ from 1 to 3 in steps of 0 has no end'],
  ['a sequence without numbers', '~SEQ(i, x) a', '1:1 ~SEQ needs a name and one to three numbers, got i, x'],
  ['a sequence without brackets', '~SEQ i a', '1:1 not as ~SEQ(NAME, FIRST, LAST) TEXT or ~LST(NAME, ONE, TWO …) TEXT'],
  [
    'a list of too few values',
    '~LST({n,m}, {x}) a',
    '1:1 ~LST needs a name and values, or names and as many values in each { }, got {n,m}, {x}',
  ],
  ['a definition by itself', '$A=x $A\na $A', '2:1 stands in itself: a definition uses, or a file includes, itself'],
  ['a file in itself', 'include wrong.conf', '1:1 stands in itself: a definition uses, or a file includes, itself'],
]
for (const [name, text, said] of wrong)
  test(`wrong: ${name}`, () => {
    const file = files({ 'wrong.conf': text })
    assert.is(problemLines(readConf(file).problems)[0], `${file}:${said}`)
  })

test('wrong: files that can not be read', () => {
  assert.throws(() => readConf(join(folder, 'none')), /^can not read .*none: there is no such file$/)
  assert.throws(() => readConf(folder), /it is a folder$/)
  assert.throws(
    () => readConf(files({ bin: 'a\0b' })),
    /bin: has NUL bytes, as UTF-16 or a program, so it is no keepalived.conf/,
  )
})

test.run()
