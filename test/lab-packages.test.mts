// How the lab becomes root on this machine, for a normal user whose sudo asks for a password: a sudo that is made up, a real terminal.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const folder = mkdtempSync(join(tmpdir(), 'lab-packages-'))
test.after(() => rmSync(folder, { recursive: true }))

/** @returns the lines that it prints: what it says, and the way */
function wayToRoot(terminal: boolean, sudo: string): string[] {
  writeFileSync(join(folder, 'sudo'), `#!/bin/sh\n${sudo}\n`, { mode: 0o755 })
  const program = join(folder, 'program.mts')
  const packages = new URL('../lab/packages.ts', import.meta.url).href
  writeFileSync(
    program,
    `import { wayToRoot } from '${packages}'
console.log(JSON.stringify(await wayToRoot('it needs root', console.log)) ?? 'no way')`,
  )
  const command = [process.execPath, program]
  const words = ['--map-user=1000', ...(terminal ? ['script', '-qec', command.join(' '), '/dev/null'] : command)]
  const { stdout, stderr } = spawnSync('unshare', words, {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  })
  assert.is(stderr, '')
  return stdout.split(/\r?\n/).filter(Boolean)
}

const knows = `[ -e ${join(folder, 'known')} ]`
const asks = `case $* in -v) echo asked; touch ${join(folder, 'known')};; *) ${knows};; esac`
const ways: [name: string, terminal: boolean, sudo: string, printed: string[]][] = [
  ['without a password', false, 'true', ['["sudo","-n"]']],
  ['with one, and nobody to type it', false, asks, ['no way']],
  ['with one, at a terminal', true, asks, ['it needs root: sudo asks for your password', 'asked', '["sudo","-n"]']],
  ['with one that is wrong', true, 'false', ['it needs root: sudo asks for your password', 'no way']],
]
for (const [name, terminal, sudo, printed] of ways) {
  test(`sudo ${name}`, () => {
    rmSync(join(folder, 'known'), { force: true })
    assert.equal(wayToRoot(terminal, sudo), printed)
  })
}

test.run()
